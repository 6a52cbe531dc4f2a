# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Whether an overlay can compute what a scheme makes of a network, told before the network is quantized."""

from __future__ import annotations

from sumtile.compiler.arrays import choose_array
from sumtile.errors import SumtileError
from sumtile.network import Network
from sumtile.overlay import Overlay
from sumtile.quantize import Scheme, fuse
from sumtile.quantize.blocks import HostBlock


def check_scheme(network: Network, scheme: Scheme, overlay: Overlay) -> None:
    """Refuses a scheme whose formats the overlay does not have; it takes no time, as quantization does.

    Args:
        network: the float network.
        scheme: the rules by which it is to be quantized.
        overlay: the overlay, resolved for a board.

    Raises:
        SumtileError: features too wide for the overlay, a layer that none of its arrays computes, or a node that no
            engine layer can run.
    """
    engine, bits = overlay.engine, scheme.activations.bits
    if bits > engine.data_bits:
        raise SumtileError(
            f"activations of {bits} bits were asked for, but overlay '{overlay.name}' has {engine.data_bits}; quantize the network to {engine.data_bits} bits or fewer."
        )
    blocks = fuse(network, scheme.on_grids)
    scheme.check_layers(blocks)
    for name, rule in scheme.activation_rules(blocks).items():
        if rule.bits > engine.data_bits:
            raise SumtileError(f"tensor '{name}' was to have {rule.bits} bits, but overlay '{overlay.name}' has {engine.data_bits}; ask for {engine.data_bits} bits or fewer.")
    formats = {name: rule.format for name, rule in scheme.weight_rules(blocks).items()}
    for block in blocks:
        if isinstance(block, HostBlock):
            continue
        try:
            choose_array(engine, formats.get(block.name))
        except SumtileError as error:
            raise SumtileError(f"layer '{block.name}' ({' + '.join(block.nodes)}): {error}") from None
