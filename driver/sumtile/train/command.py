# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What the commands of this package share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from sumtile.datasets import Dataset, open_dataset
from sumtile.errors import SumtileError
from sumtile.images import read_images
from sumtile.network.graph import Preprocess


def run_command(parser: argparse.ArgumentParser, run: Callable[[argparse.Namespace], None], arguments: Sequence[str] | None) -> int:
    """Runs a command; a user's mistake is a sentence and the exit status 1."""
    options = parser.parse_args(arguments)
    try:
        run(options)
    except SumtileError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def open_splits(name: str, preprocess: Preprocess) -> tuple[Dataset, Dataset]:
    """The images of a data set for training and for the test, of the size that a network takes."""
    training, test = (replace(data, images=read_images(data.images, preprocess)) for data in (open_dataset(name, split) for split in ("train", "test")))
    return training, test
