# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures for the notebooks; they need matplotlib, which PYNQ images have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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


def _bars(axes: Axes, names: Sequence[str], lengths: Sequence[float], color: str, label: str) -> None:
    axes.bar_label(axes.barh(names, lengths, color=color), fmt="%.3g", padding=3)
    axes.margins(x=0.15)
    axes.set(xlabel=label)
    axes.spines[["top", "right"]].set_visible(False)
