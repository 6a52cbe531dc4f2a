# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What ``accuracy.py`` measures: two data sets, on each an adder network and an ordinary one, their schemes and targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sumtile.datasets import Dataset, fashion_mnist, read_npz
from sumtile.network import Network
from sumtile.network.addernet import load_addernet_resnet20
from sumtile.network.resnet20 import load_resnet20
from sumtile.network.storage import load_network
from sumtile.overlay import Overlay
from sumtile.quantize import Scheme, schemes

FLOAT = "float32"
"""Name of the float network among the results."""

MODELS = Path(__file__).resolve().parents[1] / "models"


@dataclass(frozen=True)
class Case:
    """A way to quantize a network, its name in the tables, and the overlay that computes it."""

    name: str
    scheme: Scheme
    overlay: str


@dataclass(frozen=True)
class Result:
    """Share of the images that are right, and share on which the float network names the same class."""

    accuracy: float
    agreement: float


@dataclass(frozen=True)
class Loss:
    """Target: ``case`` is right on as many images as ``against``, less at most the share ``most``."""

    case: str
    most: float
    against: str = FLOAT

    def missed(self, results: Mapping[str, Result]) -> str | None:
        """A clause that says how the target is missed, or None."""
        lost = results[self.against].accuracy - results[self.case].accuracy
        if not _above(lost, self.most):
            return None
        return f"{self.case} is right on {results[self.case].accuracy:.2%}, {100 * lost:.2f} points below {self.against}; at most {100 * self.most:.2f} points were expected"


@dataclass(frozen=True)
class Least:
    """Target: ``measure`` of ``case``, an attribute of :class:`Result`, is at least ``share``."""

    case: str
    measure: str
    share: float

    def missed(self, results: Mapping[str, Result]) -> str | None:
        """A clause that says how the target is missed, or None."""
        found = getattr(results[self.case], self.measure)
        return f"the {self.measure} of {self.case} is {found:.2%}; at least {self.share:.2%} was expected" if _above(self.share, found) else None


@dataclass(frozen=True)
class Subject:
    """A network, the ways to quantize it, and what they must reach."""

    network: Network
    cases: tuple[Case, ...]
    targets: tuple[Loss | Least, ...]


@dataclass(frozen=True)
class Study:
    """Networks that are judged by the same images.

    Attributes:
        test: the images that count.
        calibration: images for the quantizers, uint8 (images, height, width, channels).
        on: where the integers are computed, one of :data:`sumtile.evaluation.targets.TARGETS`.
        subjects: the networks.
    """

    test: Dataset
    calibration: np.ndarray
    on: str
    subjects: tuple[Subject, ...]


def lenet5(data: Path, calibration: int, board: str) -> Study:
    """The repository's two LeNet-5 on Fashion-MNIST, through the whole driver on an emulated board; calibrated with training images."""
    adding, ordinary = (load_network(MODELS / name) for name in ("lenet5_adder_fashion.npz", "lenet5_fashion.npz"))
    return Study(
        fashion_mnist("test"),
        fashion_mnist("train").images[:calibration],
        "emulated",
        (
            Subject(adding, ADDER_CASES, (Least(FLOAT, "accuracy", 0.915), Loss("adder 8 bit", 0.005))),
            Subject(ordinary, ordinary_cases(board), (Least(FLOAT, "accuracy", 0.915), *PRECISION_TARGETS)),
        ),
    )


def resnet20(data: Path, calibration: int, board: str) -> Study:
    """The official AdderNet ResNet-20 and an ordinary one on CIFAR-10; calibrated with the last of the training images that they are judged by."""
    images = read_npz(data / "cifar10_train1000.npz")
    adding, ordinary = load_addernet_resnet20(data / "addernet_resnet20_cifar10.npz"), load_resnet20(data / "resnet20_cifar10_akamaster.npz")
    return Study(
        images,
        images.images[-calibration:],
        "csim",
        (
            Subject(adding, ADDER_CASES, (Least("adder 8 bit", "agreement", 0.98), Loss("adder 8 bit", 0.012))),
            Subject(ordinary, ordinary_cases(board), (*PRECISION_TARGETS, *MIXED_TARGETS)),
        ),
    )


STUDIES: dict[str, Callable[[Path, int, str], Study]] = {"resnet20": resnet20, "lenet5": lenet5}
"""Each takes the folder of the ResNet-20 files, the number of calibration images and the name of the board."""

ADDER_CASES = (
    Case("adder 8 bit", schemes.covering(8), "adder"),
    Case("adder 6 bit", schemes.covering(6, quantile=0.9997), "adder"),
    Case("adder 8 bit, naive", schemes.covering(8, scale="both"), "adder"),
)

PRECISION_TARGETS = (Loss("dynamic 16 bit", 0.003), Loss("dynamic 8 bit", 0.007), Loss("dynamic 8 bit", 0.0, "static 8 bit"))
MIXED_TARGETS = (Loss("MSQ W4A8", 0.0, "fixed W4A8"), Loss("MSQ W4A8", 0.0, "SP2 W4A8"))


def ordinary_cases(board: str) -> tuple[Case, ...]:
    """Every scheme for products; the rows of MSQ follow the lanes of the board's overlay."""
    precisions = tuple(Case(f"{name} {bits} bit", make(bits), f"fixed{bits}") for bits in (16, 8) for name, make in (("dynamic", schemes.dynamic), ("static", schemes.static)))
    return (
        *precisions,
        Case("dynamic 8 bit, one fl a layer", schemes.dynamic(8, per_filter=False), "fixed8"),
        Case("covering 8 bit", schemes.covering(8), "fixed8"),
        *_narrow_cases(board, "", compensate=False, correct_biases=False),
        *_narrow_cases(board, ", compensated", compensate=True, correct_biases=True),
        Case("ternary W2A8, compensated", schemes.ternary(8), "fixed8"),
    )


def _narrow_cases(board: str, suffix: str, compensate: bool, correct_biases: bool) -> tuple[Case, ...]:
    """Weights of 4 bits and activations of 8: fixed, SP2 and both."""
    engine = Overlay.load("msq", board).engine
    array = engine.array_of("mixed")
    return (
        Case(f"fixed W4A8{suffix}", schemes.fixed(4, 8, compensate=compensate, correct_biases=correct_biases), "fixed8"),
        Case(f"SP2 W4A8{suffix}", schemes.sp2(4, 8, compensate=compensate, correct_biases=correct_biases), "sp2"),
        Case(f"MSQ W4A8{suffix}", schemes.msq(4, 8, compensate=compensate, correct_biases=correct_biases, fixed_of=array.fixed_lanes, of=engine.to), "msq"),
    )


def _above(share: float, other: float) -> bool:
    """Whether a share is above another; the sums of shares are not exact."""
    return share > other + 1e-9
