# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures show the numbers that they were given: what is drawn is read back from the figure."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest

from sumtile.csim.timed import MeasuredLayer
from sumtile.formats import FixedPoint, Sp2, Symmetric, Ternary
from sumtile.overlay.estimate import Use
from sumtile.quantize.fl import error_curve
from sumtile.quantize.weight_rules import FittedWeights

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402

from sumtile.report import layer_plots, plots, weight_plots  # noqa: E402

LAYERS = [
    MeasuredLayer("one", {"load": 10, "compute": 90, "pool": 0, "send": 5}, {"load": 1, "compute": 5, "pool": 0, "send": 91}, {"load": 11, "compute": 95, "pool": 0, "send": 96}),
    MeasuredLayer("two", {"load": 40, "compute": 20, "pool": 0, "send": 5}, {"load": 2, "compute": 25, "pool": 0, "send": 45}, {"load": 42, "compute": 45, "pool": 0, "send": 50}),
]


@pytest.fixture(autouse=True)
def _drawn() -> Iterator[None]:
    """Every figure can be written, and none stays."""
    yield
    for number in pyplot.get_fignums():
        pyplot.figure(number).savefig(io.BytesIO(), dpi=40)
    pyplot.close("all")


def test_stages_work_and_wait() -> None:
    figure = layer_plots.plot_stages(LAYERS, [97, 50])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["load", "compute", "send"]  # nothing is pooled
    for axes, layer, modelled in zip(figure.axes, LAYERS, (97, 50)):
        work, waits = (container.patches for container in axes.containers)
        assert [bar.get_width() for bar in work] == [layer.iterations[stage] for stage in ("load", "compute", "send")]
        assert [bar.get_x() + bar.get_width() for bar in waits] == [layer.ends[stage] for stage in ("load", "compute", "send")]
        assert axes.lines[0].get_xdata() == [modelled, modelled]
        assert axes.get_title() == f"{layer.name}: {layer.cycles} cycles, model {modelled}"


def test_more_layers_than_columns_begin_another_row() -> None:
    figure = layer_plots.plot_stages(LAYERS * 3, [97, 50] * 3)
    assert [axes.get_visible() for axes in figure.axes] == [True] * 6 + [False] * 2


def test_maps_share_a_scale_and_the_last_row_is_the_difference() -> None:
    real = np.random.default_rng(1).normal(size=(6, 5, 3))
    figure = layer_plots.plot_maps({"float": real, "board": np.rint(real)}, channels=2)
    drawn = [axes.images[0] for axes in figure.axes if axes.images]
    shown = [real[:, :, 0], real[:, :, 1], np.rint(real)[:, :, 0], np.rint(real)[:, :, 1], (np.rint(real) - real)[:, :, 0], (np.rint(real) - real)[:, :, 1]]
    assert len(drawn) == len(shown) and all(np.array_equal(image.get_array(), values) for image, values in zip(drawn, shown))
    assert len({image.get_clim() for image in drawn[:4]}) == 1 and drawn[4].get_clim()[0] == -drawn[4].get_clim()[1]
    assert [figure.axes[index].get_ylabel() for index in (0, 2, 4)] == ["float", "board", "board - float"]


def test_levels_stand_where_they_are() -> None:
    (axes,) = weight_plots.plot_levels({"SP2": Sp2(4), "ternary": Ternary()}).axes
    places = [[segment[0][0] for segment in lines.get_segments()] for lines in axes.collections]
    assert places[0] == pytest.approx([level / 8 for level in (-8, -6, -5, -4, -2, -1, 0, 1, 2, 4, 5, 6, 8)]) and places[1] == [-1, 0, 1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["SP2\n13 levels", "ternary\n3 levels"]


def test_weights_end_on_levels_and_all_are_counted() -> None:
    weights = np.random.default_rng(2).normal(size=(4, 3, 3, 8))
    rounded = {str(format): FittedWeights(format, 8).quantize([weights])[0] for format in (Symmetric(4), Sp2(4))}
    figure = weight_plots.plot_weights(weights, rounded)
    for axes, (name, integers) in zip(figure.axes, rounded.items()):
        bars = [segment[1][1] for segment in axes.collections[0].get_segments()]
        assert sum(bars) == pytest.approx(100) and len(bars) == len(np.unique(integers.integers))
        assert axes.get_title() == f"{name}: {integers.snr:.1f} dB"


def test_chosen_filters_are_filled() -> None:
    (axes,) = weight_plots.plot_filters(np.array([1.0, 2.0, 3.0]), {"fixed": np.array([10.0, 11.0, 12.0]), "SP2": np.array([9.0, 8.0, 7.0])}, {"fixed": [2], "SP2": [0, 1]}).axes
    dots = [scatter.get_offsets().tolist() for scatter in axes.collections[1:]]
    assert dots == [[[3, 12]], [[1, 10], [2, 11]], [[1, 9], [2, 8]], [[3, 7]]]


def test_fractional_lengths_lie_on_their_curves() -> None:
    format = FixedPoint(8, 4)
    curve = error_curve(np.random.default_rng(3).normal(size=500), format, 3)
    (axes,) = weight_plots.plot_fls({"x": curve}, {"dynamic": {"x": FixedPoint(8, 5)}, "static": {"x": format}}).axes
    assert axes.lines[0].get_xdata().tolist() == [1, 2, 3, 4, 5, 6, 7] and axes.lines[0].get_ydata().tolist() == list(curve.values())
    assert [scatter.get_offsets().tolist() for scatter in axes.collections[:2]] == [[[5, curve[5]]], [[4, curve[4]]]]


def test_what_a_shared_format_holds_is_marked() -> None:
    (axes,) = weight_plots.plot_shared_scale(np.array([0.0, 1.0, 2.0]), np.array([-9.0, 3.0, 20.0]), FixedPoint(8, 6, signed=False)).axes
    assert axes.get_legend_handles_labels()[1] == ["8 bits at fl 6 hold this", "features", "weights"]
    assert axes.patches[0].get_extents().get_points()[:, 0].tolist() == axes.transData.transform([(0, 1), (255 / 64, 1)])[:, 0].tolist()


def test_budgets_and_accuracy_are_shares() -> None:
    full, empty = Use("lut", 90, 100, 70), Use("dsp", 20, 100, 70)
    figure = plots.plot_budgets({"msq": 640}, {"msq": [full, empty]})
    assert [bar.get_width() for bar in figure.axes[0].containers[0].patches] == [90, 20] and figure.axes[0].get_title() == "msq: 640 lanes"
    colors = [bar.get_facecolor() for bar in figure.axes[0].containers[0].patches]
    assert colors[0] != colors[1]  # more than routes well
    (axes,) = plots.plot_accuracy({"a": (0.5, 0.9), "b": (0.25, 0.75)}, 100).axes
    right, agrees = (container for container in axes.containers if hasattr(container, "datavalues"))
    assert [bar.get_width() for bar in right] == [50, 25] and [bar.get_width() for bar in agrees] == [90, 75]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
