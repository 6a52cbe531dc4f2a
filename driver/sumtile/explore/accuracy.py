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
from sumtile.explore.space import Design, Lanes, Supply, make_overlay
from sumtile.network import Network
from sumtile.overlay import Overlay
from sumtile.overlay.file import write_overlays
from sumtile.quantize import quantize_network

_DEEP, _STREAM_BITS = 1 << 15, 32
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
    overlays = {share: runnable_overlay(field, share) for share in field.shares}
    return replace(field, accuracies={share: _accuracy(network, field, share, overlay, measurement, advance) for share, overlay in overlays.items()})


def runnable_overlay(field: Field, share: Fraction | None) -> Overlay:
    """A small engine with buffers for any network, whose lanes have exactly that share."""
    base = replace(field.base, engines=(replace(field.base.engine, stream_bits=_STREAM_BITS),))
    beat = _STREAM_BITS // field.arithmetic.data_bits
    lanes = Lanes(16, 16 if share is None else lcm(beat, 2 * share.denominator), 1, 1 if len(field.arrays) > 1 else 0)
    return replace(make_overlay(base, field.arrays, Design(field.arithmetic, lanes, Supply(1, 1, *[_DEEP] * 4), share)), name="explored")


def _accuracy(network: Network, field: Field, share: Fraction | None, overlay: Overlay, measurement: Measurement, advance: Callable[[int], None]) -> float:
    quantized = quantize_network(network, measurement.calibration, field.arithmetic.rules(share))
    with _described(overlay):
        return evaluate(compile_network(quantized, overlay), measurement.dataset, "csim", measurement.processes, advance).accuracy


@contextmanager
def _described(overlay: Overlay) -> Iterator[None]:
    """The overlay where programs look for it, in this process and in those that it starts."""
    before = os.environ.get(_FOLDER)
    with tempfile.TemporaryDirectory(prefix="sumtile-explore-") as folder:
        write_overlays(Path(folder), [(overlay, "for the accuracy of an exploration")])
        os.environ[_FOLDER] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ[_FOLDER]
            else:
                os.environ[_FOLDER] = before
