# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What quantization costs: accuracy of the integer programs, and how often they agree with the float network.

    python benchmarks/accuracy.py                        # all networks whose files are there
    python benchmarks/accuracy.py --images 200 resnet20  # one network, fewer images

The integers are those of the C simulation where a compiler is present, of the numpy golden model elsewhere; both give
the same bits. The exit status is 1 when a network misses one of its targets on the images that were used (few images say
little), or cannot be measured although it was asked for. Networks: the official AdderNet ResNet-20 on CIFAR-10 (``addernet_resnet20_cifar10.npz`` and
``cifar10_train1000.npz`` in ``--data``), and the repository's LeNet-5 on Fashion-MNIST.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sumtile.compiler import compile_network
from sumtile.csim import Simulator
from sumtile.datasets import Dataset, fashion_mnist, read_npz
from sumtile.errors import SumtileError
from sumtile.network import Network
from sumtile.network.addernet import load_addernet_resnet20
from sumtile.network.reference import run_float
from sumtile.network.storage import load_network
from sumtile.overlay import Overlay
from sumtile.program import Program
from sumtile.program.golden import run_golden
from sumtile.quantize import QuantizedNetwork, Scheme, quantize_network
from sumtile.report import Column, Screen, open_screen

REPOSITORY = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("SUMTILE_DATA", REPOSITORY.parent / "shared" / "data"))
SCHEMES = (Scheme(8), Scheme(8, quantile=0.9997), Scheme(6), Scheme(6, quantile=0.9997), Scheme(8, scale="both"))
BATCH = 50


@dataclass(frozen=True)
class Target:
    """What a network must reach, as shares of the images; ``SCHEMES[0]`` is judged, plain 8 bits.

    Attributes:
        loss: most accuracy that 8 bits may lose against float32.
        agreement: least share of images on which 8 bits and float32 name the same class.
        accuracy: least accuracy in float32.
    """

    loss: float
    agreement: float = 0.0
    accuracy: float = 0.0

    def missed(self, float_accuracy: float, accuracy: float, agreement: float) -> list[str]:
        """A clause for each target that is missed."""
        slack = 1e-9  # the sums of shares are not exact
        clauses = {
            f"float32 is right on {float_accuracy:.2%}, at least {self.accuracy:.2%} was expected": float_accuracy < self.accuracy - slack,
            f"8 bits lose {float_accuracy - accuracy:.2%} of accuracy, at most {self.loss:.2%} was expected": float_accuracy - accuracy > self.loss + slack,
            f"8 bits agree with float32 on {agreement:.2%}, at least {self.agreement:.2%} was expected": agreement < self.agreement - slack,
        }
        return [clause for clause, holds in clauses.items() if holds]


@dataclass(frozen=True)
class Case:
    """A network, images to judge it by, images to calibrate it with, and what it must reach."""

    network: Network
    test: Dataset
    calibration: np.ndarray
    target: Target


def resnet20(data: Path, calibration: int) -> Case:
    """The official AdderNet ResNet-20; calibrated with the last of the training images that it is judged by."""
    network = load_addernet_resnet20(data / "addernet_resnet20_cifar10.npz")
    images = read_npz(data / "cifar10_train1000.npz")
    return Case(network, images, images.images[-calibration:], Target(loss=0.012, agreement=0.98))


def lenet5(data: Path, calibration: int) -> Case:
    """The repository's LeNet-5 with adder layers; calibrated with training images."""
    network = load_network(REPOSITORY / "models" / "lenet5_adder_fashion.npz")
    return Case(network, fashion_mnist("test"), fashion_mnist("train").images[:calibration], Target(loss=0.005, accuracy=0.915))


CASES: dict[str, Callable[[Path, int], Case]] = {"resnet20": resnet20, "lenet5": lenet5}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="NETWORK", help=f"{' or '.join(CASES)} (default: all)")
    parser.add_argument("--images", type=int, default=10**9, help="test images to use (default: all)")
    parser.add_argument("--calibration", type=int, default=128, help="calibration images (default: 128)")
    parser.add_argument("--board", default="zcu102", help="board whose adder overlay is simulated (default: zcu102)")
    parser.add_argument("--data", type=Path, default=DATA, help=f"folder of the ResNet-20 weights and images (default: {DATA})")
    parser.add_argument("--layers", action="store_true", help="print the error of each layer too")
    arguments = parser.parse_args()
    screen = open_screen(sys.stdout)
    missed = []
    for name in arguments.cases or CASES:
        if name not in CASES:
            parser.error(f"there is no network '{name}'")
        try:
            case = CASES[name](arguments.data, arguments.calibration)
        except SumtileError as error:
            screen.line(f"{name}: left out, since {error}")
            if arguments.cases:
                missed.append(f"{name} was asked for, but it could not be measured.")
            continue
        missed += report(screen, case, arguments.images, Overlay.load("adder", arguments.board), arguments.layers)
    for sentence in missed:
        screen.line(sentence, style="bold red")
    return 1 if missed else 0


def report(screen: Screen, case: Case, images: int, overlay: Overlay, layers: bool) -> list[str]:
    """Prints one row for the float network and one for each scheme; gives a sentence for each target that is missed."""
    test = case.test.first(images)
    begin = time.perf_counter()
    reference = float_scores(case.network, test.images)
    float_accuracy = float(np.mean(reference.argmax(axis=1) == test.labels))
    missed: list[str] = []
    rows = [["float32", f"{float_accuracy:.2%}", "", "", f"{(time.perf_counter() - begin) / len(test) * 1e3:.1f}", "numpy"]]
    for scheme in SCHEMES:
        quantized = quantize_network(case.network, case.calibration, scheme)
        begin = time.perf_counter()
        scores, where = integer_scores(compile_network(quantized, overlay), overlay, test.images)
        seconds = time.perf_counter() - begin
        found = scores.argmax(axis=1)
        accuracy, agreement = float(np.mean(found == test.labels)), float(np.mean(found == reference.argmax(axis=1)))
        if scheme is SCHEMES[0]:
            missed = case.target.missed(float_accuracy, accuracy, agreement)
        snr = min(error.snr for error in quantized.errors)
        rows.append([str(scheme), f"{accuracy:.2%}", f"{agreement:.2%}", f"{snr:.1f}", f"{seconds / len(test) * 1e3:.1f}", where])
        if layers:
            show_layers(screen, quantized)
    screen.line(f"{case.network.name} on {len(test)} images of {test.name}, calibrated with {len(case.calibration)}, overlay {overlay.name} of {overlay.board.name}")
    titles = ("scheme", "accuracy", "agrees with float", "worst layer SNR dB", "ms/image", "computed by")
    screen.table([Column(title, right=0 < index < 5) for index, title in enumerate(titles)], rows, indent=2)
    return [f"{case.network.name} misses a target on {len(test)} images: {clause}." for clause in missed]


def float_scores(network: Network, images: np.ndarray) -> np.ndarray:
    """Output of the float network: (images, classes)."""
    batches = (images[start : start + BATCH] for start in range(0, len(images), BATCH))
    return np.concatenate([run_float(network, network.preprocess.apply(batch))[network.output].reshape(len(batch), -1) for batch in batches])


def integer_scores(program: Program, overlay: Overlay, images: np.ndarray) -> tuple[np.ndarray, str]:
    """Integers of the program's output, (images, classes), and what computed them."""
    source = program.tensors[program.input].format
    features = (source.quantize(program.preprocess.apply(images[start : start + BATCH]).transpose(0, 2, 3, 1)) for start in range(0, len(images), BATCH))
    try:
        simulator = Simulator(program)
    except SumtileError:
        return np.concatenate([run_golden(program, overlay.engine, batch)[program.output].reshape(len(batch), -1) for batch in features]), "numpy golden"
    try:
        return np.stack([simulator.infer(image).ravel() for batch in features for image in batch]), "C simulation"
    finally:
        simulator.close()


def show_layers(screen: Screen, quantized: QuantizedNetwork) -> None:
    """Prints the error of each layer."""
    screen.line(quantized.scheme)
    columns = [Column("layer"), Column("array"), Column("bits", True), Column("fl", True), Column("SNR dB", True), Column("saturated", True), Column("clipped weights", True)]
    rows = [
        [error.name, error.operator, f"{'' if error.format.signed else 'u'}{error.format.bits}", str(error.format.fl), f"{error.snr:.1f}", f"{error.saturated:.3%}", f"{error.clipped_weights:.1%}"]
        for error in quantized.errors
    ]  # fmt: skip
    screen.table(columns, rows, indent=2)


if __name__ == "__main__":
    sys.exit(main())
