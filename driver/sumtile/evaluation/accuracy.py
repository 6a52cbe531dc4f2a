# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Runs a program over a labelled data set: in local processes or on a cluster, on any of the things that can run a program."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import numpy as np

from sumtile.datasets import Dataset
from sumtile.errors import SumtileError
from sumtile.evaluation.batches import Batches
from sumtile.evaluation.cluster import Cluster
from sumtile.evaluation.journal import Journal
from sumtile.evaluation.labels import program_labels
from sumtile.evaluation.processes import run_chunks
from sumtile.evaluation.targets import Target, default_target, open_target
from sumtile.images import pixel_table, read_images, to_integers
from sumtile.program import Program


@dataclass(frozen=True)
class Evaluation:
    """What a program made of a data set.

    Attributes:
        predictions: int64 (N,), indices into the program's classes.
        labels: int64 (N,), what the images show, in the same indices.
        seconds: wall time of the images; each worker's start is part of it.
        before: how many of the images were in the journal already.
    """

    predictions: np.ndarray
    labels: np.ndarray
    seconds: float
    before: int = 0

    @property
    def correct(self) -> int:
        """Images whose most probable class is the right one."""
        return int((self.predictions == self.labels).sum())

    @property
    def accuracy(self) -> float:
        """Share of the images that are right."""
        return self.correct / len(self.labels)


def evaluate(
    program: Program,
    dataset: Dataset,
    target: str | None = "csim",
    processes: int = 1,
    advance: Callable[[int], None] = lambda count: None,
    *,
    cluster: Cluster | None = None,
    journal: Journal | None = None,
) -> Evaluation:
    """Runs every image of a data set; the predictions do not depend on what runs them, or on how many of it.

    Args:
        program: a compiled network.
        dataset: images of any size, and labels that the program's classes can name.
        target: name of one of :data:`sumtile.evaluation.targets.TARGETS`; None is what the worker has.
        processes: how many processes of this machine share the images; a board has room for one.
        advance: called with the number of images just finished.
        cluster: runs the images instead of this machine.
        journal: has what an interrupted evaluation found, and takes what this one finds.

    Raises:
        SumtileError: classes that do not match, more than one process on a board, a failure in a worker, or a cluster without workers.
    """
    if (target or default_target()) == "board" and processes > 1 and cluster is None:
        raise SumtileError(f"{processes} processes were asked for, but a board serves one; leave --processes away.")
    labels = program_labels(program, dataset)
    predictions = np.full(len(dataset), -1, np.int64)
    if journal:
        predictions[journal.found] = journal.predictions
    left = np.flatnonzero(predictions < 0)
    batches = Batches(dataset, left, program.preprocess if cluster else None)
    job = Predictor(program, target)
    begin = time.monotonic()
    with closing(cluster.run(job, batches, batches.name) if cluster else run_chunks(job, batches, processes, batches.name)) as results:
        for index, predicted in results:
            places = batches.places(index)
            predictions[places] = predicted
            if journal:
                journal.append(places, predicted)
            advance(len(places))
    return Evaluation(predictions, labels, time.monotonic() - begin, len(dataset) - len(left))


def prepare(program: Program, target: str | None) -> str:
    """Loads a program once, which compiles what is not in the cache yet and fails early; gives the phrase that says what runs it."""
    with open_target(target, program) as opened:
        return opened.where


@dataclass(frozen=True)
class Predictor:
    """The job of one worker: loads the program on a target, then names the class of every image of a batch."""

    program: Program
    target: str | None

    @contextmanager
    def open(self) -> Iterator[_Opened]:
        """Gives a function from N images of a data set to int64 (N,) indices of classes."""
        program = self.program
        table = pixel_table(program.preprocess, program.tensors[program.input].format)
        with open_target(self.target, program) as target:
            yield _Opened(program, table, target)


@dataclass(frozen=True)
class _Opened:
    """A program that is loaded on a target; ``where`` says which."""

    program: Program
    table: np.ndarray
    target: Target

    def __call__(self, images: np.ndarray) -> np.ndarray:
        features = to_integers(read_images(images, self.program.preprocess), self.table)
        return self.target.infer(features).reshape(len(images), -1).argmax(axis=1)

    @property
    def where(self) -> str:
        return self.target.where
