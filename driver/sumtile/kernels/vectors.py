# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Test vectors of an overlay's engines for their C++ testbenches: ``python -m sumtile.kernels.vectors OVERLAY BOARD FOLDER``.

:mod:`sumtile.kernels.vector_files` describes the folder.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from sumtile.errors import SumtileError
from sumtile.kernels.cases import Case, random_case
from sumtile.kernels.cycles import stage_cycles
from sumtile.kernels.fc_vectors import fc_calls
from sumtile.kernels.golden import run_layer
from sumtile.kernels.layer import SLOPE_ONE
from sumtile.kernels.packing import by_weight_ports, pack_features, pack_layer, pack_probe
from sumtile.kernels.tiling import tile
from sumtile.kernels.vector_files import BAD_STAMP, NOTHING, OK, Call, write_calls
from sumtile.overlay import Array, Engine, Overlay
from sumtile.overlay.fc_engine import FC_TOP

CYCLES_MAX = 4000
"""Longest layer, so that a simulation of the logic stays short."""

_PATIENCE = 50  # layers in a row that show nothing new


def calls(overlay: Overlay, seed: int = 0) -> list[Call]:
    """A probe, layers on each array that together show all that a layer can be, and a header with another stamp.

    Args:
        overlay: the overlay whose engine is tested.
        seed: first seed of the layers.
    """
    engine = overlay.engine
    layers = [_layer_call(overlay, f"{array}-{seed}".replace(" ", "-"), case, index) for index, (array, seed, case) in enumerate(_cases(engine, seed))]
    probe = Call("probe", OK, 0, NOTHING, by_weight_ports(engine, pack_probe(overlay.stamp)), NOTHING, NOTHING)
    foreign = Call("another-stamp", BAD_STAMP, 0, NOTHING, by_weight_ports(engine, pack_probe(overlay.stamp ^ 1)), NOTHING, NOTHING)
    return [probe, *layers, foreign]


def write_vectors(overlay: Overlay, folder: Path, seed: int = 0, top: str | None = None) -> list[Call]:
    """Writes a folder of vectors and returns what is in it.

    Args:
        overlay: the overlay whose engine is tested.
        folder: it is made where it is missing.
        seed: first seed of the layers.
        top: top function of the engine; that of the convolution engine by default.

    Raises:
        SumtileError: the overlay has no such engine, or the folder cannot be written.
    """
    if top not in (None, overlay.engine.top, FC_TOP):
        raise SumtileError(f"overlay '{overlay.name}' has no engine '{top}'; choose {overlay.engine.top} or {FC_TOP}.")
    dense = top == FC_TOP
    made = fc_calls(overlay, seed) if dense else calls(overlay, seed)
    write_calls(made, overlay.fully_connected if dense else overlay.engine, folder)
    return made


def _layer_call(overlay: Overlay, name: str, case: Case, index: int) -> Call:
    engine, layer = overlay.engine, case.layer
    result = run_layer(engine, layer, case.features, case.weights, case.requantization, case.residual)
    packed = pack_layer(engine, overlay.stamp, layer, tile(engine, layer), case.weights, case.requantization, index)
    residual = NOTHING
    if layer.residual is not None and case.residual is not None:
        residual = pack_features(engine, case.residual, layer.residual.unsigned)
    return Call(
        name, OK, index + 1, pack_features(engine, case.features, layer.ifm_unsigned), by_weight_ports(engine, packed), residual, pack_features(engine, result, layer.ofm_unsigned)
    )


def _cases(engine: Engine, seed: int) -> Iterator[tuple[Array, int, Case]]:
    """Short random layers, array by array; each shows something that those before it on its array do not."""
    for array in engine.arrays:
        shown: set[str] = set()
        number, last = seed, seed
        while number - last < _PATIENCE:
            case = random_case(engine, array.operator, number, array.weight_bits)
            traits = _traits(engine, case)
            if not traits <= shown and max(stage_cycles(engine, case.layer, tile(engine, case.layer)).values()) <= CYCLES_MAX:
                shown |= traits
                last = number
                yield array, number, case
            number += 1


def _traits(engine: Engine, case: Case) -> set[str]:
    """What is special about a layer."""
    layer, tiling = case.layer, tile(engine, case.layer)
    pool = layer.pool
    traits = {
        "depthwise": layer.depthwise,
        "signed input": not layer.ifm_unsigned,
        "unsigned input": layer.ifm_unsigned,
        "residual": layer.residual is not None,
        "maximum": pool is not None and pool.kind == "max",
        "average": pool is not None and pool.kind == "average",
        "stride": max(layer.stride) > 1,
        "dilation": max(layer.dilation) > 1 and max(layer.kernel) > 1,
        "padding": any(layer.padding),
        "leaky": 0 < layer.slope < SLOPE_ONE,
        "input remainder": layer.ifm.channels % engine.ti != 0,
        "output remainder": layer.channels % engine.to != 0,
        "several groups": tiling.groups > 1,
        "one channel": layer.ifm.channels == 1,
        "one pixel": layer.ifm.pixels == 1,
        "several stripes": tiling.stripes > 1,
        "weights again": tiling.weight_repeats > 1,
    }
    return {name for name, holds in traits.items() if holds}


def main(arguments: list[str]) -> int:
    """Runs the command; returns the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m sumtile.kernels.vectors", description="Write the test vectors of an overlay's testbench.")
    parser.add_argument("overlay")
    parser.add_argument("board")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--top", help="top function of the engine (default: that of the convolution engine)")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other layers (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        made = write_vectors(Overlay.load(options.overlay, options.board), options.folder, options.seed, options.top)
    except SumtileError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{len(made)} calls in {options.folder}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
