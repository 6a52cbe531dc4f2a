# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The pictures of compression show the numbers that they are given."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from sumtile.network.bases import decompose, round_basis, ternarize
from sumtile.network.compression import layer_costs
from sumtile.network.storage import load_network
from sumtile.overlay.resources import models_folder
from sumtile.report.compression_plots import plot_bases, plot_composition, plot_costs, plot_ranks, plot_sparse_speed

matplotlib = pytest.importorskip("matplotlib")
KERNELS = np.random.default_rng(0).normal(0, 1, (6, 9, 3, 3)).astype(np.float32)


@pytest.fixture(autouse=True)
def _no_window() -> Iterator[None]:
    from matplotlib import pyplot

    with matplotlib.rc_context({"backend": "agg"}):
        yield
    pyplot.close("all")


def test_ranks() -> None:
    left, middle, right = plot_ranks([3.0, 2.0, 1.0], {1: 0.4, 2: 0.8, 3: 1.2}, {1: 0.5, 2: 0.7, 3: 0.9}, 0.9, "weights").axes
    assert [bar.get_height() for bar in left.patches] == [3, 2, 1]
    assert [round(bar.get_height()) for bar in middle.patches] == [40, 80, 120] and middle.get_ylim()[1] > 120
    assert right.lines[0].get_xdata().tolist() == [1, 2, 3] and right.lines[0].get_ydata() == pytest.approx([50, 70, 90])


def test_a_kernel_and_its_sum() -> None:
    bases = decompose(KERNELS, 4)
    whole, *parts, total = (axes.images[0].get_array() for axes in plot_composition(KERNELS, bases, 2, 7).axes)
    np.testing.assert_array_equal(whole, KERNELS[2, 7])
    np.testing.assert_array_equal(parts, bases.basis)
    np.testing.assert_allclose(total, bases.compose()[2, 7], atol=1e-6)


def test_shared_kernels_and_their_signs() -> None:
    bases = round_basis(ternarize(decompose(KERNELS, 4)))
    figure = plot_bases(bases)
    above, below = figure.axes[:4], figure.axes[4:]
    np.testing.assert_array_equal([axes.images[0].get_array() for axes in above], bases.basis)
    np.testing.assert_array_equal([axes.images[0].get_array() for axes in below], bases.coefficients.transpose(2, 0, 1))
    assert below[0].get_title() == f"{np.count_nonzero(bases.coefficients[:, :, 0]) / 54:.0%} are not zero"


def test_costs_before_and_after() -> None:
    dense, compressed = (load_network(models_folder() / name) for name in ("lenet5_wide_fashion.npz", "lenet5_wide_penni_fashion.npz"))
    flops, parameters, size = plot_costs(layer_costs(dense), layer_costs(compressed, weight_bits=8)).axes
    assert flops.get_title() == "15.0 → 2.5 in all: -83.5%" and parameters.get_title() == "155.2 → 71.1 in all: -54.2%"
    assert [label.get_text() for label in flops.get_yticklabels()] == ["conv1", "conv2", "conv3", "fc"]
    assert sum(bar.get_width() for bar in size.patches[4:]) == pytest.approx(72.154, abs=1e-3)


def test_speed_and_what_bounds_it() -> None:
    faster = {(0.5, 1.0): 2.0, (0.1, 1.0): 5.0, (0.1, 0.3): 6.0, (0.5, 0.3): 4.0}
    bounds = {place: "gather" if speed > 4 else "adders" for place, speed in faster.items()}
    figure = plot_sparse_speed(faster, bounds)
    assert [text.get_text() for text in figure.legends[0].texts] == [
        "100% of the features are not zero",
        "30% of the features are not zero",
        "bound by: adders",
        "bound by: gather",
    ]
    marks = {(line.get_xdata()[0], line.get_ydata()[0]): line.get_marker() for line in figure.axes[0].lines if len(line.get_xdata()) == 1}
    assert marks == {(10, 5): "s", (50, 2): "o", (10, 6): "s", (50, 4): "o"}
