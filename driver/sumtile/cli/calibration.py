# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Images for the quantizer, from wherever a user has some."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sumtile.datasets import image_files, open_dataset, spread
from sumtile.errors import SumtileError
from sumtile.images import read_images
from sumtile.network.graph import Preprocess


def calibration_images(source: str | Path, preprocess: Preprocess, count: int) -> np.ndarray:
    """At most ``count`` images, spread evenly over all that ``source`` has, in the size that a network takes.

    Args:
        source: a folder with images right inside it, or anything that :func:`sumtile.datasets.open_dataset` opens.
        preprocess: size and channels.
        count: largest number of images, at least 1.

    Returns:
        uint8 (images, height, width, channels).

    Raises:
        SumtileError: no images, or one that cannot be read.
    """
    if count < 1:
        raise SumtileError(f"{count} calibration images were asked for; use at least one.")
    folder = Path(source).expanduser()
    images = (image_files(folder) if folder.is_dir() else []) or open_dataset(source, "train").images
    return read_images((images[index] for index in spread(len(images), count)), preprocess)
