# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Measured accuracy of a network's arithmetics: it depends on scheme, widths and ratio only, so a small design of each stands for all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from pathlib import Path

import numpy as np

from sumtile.compiler import compile_network
from sumtile.datasets import Dataset
from sumtile.evaluation import evaluate
from sumtile.explore.group import Field
from sumtile.explore.space import Design, Lanes, Supply
from sumtile.network import Network
from sumtile.overlay import Overlay
from sumtile.overlay.file import write_overlays
from sumtile.quantize import quantize_network

_DEEP = 1 << 15
_FOLDER = "SUMTILE_OVERLAYS"


@dataclass(frozen=True)
class Measurement:
    """What accuracy is measured with.

    Attributes:
        calibration: images that the quantizer sees: uint8 (N, height, width, channels).
        dataset: labelled images that are classified.
        processes: how many share them.
    """

    calibration: np.ndarray
    dataset: Dataset
    processes: int = 1


def measure_accuracy(network: Network, field: Field, measurement: Measurement, advance: Callable[[int], None] = lambda count: None) -> Field:
    """The field with the accuracy of each of its shares of fixed lanes, in the C simulation.

    Args:
        network: the float network.
        field: what is to be searched.
        measurement: images.
        advance: called with the number of images just classified.

    Raises:
        SumtileError: the data set's classes are not the network's, or a layer is none for an engine.
    """
    return replace(field, accuracies={share: _accuracy(network, field, share, measurement, advance) for share in field.shares})


def _accuracy(network: Network, field: Field, share: Fraction | None, measurement: Measurement, advance: Callable[[int], None]) -> float:
    quantized = quantize_network(network, measurement.calibration, field.arithmetic.rules(share))
    with _described(_runnable(field, share)) as overlay:
        program = compile_network(quantized, overlay)
        return evaluate(program, measurement.dataset, "csim", measurement.processes, advance).accuracy


def _runnable(field: Field, share: Fraction | None) -> Overlay:
    """A small engine with buffers for any network, whose lanes have exactly that share."""
    beat = field.base.engine.stream_bits // field.arithmetic.data_bits
    to = beat if share is None else lcm(beat, 2 * share.denominator)
    lanes = Lanes(max(field.space.ti), to, 1, 1 if len(field.arrays) > 1 else 0)
    return replace(field.overlay(Design(field.arithmetic, lanes, Supply(1, 1, *[_DEEP] * 4), share)), name="explored")


@contextmanager
def _described(overlay: Overlay) -> Iterator[Overlay]:
    """The overlay where programs look for it, in this process and in those that it starts."""
    before = os.environ.get(_FOLDER)
    with tempfile.TemporaryDirectory(prefix="sumtile-explore-") as folder:
        write_overlays(Path(folder), [(overlay, "for the accuracy of an exploration")])
        os.environ[_FOLDER] = folder
        try:
            yield overlay
        finally:
            if before is None:
                del os.environ[_FOLDER]
            else:
                os.environ[_FOLDER] = before
