# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Number formats as pictures: their levels, and what they make of a network's weights and features. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sumtile.formats import FixedPoint, WeightFormat
    from sumtile.quantize.weights import IntegerWeights

_COLORS = ("tab:blue", "tab:orange", "tab:green", "tab:purple", "tab:red", "tab:brown")


def plot_levels(formats: Mapping[str, WeightFormat]) -> Figure:
    """The levels of each format between those of the largest weight and its negative, with their integers where there is room."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(10, 0.7 + 0.62 * len(formats)), layout="constrained")
    for row, (color, format) in enumerate(zip(_COLORS, formats.values())):
        levels = format.levels / np.abs(format.levels).max()
        axes.vlines(levels, row - 0.25, row + 0.25, color=color, linewidth=2 if len(levels) < 40 else 0.6)
        if len(levels) < 40:
            for level, place in zip(format.levels, levels):
                axes.text(place, row - 0.29, f"{level}", ha="center", va="bottom", fontsize=7)
    axes.set_yticks(range(len(formats)), [f"{name}\n{len(format.levels)} levels" for name, format in formats.items()])
    axes.set(ylim=(len(formats) - 0.6, -0.65), xlim=(-1.03, 1.03), xlabel="share of a filter's largest weight")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    return figure


def plot_weights(weights: np.ndarray, rounded: Mapping[str, IntegerWeights]) -> Figure:
    """For each format, how many weights lie where and on which level they end, above the errors that this makes.

    Args:
        weights: real, (outputs, kernel height, kernel width, inputs).
        rounded: the same in integers, by the format's name; every format has few levels.
    """
    from matplotlib import pyplot

    figure, grid = pyplot.subplots(2, len(rounded), figsize=(3.6 * len(rounded), 4.6), squeeze=False, layout="constrained")
    reach = max(float(np.quantile(np.abs(_errors(weights, integers)), 0.995)) for integers in rounded.values())
    for column, color, (name, integers) in zip(range(len(rounded)), _COLORS, rounded.items()):
        top, bottom = grid[:, column]
        _draw_levels(top, weights, integers, color)
        top.set_title(f"{name}: {integers.snr:.1f} dB", fontsize=10)
        errors = _errors(weights, integers).ravel()
        bottom.hist(errors, bins=np.linspace(-reach, reach, 61).tolist(), weights=np.full(errors.size, 100 / errors.size), color=color)
        bottom.set(xlabel="error of a weight", xlim=(-reach, reach))
        bottom.sharey(grid[1, 0])
        for axes in (top, bottom):
            axes.spines[["top", "right"]].set_visible(False)
    grid[0, 0].set_ylabel("weights (%)")
    grid[1, 0].set_ylabel("weights (%)")
    return figure


def _draw_levels(axes: Axes, weights: np.ndarray, integers: IntegerWeights, color: str) -> None:
    """Grey: the weights in steps of their filter, scaled to the outermost level; coloured: the share that each level takes."""
    assert integers.format is not None
    outermost = int(integers.format.levels[-1])
    placed = (weights / integers.step[:, None, None, None] / outermost).ravel()
    levels, counts = np.unique(integers.integers, return_counts=True)
    bins = np.linspace(-1.5, 1.5, 46).tolist()
    axes.hist(placed, bins=bins, weights=np.full(placed.size, 100 / placed.size), color="silver", label="as trained")
    axes.vlines(levels / outermost, 0, 100 * counts / counts.sum(), color=color, linewidth=2.5, label="on a level")
    axes.set(xlabel="weight, in outermost levels", xlim=(-1.3, 1.3))
    axes.legend(fontsize=7, loc="upper left", frameon=False)


def _errors(weights: np.ndarray, integers: IntegerWeights) -> np.ndarray:
    return integers.integers * integers.step[:, None, None, None] - weights


def plot_filters(variances: np.ndarray, decibels: Mapping[str, np.ndarray], chosen: Mapping[str, Collection[int]]) -> Figure:
    """The signal-to-noise ratio of every filter in several formats over its variance; the format that a filter gets is filled.

    Args:
        variances: of each filter's weights, (outputs,).
        decibels: by the format's name, (outputs,).
        chosen: by the format's name, which filters get it.
    """
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 3.6), layout="constrained")
    together = np.stack(list(decibels.values()))
    axes.vlines(variances, together.min(axis=0), together.max(axis=0), color="lightgray", linewidth=1, zorder=0)
    for color, (name, ratios) in zip(_COLORS, decibels.items()):
        taken = np.isin(np.arange(len(variances)), list(chosen[name]))
        axes.scatter(variances[taken], ratios[taken], color=color, label=f"{name}, chosen", zorder=2)
        axes.scatter(variances[~taken], ratios[~taken], facecolors="white", edgecolors=color, label=f"{name}, not chosen", zorder=1)
    axes.set(xlabel="variance of a filter's weights", ylabel="signal to noise (dB)")
    axes.legend(fontsize=8, ncol=len(decibels), loc="upper center", bbox_to_anchor=(0.5, 1.2), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def plot_fls(curves: Mapping[str, Mapping[int, float]], chosen: Mapping[str, Mapping[str, FixedPoint]]) -> Figure:
    """The error of each tensor over its fractional length, and the ones that some schemes chose.

    Args:
        curves: by tensor, the error at each fractional length, as a share of the tensor (:func:`sumtile.quantize.fl.error_curve`).
        chosen: by scheme, the format of each tensor.
    """
    from matplotlib import pyplot
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    figure, axes = pyplot.subplots(figsize=(8, 4), layout="constrained")
    for color, (name, curve) in zip(_COLORS, curves.items()):
        axes.plot(list(curve), list(curve.values()), color=color, linewidth=1.2, label=name)
        for marker, formats in zip("osd", chosen.values()):
            axes.scatter(formats[name].fl, curve[formats[name].fl], color=color, marker=marker, s=55, edgecolors="black", linewidths=0.6, zorder=3)
    for marker, scheme in zip("osd", chosen):
        axes.scatter([], [], color="lightgray", marker=marker, s=55, edgecolors="black", linewidths=0.6, label=f"{scheme} chooses")
    axes.set(yscale="log", xlabel="fractional length $fl$; a step is worth $2^{-fl}$", ylabel="sum of errors, of that of values")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(True, alpha=0.25)
    axes.legend(fontsize=8, ncol=1, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def plot_shared_scale(features: np.ndarray, weights: np.ndarray, format: FixedPoint) -> Figure:
    """Features and weights of an adder layer on one axis, and what the format that they share holds.

    Args:
        features, weights: real, of any shape.
        format: of both.
    """
    from matplotlib import pyplot

    low, high = format.low * format.scale, format.high * format.scale
    both = np.concatenate([features.ravel(), weights.ravel()])
    bins = np.linspace(both.min(), both.max(), 90).tolist()
    figure, axes = pyplot.subplots(figsize=(9, 3), layout="constrained")
    axes.axvspan(low, high, color="gold", alpha=0.3, label=f"{format.bits} bits at fl {format.fl} hold this")
    for values, color, label in ((features, "tab:blue", "features"), (weights, "tab:orange", "weights")):
        axes.hist(values.ravel(), bins=bins, weights=np.full(values.size, 100 / values.size), histtype="stepfilled", alpha=0.55, color=color, label=label)
    axes.set(yscale="log", xlabel="value", ylabel="share (%)")
    axes.legend(fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
