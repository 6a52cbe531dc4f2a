# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What a scheme, its widths and a ratio of lanes make of a network: the rules of the quantizer, and the arrays that an engine needs for them."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from fractions import Fraction

from sumtile.errors import SumtileError
from sumtile.network import Network
from sumtile.overlay.engine import DATA_BITS, WEIGHT_BITS
from sumtile.quantize import Scheme, fuse, schemes
from sumtile.quantize.blocks import Block, multiplying_layers

SCHEMES = ("covering", "dynamic", "static", "fixed", "sp2", "msq", "ternary")
"""Schemes of :mod:`sumtile.quantize.schemes` whose layers take a time that does not depend on their weights."""

FITTED = ("fixed", "sp2", "msq", "ternary")
"""Those with a rule of its own for the layers between the first and the last one."""

_ORDER = ("mixed", "sp2", "adder", "mac")
"""Operators by how special they are: an engine's wide array has the first that a network needs."""


@dataclass(frozen=True)
class Arithmetic:
    """A scheme and its widths.

    Attributes:
        scheme: one of :data:`~sumtile.explore.arithmetic.SCHEMES`.
        weight_bits: width of the weights of multiplying layers; None for the scheme's own.
        bits: width of features.
        ends: width of the weights of the first and the last layer, for :data:`~sumtile.explore.arithmetic.FITTED` schemes; None for the scheme's own.
    """

    scheme: str
    weight_bits: int | None = None
    bits: int = 8
    ends: int | None = None

    def __str__(self) -> str:
        ends = "" if self.ends is None else f", ends W{self.ends}"
        return f"{self.scheme} W{self._weights()}A{self.bits}{ends}"

    @property
    def data_bits(self) -> int:
        """Width of an engine's features that holds them."""
        return next(width for width in DATA_BITS if self.bits <= width)

    def check(self, network: Network) -> None:
        """Raises SumtileError when the scheme is unknown, is not for the network, or lacks a setting."""
        if self.scheme not in SCHEMES:
            raise SumtileError(f"scheme '{self.scheme}' cannot be explored; choose one of {', '.join(SCHEMES)}.")
        if not 2 <= self.bits <= max(DATA_BITS):
            raise SumtileError(f"features of {self.bits} bits were asked for, but engines have 2 to {max(DATA_BITS)}; choose a width among these.")
        if self.scheme in FITTED and not multiplying_layers(fuse(network))[0]:
            raise SumtileError(f"scheme '{self.scheme}' is for multiplying layers between the first and the last, and network '{network.name}' has none; use covering or dynamic.")
        self.rules(Fraction(1, 2))

    def rules(self, fixed: Fraction | None) -> Scheme:
        """The quantizer's rules; ``fixed`` is the share of fixed filters where they are mixed."""
        preset = getattr(schemes, self.scheme)
        given = {"weight_bits": self.weight_bits, "bits": self.bits, "ends": self.ends}
        settings = {name: value for name, value in given.items() if value is not None}
        if self.scheme == "msq":
            share = fixed or Fraction(1, 2)
            settings |= {"fixed_of": share.numerator, "of": share.denominator}
        if foreign := [name for name in settings if name not in inspect.signature(preset).parameters]:
            raise SumtileError(f"scheme '{self.scheme}' has no setting '{foreign[0]}'; leave it away, or choose another scheme.")
        scheme: Scheme = preset(**settings)
        return scheme

    def arrays(self, network: Network) -> tuple[tuple[str, int], ...]:
        """The arrays that the network's layers need: (operator, bits of a weight), the one for most of the layers first and one for wider weights behind it."""
        blocks, scheme = fuse(network), self.rules(None)
        formats = [rule.format for rule in scheme.weight_rules(blocks).values()]
        needed = {(format.operator, self._width(format.operator, format.bits)) for format in formats if format is not None}
        if any(isinstance(block, Block) and block.geometry.operator == "adder" for block in blocks):
            needed.add(("adder", self.data_bits))
        wide = min(needed, key=lambda array: (_ORDER.index(array[0]), array[1]), default=None)
        if wide is None:
            raise SumtileError(f"network '{network.name}' has no layer for an engine; give it one that convolves or is fully connected.")
        others = [bits for operator, bits in needed if operator == "mac" and (operator, bits) != wide]
        return (wide, ("mac", max(others))) if others else (wide,)

    def _weights(self) -> int:
        """Width of the weights, that of the scheme unless another one is asked for."""
        if self.weight_bits is not None or self.scheme not in SCHEMES:
            return self.weight_bits or self.bits
        own = inspect.signature(getattr(schemes, self.scheme)).parameters.get("weight_bits")
        return 2 if own is None else own.default or self.bits  # of ternary weights, the scheme has no width

    def _width(self, operator: str, bits: int) -> int:
        """The narrowest weights of an array that hold those of a layer; SumtileError when there are none."""
        known = [width for width in WEIGHT_BITS[operator] if width <= self.data_bits]
        widths = [width for width in known if width == bits or (operator == "mac" and width >= bits)]
        if not widths:
            raise SumtileError(
                f"weights of {bits} bits were asked for beside features of {self.bits}, but such an engine's {operator} lanes have {' or '.join(map(str, known))}; choose one of these widths."
            )
        return min(widths)
