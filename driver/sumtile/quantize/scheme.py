# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The settings of the post-training quantizer: a rule for the weights and a rule for the activations, and exceptions for some layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from sumtile.errors import SumtileError
from sumtile.network.graph import INPUT
from sumtile.quantize.activation_rules import ActivationRule, TrainedActivations
from sumtile.quantize.blocks import AnyBlock, multiplying_layers
from sumtile.quantize.compensate import DAMPING, RUN
from sumtile.quantize.weight_rules import TrainedWeights, WeightRule


@dataclass(frozen=True)
class LayerSetting:
    """What is different for some layers.

    Attributes:
        pattern: a pattern of ``fnmatch`` for names of nodes; a layer has the names of all nodes that it runs, and the
            network's input is called ``input``.
        weights: rule for their weights; None where it is as in the scheme.
        bits: width of their results; None where it is as in the scheme.
    """

    pattern: str
    weights: WeightRule | None = None
    bits: int | None = None

    def __str__(self) -> str:
        parts = [f"weights {self.weights}"] if self.weights is not None else []
        return f"{self.pattern}: {', '.join([*parts, f'results of {self.bits} bits'] if self.bits is not None else parts)}"


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
        layers: exceptions; of several that name a layer and a setting, the last one counts.
    """

    weights: WeightRule
    activations: ActivationRule
    ends: WeightRule
    compensate: bool
    correct_biases: bool
    layers: tuple[LayerSetting, ...] = ()

    def __str__(self) -> str:
        ends = "" if self.ends == self.weights else f"; weights of the first and the last layer: {self.ends}"
        rounding = f"errors compensated within {RUN} inputs, their power damped by {DAMPING:.0%}" if self.compensate else "to the nearest"
        biases = "corrected to the float means" if self.correct_biases else "as trained"
        layers = "".join(f"; {setting}" for setting in self.layers if not isinstance(setting.weights, TrainedWeights))
        return f"weights: {self.weights}{ends}; rounding: {rounding}; activations: {self.activations}; biases: {biases}{layers}"

    @property
    def on_grids(self) -> bool:
        """Whether tensors keep the numbers that training rounded them to, so that each of them is stored."""
        return isinstance(self.activations, TrainedActivations)

    def weight_rules(self, blocks: Sequence[AnyBlock]) -> dict[str, WeightRule]:
        """The rule for the weights of each multiplying layer, by the block's name."""
        inner, ends = multiplying_layers(blocks)
        rules = dict.fromkeys((block.name for block in inner), self.weights) | dict.fromkeys((block.name for block in ends), self.ends)
        for setting in self.layers:
            if setting.weights is not None:
                rules |= {block.name: setting.weights for block in (*inner, *ends) if _matches(setting.pattern, block)}
        return rules

    def activation_rules(self, blocks: Sequence[AnyBlock]) -> Mapping[str, ActivationRule]:
        """The rule for the format of each stored tensor, by its name."""
        rules = dict.fromkeys((INPUT, *(block.name for block in blocks)), self.activations)
        for setting in self.layers:
            if setting.bits is not None:
                names = [block.name for block in blocks if _matches(setting.pattern, block)] + [INPUT] * fnmatchcase(INPUT, setting.pattern)
                rules |= {name: replace(rules[name], bits=setting.bits) for name in names}  # type: ignore[type-var]  # every rule is a dataclass with that field
        return rules

    def check_layers(self, blocks: Sequence[AnyBlock]) -> None:
        """Raises SumtileError for a setting that no layer of the network takes."""
        multiplying = [block for part in multiplying_layers(blocks) for block in part]
        for setting in self.layers:
            named = [block for block in blocks if _matches(setting.pattern, block)]
            if not named and not fnmatchcase(INPUT, setting.pattern):
                names = ", ".join(name for block in blocks for name in block.nodes)
                raise SumtileError(f"the setting for '{setting.pattern}' names no layer of the network, whose nodes are {INPUT}, {names}; correct the pattern.")
            if setting.weights is not None and not any(block in multiplying for block in named):
                names = ", ".join(block.name for block in multiplying)
                raise SumtileError(f"the setting for '{setting.pattern}' is for weights, but no layer that it names multiplies by any (these do: {names}); correct the pattern.")


def _matches(pattern: str, block: AnyBlock) -> bool:
    return any(fnmatchcase(name, pattern) for name in block.nodes)
