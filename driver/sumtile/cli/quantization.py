# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The options that choose a quantizer's scheme, and the overlay that suits it."""

from __future__ import annotations

import argparse
import inspect
from dataclasses import replace
from typing import TYPE_CHECKING

from sumtile.cli.arguments import positive
from sumtile.cli.layer_settings import read_layer_settings
from sumtile.errors import SumtileError

if TYPE_CHECKING:
    from sumtile.network import Network
    from sumtile.overlay import Overlay
    from sumtile.quantize import QuantizedNetwork, Scheme

SCHEMES = ("covering", "dynamic", "static", "fixed", "sp2", "msq", "ternary", "trained", "escalate")

SCHEMES_HELP = """\
schemes, and the options that each takes:
  covering  every scale covers its maximum: one a filter, powers of two for activations
            [--bits --weight-bits --quantile]
  dynamic   dynamic precision: a fractional length for each filter and each tensor, searched
            layer by layer [--bits --weight-bits --radius --per-filter --correct-biases]
  static    one fractional length for all weights and one for all tensors, for comparison
            [--bits --weight-bits --radius]
  fixed     evenly spaced weights of 4 bits unless --weight-bits says otherwise, the scale of each
            filter fitted by least squares
            [--bits --weight-bits --ends --compensate --correct-biases]
  sp2       as fixed, with weights that are sums of two powers of two, as wide as those of the
            overlay's lanes: 4 bits [as fixed]
  msq       as sp2, with filters of high variance fixed and the others SP2, in the ratio of the
            overlay's lanes [as fixed]
  ternary   as fixed, with weights of -1, 0 and 1 [--bits --ends --compensate --correct-biases]
  trained   the numbers that a QONNX network was quantized to in training, and covering ones
            elsewhere [--bits --weight-bits]
  escalate  kernels that are ternary sums of shared ones, as 'python -m sumtile.train.penni' makes
            them, for the overlay escalate; covering elsewhere [--bits]

First and last layers with --ends as wide as the other weights are no exception: with 'msq
--ends 4' they run on the same lanes.

An adder layer subtracts its weights from its input, so both have one format; only --scheme's
rule for activations matters to it."""

FITTED = ("fixed", "sp2", "msq", "ternary")
"""Schemes with a rule of its own for the weights between the first and the last layer."""

_OPTIONS = ("bits", "weight_bits", "ends", "quantile", "radius", "per_filter", "compensate", "correct_biases")


def add_scheme_options(parser: argparse.ArgumentParser) -> None:
    """Adds ``--scheme`` and its settings; a setting that is not given keeps the scheme's default."""
    group = parser.add_argument_group("quantization")
    group.add_argument("--scheme", choices=SCHEMES, default="covering", help="how weights and activations become integers (default: covering)")
    group.add_argument("--bits", metavar="N", type=positive, help="bits of activations, and of weights where --weight-bits has no default of its own (default: 8)")
    group.add_argument("--weight-bits", metavar="N", type=positive, help="bits of the weights of multiplying layers (default: --bits, or 4 for fixed, sp2 and msq)")
    group.add_argument("--ends", metavar="N", type=positive, help="bits of the weights of the first and the last layer; as for the others, by the same rule (default: 8)")
    group.add_argument("--layers", metavar="FILE", help="exceptions for some layers, see below")
    group.add_argument("--quantile", metavar="Q", type=float, help="share of a tensor's magnitudes that its scale covers (default: 1, the maximum)")
    group.add_argument("--radius", metavar="N", type=int, help="how far to search for a fractional length from the one that avoids overflow (default: 2)")
    group.add_argument("--per-filter", action=argparse.BooleanOptionalAction, help="a fractional length for the weights of each filter, and not of each layer (default: yes)")
    group.add_argument("--compensate", action=argparse.BooleanOptionalAction, help="round weights so that they make good each other's errors (default: yes)")
    group.add_argument("--correct-biases", action=argparse.BooleanOptionalAction, help="shift each channel to its mean in the float network (default: yes; no for dynamic)")


def chosen_scheme(arguments: argparse.Namespace, network: Network, overlay: Overlay) -> Scheme:
    """The scheme that the options describe; the ratio of ``msq`` is that of the overlay's lanes.

    Raises:
        SumtileError: an option that the scheme does not take, no layer whose weights it is for, or no lanes of both kinds.
    """
    from sumtile.quantize import schemes

    preset = getattr(schemes, arguments.scheme)
    settings = {name: value for name in _OPTIONS if (value := getattr(arguments, name)) is not None}
    foreign = [_flag(name) for name in settings if name not in inspect.signature(preset).parameters]
    if foreign:
        raise SumtileError(f"scheme '{arguments.scheme}' has no setting {foreign[0]}; leave it out, or choose another scheme ('sumtile compile --help' lists them).")
    if arguments.scheme in FITTED:
        _require_inner_weights(arguments.scheme, network)
    if arguments.scheme == "msq":
        settings |= dict(zip(("fixed_of", "of"), _lane_ratio(overlay, network)))
    scheme = preset(network, **settings) if arguments.scheme in ("trained", "escalate") else preset(**settings)
    if arguments.layers is None:
        return scheme
    return replace(scheme, layers=(*scheme.layers, *read_layer_settings(arguments.layers, lambda: _lane_ratio(overlay, network))))


def default_overlay(arguments: argparse.Namespace, network: Network) -> str:
    """Name of the overlay whose arrays suit the network and the scheme."""
    if _has_adder_layers(network):
        return "adder"
    if arguments.scheme in ("sp2", "msq", "escalate"):
        return str(arguments.scheme)
    grids = [grid.bits for grid in network.grids.values()] if arguments.scheme == "trained" else []
    widest = max(arguments.bits or 8, arguments.weight_bits or 0, arguments.ends or 0, *grids)
    return "fixed16" if widest > 8 else "fixed8"


def overlay_for(quantized: QuantizedNetwork) -> str:
    """Name of the overlay whose arrays suit what a network was quantized to."""
    from sumtile.quantize import QuantizedLayer

    layers = [layer for layer in quantized.layers if isinstance(layer, QuantizedLayer)]
    operators = {layer.operator for layer in layers}
    for operator, name in (("adder", "adder"), ("mixed", "msq"), ("sp2", "sp2"), ("basis", "escalate")):
        if operator in operators:
            return name
    widest = max(*(format.bits for format in quantized.formats.values()), *(layer.weight_format.bits for layer in layers if layer.weight_format is not None))
    return "fixed16" if widest > 8 else "fixed8"


def given_options(arguments: argparse.Namespace) -> list[str]:
    """The options of a scheme that were given."""
    scheme = ["--scheme"] if arguments.scheme != "covering" else []
    return [*scheme, *(_flag(name) for name in (*_OPTIONS, "layers") if getattr(arguments, name) is not None)]


def _require_inner_weights(scheme: str, network: Network) -> None:
    from sumtile.quantize.blocks import multiplying_layers
    from sumtile.quantize.fuse import fuse

    inner, _ = multiplying_layers(fuse(network))
    if not inner:
        between = "only adder layers" if _has_adder_layers(network) else "no layers"
        raise SumtileError(
            f"scheme '{scheme}' is for multiplying layers between the first and the last, but network '{network.name}' has {between} there; use covering, dynamic or static."
        )


def _has_adder_layers(network: Network) -> bool:
    return any(getattr(node, "operator", None) == "adder" for node in network.nodes)


def _lane_ratio(overlay: Overlay, network: Network) -> tuple[int, int]:
    """Fixed rows of so many rows."""
    for array in overlay.engine.arrays:
        if array.operator == "mixed":
            return array.fixed_lanes, overlay.engine.to
    remedy = "another scheme, since the network has adder layers" if _has_adder_layers(network) else "the overlay msq"
    raise SumtileError(f"scheme 'msq' mixes filters in the ratio of an overlay's lanes, but overlay '{overlay.name}' has no lanes of both kinds; choose {remedy}.")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
