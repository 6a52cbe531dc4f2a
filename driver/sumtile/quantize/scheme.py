# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The settings of the post-training quantizer: a rule for the weights and a rule for the activations."""

from __future__ import annotations

from dataclasses import dataclass

from sumtile.quantize.activation_rules import ActivationRule
from sumtile.quantize.compensate import DAMPING, RUN
from sumtile.quantize.weight_rules import WeightRule


@dataclass(frozen=True)
class Scheme:
    """Settings of :func:`sumtile.quantize.quantize_network`; :mod:`sumtile.quantize.schemes` has the usual ones.

    Adder layers follow the rule for activations only, since their weights have the format of their input.

    Attributes:
        weights: rule for the weights of multiplying layers.
        activations: rule for the formats of tensors.
        ends: rule for the weights of the layers that read the network's input or make its output; equal to
            ``weights`` where these are no exception.
        compensate: whether weights are rounded so that they make good each other's errors on the calibration images (see
            :func:`sumtile.quantize.compensate.compensate`), or each to its nearest level.
        correct_biases: whether each channel of a layer gets the mean of the float network on the calibration images.
    """

    weights: WeightRule
    activations: ActivationRule
    ends: WeightRule
    compensate: bool
    correct_biases: bool

    def __str__(self) -> str:
        ends = "" if self.ends == self.weights else f"; weights of the first and the last layer: {self.ends}"
        rounding = f"errors compensated within {RUN} inputs, their power damped by {DAMPING:.0%}" if self.compensate else "to the nearest"
        biases = "corrected to the float means" if self.correct_biases else "as trained"
        return f"weights: {self.weights}{ends}; rounding: {rounding}; activations: {self.activations}; biases: {biases}"
