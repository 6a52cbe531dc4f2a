# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A network and a space that are small enough to plan every design of it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from sumtile.explore import Arithmetic, Space, make_field
from sumtile.explore.group import Field
from sumtile.network import Network
from sumtile.network.storage import load_network
from sumtile.overlay.resources import models_folder

SPACE = Space(
    ti=(16,),
    to=(16, 24),
    tp=(1, 2),
    small=(1,),
    scale_fold=(2, 8),
    weight_streams=(1, 2),
    feature_words=(1024, 2048),
    weight_tiles=(512,),
    reorder_words=(512,),
    pool_beats=(6144,),
    fixed=(Fraction(1, 2), Fraction(2, 5)),
)


@pytest.fixture(scope="session")
def network() -> Network:
    """LeNet-5."""
    return load_network(models_folder() / "lenet5_fashion.npz")


@pytest.fixture(scope="session")
def field(network: Network) -> Field:
    """It in MSQ on a pynq-z2; some designs fit and some do not."""
    return make_field(network, "pynq-z2", Arithmetic("msq"), SPACE)
