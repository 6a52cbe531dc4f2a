# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The programs that a server offers, by name: the files that the user gives, or networks that come with sumtile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sumtile.compiler import compile_network
from sumtile.errors import SumtileError
from sumtile.evaluation.samples import load_samples
from sumtile.images import read_images
from sumtile.network.storage import load_network
from sumtile.overlay import Overlay
from sumtile.overlay.resources import models_folder
from sumtile.program import Program, read_program
from sumtile.quantize import Scheme, quantize_network, schemes

OWN = ("adder", "msq", "fixed")
"""Names of the programs made of LeNet-5 for Fashion-MNIST: arithmetic of three kinds, each on an overlay of its own."""


def read_programs(files: Sequence[str | Path]) -> dict[str, Program]:
    """Compiled programs under the names of their files, without the suffix.

    Raises:
        SumtileError: a file that is no program, two of one name, or a program whose result is no list of classes.
    """
    programs: dict[str, Program] = {}
    for file in map(Path, files):
        program = read_program(file)
        if file.stem in programs:
            raise SumtileError(f"two programs are named '{file.stem}', but a client asks for a program by the name of its file; rename {file}.")
        program.class_count  # noqa: B018  raises where the network makes a map
        programs[file.stem] = program
    return programs


def own_programs(board: str, names: Sequence[str] = OWN) -> Iterator[tuple[str, Program]]:
    """Programs of :data:`~sumtile.serve.programs.OWN`, or some of them, for a board, one after the other as they are compiled; the sample images calibrate them.

    Raises:
        SumtileError: a board without one of the overlays.
    """
    _, samples = load_samples()
    for name in names:
        network_file, overlay_name = _SOURCES[name]
        overlay = Overlay.load(overlay_name, board)
        network = load_network(models_folder() / network_file)
        images = read_images((sample.path for sample in samples), network.preprocess)
        yield name, compile_network(quantize_network(network, images, _scheme(name, overlay)), overlay)


def _scheme(name: str, overlay: Overlay) -> Scheme:
    if name == "adder":
        return schemes.covering(8)
    if name == "fixed":
        return schemes.dynamic(8)
    mixed = next(array for array in overlay.engine.arrays if array.operator == "mixed")
    return schemes.msq(fixed_of=mixed.fixed_lanes, of=overlay.engine.to)


_SOURCES: Mapping[str, tuple[str, str]] = {
    "adder": ("lenet5_adder_fashion.npz", "adder"),
    "msq": ("lenet5_fashion.npz", "msq"),
    "fixed": ("lenet5_fashion.npz", "fixed8"),
}
