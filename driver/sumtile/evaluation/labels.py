# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The labels of a data set, as indices of a network's outputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sumtile.datasets import Dataset
from sumtile.errors import SumtileError
from sumtile.evaluation.names import match_classes
from sumtile.program import Program


def program_labels(program: Program, dataset: Dataset) -> np.ndarray:
    """The data set's labels as indices into the program's classes; see :func:`output_labels`."""
    return output_labels(dataset, program.classes, program.class_count, f"program '{program.name}'")


def output_labels(dataset: Dataset, classes: Sequence[str], outputs: int, what: str) -> np.ndarray:
    """The data set's labels as indices of a network's outputs: int64 (N,); classes are matched by name, and names that are all whole numbers are indices.

    Args:
        classes: the network's own, or none.
        outputs: how many outputs it has.
        what: the network or program, for the sentence.

    Raises:
        SumtileError: a class of the data set that the network does not have, or names that only differ in how they are spelled.
    """
    places = match_classes(dataset.classes, classes)
    if None not in places:
        return np.array(places, np.int64)[dataset.labels]
    numbers = [int(name) for name in dataset.classes if name.isdecimal()]
    if len(numbers) == len(dataset.classes) and max(numbers) < outputs:
        return np.array(numbers, np.int64)[dataset.labels]
    if not classes and len(dataset.classes) <= outputs:
        return dataset.labels
    stranger = next(name for name, place in zip(dataset.classes, places) if place is None)
    raise SumtileError(
        f"data set '{dataset.name}' has a class '{stranger}' that {what} does not know ({len(classes)} classes: {', '.join(classes[:10])}); give a data set of its classes."
    )
