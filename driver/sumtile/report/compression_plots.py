# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of what compression does to a network: ranks, shared kernels, costs, and the time of sparse layers. They need matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sumtile.network import Bases
    from sumtile.network.compression import LayerCost

BEFORE, AFTER = "tab:gray", "tab:green"
MARKERS = {"adders": "o", "gather": "s", "multipliers": "^"}
"""Of the part of a basis array that bounds a layer; another part has a cross."""

SIGNED = "RdBu_r"


def plot_ranks(values: Sequence[float] | np.ndarray, costs: Mapping[int, float], accuracies: Mapping[int, float], whole: float, cost: str) -> Figure:
    """Singular values, and over the rank what is left of a cost and of the accuracy.

    Args:
        values: singular values, falling.
        costs, accuracies: shares by rank.
        whole: accuracy of the network as it is.
        cost: what costs count, for the label of their axis.
    """
    from matplotlib import pyplot

    figure, (left, middle, right) = pyplot.subplots(1, 3, figsize=(12, 3), layout="constrained")
    left.bar(range(1, len(values) + 1), values, color="tab:orange")
    left.set(ylabel="singular value", xlabel="number")
    middle.bar(list(costs), [100 * share for share in costs.values()], color=AFTER)
    middle.axhline(100, color=BEFORE, linestyle="--")
    middle.set(ylabel=f"{cost} (%)", xlabel="rank", ylim=(0, max(105, 102 * max(costs.values(), default=0))))
    right.plot(list(accuracies), [100 * share for share in accuracies.values()], "o-", color="tab:blue")
    right.axhline(100 * whole, color=BEFORE, linestyle="--", label="as it is")
    right.set(ylabel="right (%)", xlabel="rank", ylim=(0, 105))
    right.legend(loc="lower right")
    for axes in (left, middle, right):
        axes.set_xlim(0.4, len(values) + 0.6)
        axes.set_xticks(range(1, len(values) + 1))
        _open(axes)
    return figure


def plot_composition(weight: np.ndarray, bases: Bases, output: int, source: int) -> Figure:
    """One kernel of a layer beside the sum of shared kernels that stands for it.

    Args:
        weight: of the layer, (outputs, inputs, kernel height, kernel width).
        bases: what it was decomposed into.
        output, source: channels that the kernel connects.
    """
    from matplotlib import pyplot

    factors = bases.coefficients[output, source] * bases.scale[output]
    pictures = [weight[output, source], *bases.basis, np.tensordot(factors, bases.basis.astype(np.float64), 1)]
    words = ["the kernel ≈", *(rf"${factor:+.2f}\ \times$" for factor in factors), "= the sum"]
    figure, places = pyplot.subplots(1, len(pictures), figsize=(1.7 * len(pictures), 2.0), layout="constrained")
    ends = max(np.abs(pictures[0]).max(), np.abs(pictures[-1]).max())
    for index, (axes, picture, text) in enumerate(zip(places, pictures, words)):
        _draw_kernel(axes, picture, ends if index in (0, len(pictures) - 1) else None)
        axes.set_title(text)
    return figure


def plot_bases(bases: Bases) -> Figure:
    """The shared kernels of a layer, and below each its ternary coefficients: a row of pixels for an output, a column for an input."""
    from matplotlib import pyplot
    from matplotlib.patches import Patch

    outputs, inputs, rank = bases.coefficients.shape
    figure, places = pyplot.subplots(2, rank, figsize=(2.6 * rank, 2.4 + 2.2 * outputs / inputs), squeeze=False, height_ratios=(1, 1.9 * outputs / inputs), layout="constrained")
    for number, (above, below) in enumerate(places.T):
        _draw_kernel(above, bases.basis[number])
        above.set_title(f"shared kernel {number + 1}")
        coefficients = bases.coefficients[:, :, number]
        below.imshow(np.sign(coefficients), cmap=SIGNED, vmin=-1.3, vmax=1.3, interpolation="nearest")
        below.set_title(f"{np.count_nonzero(coefficients) / coefficients.size:.0%} are not zero", fontsize=10)
        below.set_xlabel("input channel")
        below.set_ylabel("output channel" if number == 0 else "")
    colors = pyplot.get_cmap(SIGNED)
    handles = [Patch(facecolor=colors(0.5 + sign / 2.6), edgecolor="gray", label=text) for sign, text in ((1, "$+1$: adds"), (0, "$0$: skipped"), (-1, "$-1$: subtracts"))]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return figure


def plot_costs(before: Sequence[LayerCost], after: Sequence[LayerCost]) -> Figure:
    """Operations, parameters and bytes of each layer before and after; the same layers in the same order."""
    from matplotlib import pyplot

    panels = {"FLOPs (millions)": ("flops", 1e6), "parameters (thousands)": ("parameters", 1e3), "bytes (thousands)": ("bytes", 1e3)}
    figure, places = pyplot.subplots(1, 3, figsize=(12, 1.2 + 0.55 * len(before)), sharey=True, layout="constrained")
    rows = np.arange(len(before))
    for axes, (label, (name, unit)) in zip(places, panels.items()):
        pair = [np.array([getattr(cost, name) for cost in costs], np.float64) for costs in (before, after)]
        for counts, shift, color, text in zip(pair, (-0.2, 0.2), (BEFORE, AFTER), ("before", "after")):
            axes.bar_label(axes.barh(rows + shift, counts / unit, 0.38, color=color, label=text), fmt="%.3g", padding=3, fontsize=9)
        axes.set_title(f"{pair[0].sum() / unit:,.1f} → {pair[1].sum() / unit:,.1f} in all: {pair[1].sum() / pair[0].sum() - 1:+.1%}", fontsize=10)
        axes.set_xlabel(label)
        axes.margins(x=0.18)
        _open(axes)
    places[0].set_yticks(rows, [cost.name for cost in before])
    places[0].invert_yaxis()
    places[0].legend(loc="lower right")
    return figure


def plot_sparse_speed(faster: Mapping[tuple[float, float], float], bounds: Mapping[tuple[float, float], str]) -> Figure:
    """How many times as fast as a dense array a basis array is, with a mark for what bounds it.

    Args:
        faster: times by (density of the coefficients, density of the features).
        bounds: the part of the array that is slowest, by the same.
    """
    from matplotlib import pyplot
    from matplotlib.lines import Line2D

    figure, axes = pyplot.subplots(figsize=(9.5, 3.6), layout="constrained")
    lines = []
    for features in sorted({features for _, features in faster}):
        places = sorted(coefficients for coefficients, other in faster if other == features)
        (line,) = axes.plot([100 * place for place in places], [faster[place, features] for place in places], label=f"{features:.0%} of the features are not zero")
        lines.append(line)
        for place in places:
            axes.plot(100 * place, faster[place, features], MARKERS.get(bounds[place, features], "x"), color=line.get_color(), markersize=7)
    axes.axhline(1, color=BEFORE, linestyle="--")
    axes.annotate("dense array", (1, 1), xycoords=("axes fraction", "data"), ha="right", va="bottom", color=BEFORE)
    marks = [Line2D([], [], color="black", linestyle="", marker=MARKERS.get(bound, "x"), label=f"bound by: {bound}") for bound in sorted(set(bounds.values()))]
    figure.legend(handles=[*reversed(lines), *marks], loc="outside right center", frameon=False)
    axes.set(xlabel="coefficients that are not zero (%)", ylabel="times as fast", ylim=(0, None))
    _open(axes)
    return figure


def _draw_kernel(axes: Axes, kernel: np.ndarray, ends: float | None = None) -> None:
    """A kernel as coloured squares: red is positive and blue negative, white zero."""
    ends = float(np.abs(kernel).max()) if ends is None else ends
    axes.imshow(kernel, cmap=SIGNED, vmin=-ends, vmax=ends)
    axes.set_xticks([])
    axes.set_yticks([])


def _open(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
