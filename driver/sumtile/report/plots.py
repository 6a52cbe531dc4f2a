# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures for the notebooks; they need matplotlib, which PYNQ images have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sumtile.report.plan import RESOURCES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sumtile.overlay.estimate import Use
    from sumtile.quantize import LayerError

SNR_MAX = 100.0
"""Longest bar, for what is exact."""


def plot_classes(labels: Sequence[tuple[str, float]], image: Any = None) -> Figure:
    """An image (anything that ``imshow`` takes) beside a bar for each (class, probability)."""
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(8, 2.6), gridspec_kw={"width_ratios": (1, 2)}, layout="constrained")
    left.axis("off")
    if image is not None:
        left.imshow(image, cmap="gray")
    names = [name for name, _ in labels]
    bars = right.barh(names, [100 * probability for _, probability in labels], color="tab:blue")
    right.bar_label(bars, fmt="%.1f %%", padding=3)
    right.invert_yaxis()
    right.set(xlim=(0, 115), xlabel="probability (%)")
    right.spines[["top", "right"]].set_visible(False)
    return figure


def plot_pictures(images: Sequence[Any], names: Sequence[str], right: Sequence[bool]) -> Figure:
    """Images (anything that ``imshow`` takes) in rows of ten, each under what it was taken for; red where that is wrong."""
    from matplotlib import pyplot

    rows = -(-len(images) // 10)
    figure, places = pyplot.subplots(rows, 10, figsize=(12, 1.45 * rows), squeeze=False, layout="constrained")
    for axes in places.flat:
        axes.axis("off")
    for axes, image, name, is_right in zip(places.flat, images, names, right):
        axes.imshow(image, cmap="gray")
        axes.set_title(name, fontsize=10, color="black" if is_right else "tab:red")
    return figure


def plot_profile(names: Sequence[str], seconds: Sequence[float], cycles: Sequence[int], clock_mhz: float) -> Figure:
    """Two times of each layer side by side.

    Args:
        names: of the layers.
        seconds: what the host measured.
        cycles: what the cycle model predicts.
        clock_mhz: clock of the programmable logic.
    """
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 0.8 + 0.4 * len(names)), sharey=True, layout="constrained")
    _bars(left, names, [1e3 * second for second in seconds], "tab:gray", "measured by the host (ms)")
    _bars(right, names, [count / clock_mhz for count in cycles], "tab:green", f"cycle model at {clock_mhz:g} MHz (us)")
    left.invert_yaxis()
    return figure


def plot_errors(errors: Sequence[LayerError]) -> Figure:
    """The signal-to-noise ratio of each layer's weights beside that of its result, as the quantizer measured them."""
    from matplotlib import pyplot

    names = [error.name for error in errors]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 0.8 + 0.3 * len(names)), sharey=True, layout="constrained")
    _bars(left, names, [min(error.weight_snr, SNR_MAX) for error in errors], "tab:orange", "weights: signal to noise (dB)")
    _bars(right, names, [min(error.snr, SNR_MAX) for error in errors], "tab:blue", "result, with the errors before it: signal to noise (dB)")
    left.invert_yaxis()
    return figure


def plot_budgets(lanes: Mapping[str, int], budgets: Mapping[str, Sequence[Use]]) -> Figure:
    """How full several overlays make a device, by estimate: green, or orange above what routes well, or red where it does not fit.

    Args:
        lanes: of each overlay's widest array, by the overlay's name.
        budgets: of each overlay, as :func:`sumtile.overlay.estimate.budget` gives it.
    """
    from matplotlib import pyplot

    figure, grid = pyplot.subplots(1, len(budgets), figsize=(3.4 * len(budgets), 2.2), sharey=True, squeeze=False, layout="constrained")
    for axes, (name, uses) in zip(grid[0], budgets.items()):
        colors = ["tab:red" if not use.fits else "tab:green" if use.comfortable else "tab:orange" for use in uses]
        bars = axes.barh([RESOURCES[use.resource] for use in uses], [100 * use.used / use.available for use in uses], color=colors)
        axes.bar_label(bars, fmt="%.0f %%", padding=3)
        axes.set(xlim=(0, 125), xlabel="of the device (%)", title=f"{name}: {lanes[name]} lanes")
        axes.spines[["top", "right"]].set_visible(False)
    grid[0, 0].invert_yaxis()
    return figure


def plot_accuracy(shares: Mapping[str, tuple[float, float]], images: int) -> Figure:
    """For each way to compute a network, the share of images that are right, with one standard error, and of those on which it agrees with the float network.

    Args:
        shares: (right, agrees), 0 to 1, by the name of the way.
        images: how many images there were.
    """
    from matplotlib import pyplot

    names = list(shares)
    figure, axes = pyplot.subplots(figsize=(9, 0.9 + 0.42 * len(names)), layout="constrained")
    for offset, column, color, label in ((-0.19, 0, "tab:blue", "right"), (0.19, 1, "tab:gray", "same class as in float")):
        lengths = [100 * shares[name][column] for name in names]
        errors = [100 * (share * (1 - share) / images) ** 0.5 if column == 0 else 0 for share in (shares[name][column] for name in names)]
        bars = axes.barh([place + offset for place in range(len(names))], lengths, height=0.36, color=color, label=label, xerr=errors, error_kw={"elinewidth": 1})
        axes.bar_label(bars, fmt="%.1f %%", padding=4, fontsize=8)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xlim=(0, 118), xlabel=f"of {images} images (%)")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.0 + 0.6 / len(names)), ncol=2, fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _bars(axes: Axes, names: Sequence[str], lengths: Sequence[float], color: str, label: str) -> None:
    axes.bar_label(axes.barh(names, lengths, color=color), fmt="%.3g", padding=3)
    axes.margins(x=0.15)
    axes.set(xlabel=label)
    axes.spines[["top", "right"]].set_visible(False)
