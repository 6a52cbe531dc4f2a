# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What shared kernels cost and save: accuracy over the rank without retraining, and a network that was compressed with it.

    python benchmarks/compression.py                             both studies, where their files are there
    python benchmarks/compression.py rank --plot rank.png        ResNet-20 on CIFAR-10, ranks 1 to 9, and a picture of it
    python benchmarks/compression.py trained --markdown          the wide LeNet-5 of models/ on Fashion-MNIST, before and after

'rank' decomposes every 3x3 convolution of resnet20_cifar10_akamaster.npz but the first, and judges it by the images of
cifar10_train1000.npz; both lie in --data. 'trained' measures what python -m sumtile.train.penni made: in floating point,
with the scales folded into kernels of 8 bits, as an ordinary convolution of the composed kernels in the integers of fixed8,
and on the basis array of escalate. A multiplication is a FLOP and so is an addition; batch normalization, activations and pools are not counted.

The exit status is 1 when a target is missed on the images that were used, or when a study that was asked for cannot be measured.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sumtile.cli.arguments import positive
from sumtile.compiler import compile_network
from sumtile.datasets import Dataset, fashion_mnist, read_npz
from sumtile.errors import SumtileError
from sumtile.evaluation import evaluate
from sumtile.network import Conv, Network
from sumtile.network.compression import decompose_network, layer_costs
from sumtile.network.reference import predict_float
from sumtile.network.resnet20 import load_resnet20
from sumtile.network.storage import load_network
from sumtile.overlay import Overlay
from sumtile.quantize import Scheme, quantize_network, schemes
from sumtile.quantize.bases import fold_scales
from sumtile.report import Column, Screen, open_screen

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("SUMTILE_DATA", ROOT.parent / "shared" / "data"))
DENSE, COMPRESSED = "lenet5_wide_fashion.npz", "lenet5_wide_penni_fashion.npz"

RANKS = range(1, 10)
LEAST_SAVED, MOST_LOST = 0.80, 0.01
"""Targets of the compressed network: share of the FLOPs that are gone, and of the images that are no longer right."""

CALIBRATION = 128


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns the process's exit status."""
    options = _parser().parse_args(arguments)
    screen, missed = open_screen(sys.stdout), []
    for name in [options.study] if options.study else STUDIES:
        try:
            missed += STUDIES[name](screen, options)
        except SumtileError as error:
            if options.study:
                print(f"error: {error}", file=sys.stderr)
                return 1
            screen.line(f"{name}: left out, since {error}")
    for sentence in missed:
        screen.line(sentence, style="bold red")
    return 1 if missed else 0


def study_rank(screen: Screen, options: argparse.Namespace) -> list[str]:
    """ResNet-20 with 1 to 9 shared kernels a layer, not retrained; gives a sentence for each target that is missed."""
    network, images = load_resnet20(options.data / "resnet20_cifar10_akamaster.npz"), read_npz(options.data / "cifar10_train1000.npz").first(options.images)
    expected = predict_float(network, images.images)
    rows, accuracies = [], []
    for rank in RANKS:
        decomposed = decompose_network(network, rank)
        found = predict_float(decomposed, images.images)
        accuracies.append(float(np.mean(found == images.labels)))
        rows.append([str(rank), f"{_energy(network, decomposed):.2%}", f"{accuracies[-1]:.2%}", f"{np.mean(found == expected):.2%}", f"{_flops(decomposed) / _flops(network):.1%}"])
    screen.line(f"{network.name} on {len(images)} images of {images.name}: {np.mean(expected == images.labels):.2%} right as it is")
    screen.line()
    titles = ("rank", "energy of the kernels", "accuracy", "agrees with the network", "FLOPs, every coefficient counted")
    _table(screen, [Column(title, right=True) for title in titles], rows, options.markdown)
    screen.line()
    if options.plot:
        _plot(options.plot, accuracies, float(np.mean(expected == images.labels)))
    agreement = float(np.mean(found == expected))
    return [] if agreement == 1 else [f"rank {RANKS[-1]} is exact, but it agrees with the network on {agreement:.2%} of the images only."]


def study_trained(screen: Screen, options: argparse.Namespace) -> list[str]:
    """The compressed LeNet-5 against the one it was made of; gives a sentence for each target that is missed."""
    dense, compressed = (load_network(ROOT / "models" / name) for name in (DENSE, COMPRESSED))
    test, calibration = fashion_mnist("test").first(options.images), fashion_mnist("train").images[:CALIBRATION]
    measured = {
        "dense, float32": (dense, _float(dense, test)),
        "dense, fixed8": (dense, _on_overlay(dense, schemes.dynamic(8), "fixed8", test, calibration, options.board)),
        "compressed, float32": (compressed, _float(compressed, test)),
        "compressed, kernels of 8 bits for each output": (compressed, _float(_folded(compressed), test)),
        "compressed, composed kernels on fixed8": (compressed, _on_overlay(compressed, schemes.dynamic(8), "fixed8", test, calibration, options.board)),
        "compressed, shared kernels on escalate": (compressed, _on_overlay(compressed, schemes.escalate(compressed), "escalate", test, calibration, options.board)),
    }
    reference = measured["dense, float32"][1]
    rows = [[words, f"{accuracy:.2%}", f"{100 * (reference - accuracy):.2f}", f"{_flops(network) / _flops(dense):.1%}"] for words, (network, accuracy) in measured.items()]
    screen.line(f"{dense.name} and what was made of it, on {len(test)} images of {test.name}")
    screen.line()
    _table(screen, [Column("network"), *(Column(title, right=True) for title in ("accuracy", "points lost", "FLOPs"))], rows, options.markdown)
    screen.line()
    saved, lost = 1 - _flops(compressed) / _flops(dense), reference - min(accuracy for _, accuracy in list(measured.values())[2:])
    return [
        *([f"{saved:.1%} of the FLOPs are gone; at least {LEAST_SAVED:.0%} were expected."] if saved < LEAST_SAVED else []),
        *([f"compression costs {100 * lost:.2f} points; at most {100 * MOST_LOST:.2f} were expected."] if lost > MOST_LOST + 1e-9 else []),
    ]


STUDIES: dict[str, Callable[[Screen, argparse.Namespace], list[str]]] = {"rank": study_rank, "trained": study_trained}


def _float(network: Network, data: Dataset) -> float:
    return float(np.mean(predict_float(network, data.images) == data.labels))


def _on_overlay(network: Network, scheme: Scheme, overlay: str, data: Dataset, calibration: np.ndarray, board: str) -> float:
    program = compile_network(quantize_network(network, calibration, scheme), Overlay.load(overlay, board))
    evaluation = evaluate(program, data, "csim")
    return float(np.mean(evaluation.predictions == data.labels))


def _folded(network: Network) -> Network:
    """The network with the kernels that folded integer bases compose."""
    nodes = []
    for node in network.nodes:
        if isinstance(node, Conv) and node.name in network.bases:
            folded = fold_scales(network.bases[node.name])
            node = replace(node, weight=(folded.compose() * folded.steps[:, None, None, None]).astype(np.float32))
        nodes.append(node)
    return replace(network, nodes=nodes, bases={})


def _energy(network: Network, decomposed: Network) -> float:
    """Share of the squared weights that the decomposition keeps."""
    pairs = [(node.weight, decomposed.node(name).weight) for name in decomposed.bases if isinstance(node := network.node(name), Conv)]  # type: ignore[attr-defined]
    return float(1 - sum(((weight - kept) ** 2).sum() for weight, kept in pairs) / sum((weight**2).sum() for weight, _ in pairs))


def _flops(network: Network) -> int:
    return sum(cost.flops for cost in layer_costs(network))


def _table(screen: Screen, columns: Sequence[Column], rows: Sequence[Sequence[str]], markdown: bool) -> None:
    if not markdown:
        screen.table(columns, rows)
        return
    for line in [[column.title for column in columns], ["---:" if column.right else "---" for column in columns], *rows]:
        screen.line(f"| {' | '.join(line)} |")


def _plot(path: Path, accuracies: Sequence[float], reference: float) -> None:
    """A picture of the accuracy over the rank."""
    try:
        from matplotlib import pyplot
    except ModuleNotFoundError:
        raise SumtileError("a plot needs matplotlib, which is not installed; run 'pip install matplotlib', or leave --plot away.") from None
    figure, axes = pyplot.subplots(figsize=(6, 3.5), layout="constrained")
    axes.plot(RANKS, [100 * accuracy for accuracy in accuracies], "o-", label="decomposed, not retrained")
    axes.axhline(100 * reference, color="tab:gray", linestyle="--", label="as it is")
    axes.set(xlabel="shared kernels a layer (9 are exact)", ylabel="right (%)", ylim=(0, 100))
    axes.legend()
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        raise SumtileError(f"the plot {path} cannot be written ({error}); choose another place or ending.") from None
    pyplot.close(figure)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", nargs="?", choices=tuple(STUDIES), help="default: both")
    parser.add_argument("--images", metavar="N", type=positive, default=10**9, help="images to use (default: all)")
    parser.add_argument("--board", metavar="NAME", default="zcu102", help="board whose overlays compute (default: %(default)s)")
    parser.add_argument("--data", metavar="FOLDER", type=Path, default=DATA, help="folder of the ResNet-20 weights and images (default: %(default)s)")
    parser.add_argument("--plot", metavar="FILE", type=Path, help="picture of the accuracy over the rank")
    parser.add_argument("--markdown", action="store_true", help="print tables in Markdown")
    return parser


if __name__ == "__main__":
    sys.exit(main())
