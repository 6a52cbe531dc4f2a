# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Runs a program over a labelled data set, on any of the things that can run a program."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import numpy as np

from sumtile.datasets import Dataset
from sumtile.errors import SumtileError
from sumtile.evaluation.labels import program_labels
from sumtile.evaluation.processes import run_chunks
from sumtile.evaluation.targets import open_target
from sumtile.images import pixel_table, read_images, to_integers
from sumtile.program import Program

CHUNK = 32
"""Images that a process takes at a time."""


@dataclass(frozen=True)
class Evaluation:
    """What a program made of a data set.

    Attributes:
        predictions: int64 (N,), indices into the program's classes.
        labels: int64 (N,), what the images show, in the same indices.
        seconds: wall time of the images; each worker's start is part of it.
    """

    predictions: np.ndarray
    labels: np.ndarray
    seconds: float

    @property
    def correct(self) -> int:
        """Images whose most probable class is the right one."""
        return int((self.predictions == self.labels).sum())

    @property
    def accuracy(self) -> float:
        """Share of the images that are right."""
        return self.correct / len(self.labels)


def evaluate(program: Program, dataset: Dataset, target: str = "csim", processes: int = 1, advance: Callable[[int], None] = lambda count: None) -> Evaluation:
    """Runs every image of a data set; the predictions do not depend on the number of processes.

    Args:
        program: a compiled network.
        dataset: images of any size, and labels that the program's classes can name.
        target: name of one of :data:`sumtile.evaluation.targets.TARGETS`.
        processes: how many processes share the images; a board has room for one.
        advance: called with the number of images just finished.

    Raises:
        SumtileError: classes that do not match, more than one process on a board, or a failure in a worker.
    """
    if target == "board" and processes > 1:
        raise SumtileError(f"{processes} processes were asked for, but a board serves one; leave --processes away.")
    labels = program_labels(program, dataset)
    predictions = np.empty(len(dataset), np.int64)
    starts = range(0, len(dataset), CHUNK)
    chunks = [dataset.images[start : start + CHUNK] for start in starts]
    begin = time.monotonic()
    with closing(run_chunks(Predictor(program, target), chunks, processes)) as results:
        for index, predicted in results:
            predictions[starts[index] : starts[index] + len(predicted)] = predicted
            advance(len(predicted))
    return Evaluation(predictions, labels, time.monotonic() - begin)


def prepare(program: Program, target: str) -> str:
    """Loads a program once, which compiles what is not in the cache yet and fails early; gives the phrase that says what runs it."""
    with open_target(target, program) as opened:
        return opened.where


@dataclass(frozen=True)
class Predictor:
    """The job of one process: loads the program on a target, then names the class of every image of a chunk."""

    program: Program
    target: str

    @contextmanager
    def open(self) -> Iterator[Callable[[np.ndarray], np.ndarray]]:
        """Gives a function from N images of a data set to int64 (N,) indices of classes."""
        program = self.program
        table = pixel_table(program.preprocess, program.tensors[program.input].format)

        def predict(images: np.ndarray) -> np.ndarray:
            features = to_integers(read_images(images, program.preprocess), table)
            return target.infer(features).reshape(len(images), -1).argmax(axis=1)

        with open_target(self.target, program) as target:
            yield predict
