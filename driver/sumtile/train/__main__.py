# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``python -m sumtile.train``: trains a LeNet-5, with adder layers or ordinary ones, narrow or wide, and saves it as a network file."""

from __future__ import annotations

import argparse
import functools
import sys
import time
from pathlib import Path

from sumtile.datasets import save_samples
from sumtile.network.storage import save_network
from sumtile.train.command import open_splits, run_command
from sumtile.train.settings import Epoch, Settings

ADDER, ORDINARY, WIDE = "lenet5-adder", "lenet5", "lenet5-wide"


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns the process's exit status."""
    return run_command(_parser(), _run, arguments)


def _run(options: argparse.Namespace) -> None:
    from sumtile.train import lenet5, lenet5_adder, lenet5_wide, predict, to_network, train  # torch, which may be absent and is slow to import
    from sumtile.train.lenet import PREPROCESS

    training, test = open_splits(options.dataset, PREPROCESS)
    build = {ADDER: lenet5_adder, ORDINARY: lenet5, WIDE: lenet5_wide}[options.network]
    settings = Settings(epochs=options.epochs, seed=options.seed, threads=options.threads)
    began = time.perf_counter()
    model = train(functools.partial(build, len(training.classes)), training, PREPROCESS, settings, functools.partial(_print_epoch, settings.epochs))
    seconds = time.perf_counter() - began
    right = predict(model, test, PREPROCESS) == test.labels
    output = options.output or Path(f"{options.network.replace('-', '_')}_fashion.npz")
    save_network(to_network(model, options.network, PREPROCESS, training.classes), output)
    print(f"{right.mean():.2%} of {len(test)} test images right after {settings.epochs} epochs in {seconds:.0f} s; network saved in {output}")
    if options.samples:
        files = save_samples(test, options.samples, per_class=2, among=right)
        print(f"{len(files)} test images saved in {options.samples}")


def _print_epoch(epochs: int, epoch: Epoch) -> None:
    print(f"epoch {epoch.number:2d}/{epochs}  loss {epoch.loss:.4f}  right in training {epoch.accuracy:.2%}  {epoch.seconds:.0f} s", flush=True)


def _parser() -> argparse.ArgumentParser:
    defaults = Settings()
    parser = argparse.ArgumentParser(prog="python -m sumtile.train", description="Train a LeNet-5 on 28x28 grey images.")
    parser.add_argument(
        "--network",
        choices=(ADDER, ORDINARY, WIDE),
        default=ADDER,
        help=f"{ADDER}: the two middle convolutions are adder layers, -|x - w|; {ORDINARY}: all are ordinary, x * w; {WIDE}: ordinary ones of twice the channels (default: %(default)s)",
    )
    parser.add_argument("--dataset", default="fashion-mnist", help="name or path of a data set with a train and a test split (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=defaults.epochs, help="passes over the training images (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=defaults.seed, help="seed of everything random (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=defaults.threads, help="processor threads; part of what makes a run repeatable (default: %(default)s)")
    parser.add_argument("--samples", type=Path, help="folder for the first two test images of each class that the network gets right")
    parser.add_argument("-o", "--output", type=Path, help="network file to write (default: named after the network, such as lenet5_adder_fashion.npz)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
