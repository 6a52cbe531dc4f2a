# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The images of a data set in pieces that a worker takes at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np

from sumtile.datasets import Dataset
from sumtile.images import read_images
from sumtile.network.graph import Preprocess

BATCH = 32
"""Images of a batch: what a worker that is lost may cost."""


class Batches(Sequence[np.ndarray]):
    """Batches of images, each of them taken from the data set when it is asked for.

    Args:
        dataset: images of any size, or files.
        places: int64, indices of the images that are to be run.
        preprocess: makes pixels of this network's size of the images here, for workers that see no files of this machine;
            images as the data set has them by default.
    """

    def __init__(self, dataset: Dataset, places: np.ndarray, preprocess: Preprocess | None = None) -> None:
        self._dataset = dataset
        self._places = places
        self._preprocess = preprocess

    def __len__(self) -> int:
        return -(-len(self._places) // BATCH)

    @overload
    def __getitem__(self, index: int) -> np.ndarray: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[np.ndarray]: ...

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if index >= len(self):
            raise IndexError(index)
        images = self._dataset.images[self.places(index)]
        return read_images(images, self._preprocess) if self._preprocess else images

    def places(self, index: int) -> np.ndarray:
        """Where a batch's images stand in the data set: int64, rising."""
        return self._places[index * BATCH : (index + 1) * BATCH]

    def name(self, index: int) -> str:
        """What a batch holds, for a sentence: ``the batch of images 64 to 95``, and the files where there are any."""
        places = self.places(index)
        first, last = (f"{place} ({self._dataset.images[place]})" if self._dataset.images.ndim == 1 else f"{place}" for place in (places[0], places[-1]))
        return f"the batch of images {first} to {last}"
