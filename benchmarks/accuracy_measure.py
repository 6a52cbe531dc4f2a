# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Quantizes, compiles and runs every network of a study under every scheme, over several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from accuracy_studies import FLOAT, Case, Study

from sumtile.compiler import compile_network
from sumtile.evaluation import evaluate
from sumtile.evaluation.processes import run_chunks
from sumtile.network import Network
from sumtile.network.reference import predict_float
from sumtile.overlay import Overlay
from sumtile.quantize import LayerError, quantize_network

"""Images that the float network takes at a time."""


@dataclass(frozen=True)
class Outcome:
    """What a network made of the images: int64 (N,) indices of classes, and, of a quantized one, its settings and errors."""

    predictions: np.ndarray
    scheme: str = ""
    errors: tuple[LayerError, ...] = ()


def measure(study: Study, board: str, processes: int, advance: Callable[[int], None]) -> list[dict[str, Outcome]]:
    """Runs every network of a study in float and under every scheme.

    Args:
        study: networks, schemes and images.
        board: board whose overlays compute.
        processes: how many processes share the work; a network under a scheme is one piece of it.
        advance: called with the number of images just finished; each counts once in float and once under every scheme.

    Returns:
        for each subject, its outcomes by the names of its cases and :data:`FLOAT`.

    Raises:
        SumtileError: a network that cannot be quantized, compiled or run.
    """
    pieces = [(index, case) for index, subject in enumerate(study.subjects) for case in (None, *subject.cases)]
    found: dict[int, Outcome] = {}
    for piece, outcome in run_chunks(_Job(study, board), pieces, processes):
        found[piece] = outcome
        advance(len(study.test))
    outcomes: list[dict[str, Outcome]] = [{} for _ in study.subjects]
    for piece, (index, case) in enumerate(pieces):
        outcomes[index][case.name if case else FLOAT] = found[piece]
    return outcomes


@dataclass(frozen=True)
class _Job:
    """The work of one process: a network, in float or under a scheme, over all images of the study."""

    study: Study
    board: str

    @contextmanager
    def open(self) -> Iterator[Callable[[tuple[int, Case | None]], Outcome]]:
        """Gives the function from a piece, the index of a subject and a case or None, to its outcome."""

        def run(piece: tuple[int, Case | None]) -> Outcome:
            index, case = piece
            network = self.study.subjects[index].network
            return self._quantized(network, case) if case else self._float(network)

        yield run

    def _float(self, network: Network) -> Outcome:
        return Outcome(predict_float(network, self.study.test.images))

    def _quantized(self, network: Network, case: Case) -> Outcome:
        quantized = quantize_network(network, self.study.calibration, case.scheme)
        program = compile_network(quantized, Overlay.load(case.overlay, self.board))
        return Outcome(evaluate(program, self.study.test, self.study.on).predictions, quantized.scheme, quantized.errors)
