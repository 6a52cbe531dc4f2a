# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Layers at work as pictures: what each stage of the engine does, and the maps that everything that runs a program makes. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sumtile.csim.timed import MeasuredLayer

COLUMNS = 4
"""Layers beside each other."""


def plot_stages(layers: Sequence[MeasuredLayer], modelled: Sequence[int]) -> Figure:
    """For each layer, how long every stage worked and waited, and where the time model expects the end.

    Args:
        layers: measured layers; a stage that does nothing in any of them is left out.
        modelled: cycles of each by the model.
    """
    from matplotlib import pyplot

    columns = min(COLUMNS, len(layers))
    rows = -(-len(layers) // columns)
    stages = [stage for stage in layers[0].iterations if any(layer.iterations[stage] for layer in layers)]
    size = (2.7 + 2.7 * columns, rows * (1.2 + 0.21 * len(stages)))
    figure, grid = pyplot.subplots(rows, columns, figsize=size, sharey=True, squeeze=False, layout="constrained")
    for axes in grid.flat[len(layers) :]:
        axes.set_visible(False)
    for axes, layer, cycles in zip(grid.flat, layers, modelled):
        _draw_stages(axes, layer, stages, cycles)
    grid[0, 0].invert_yaxis()
    grid[0, columns - 1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, frameon=False)
    return figure


def _draw_stages(axes: Axes, layer: MeasuredLayer, stages: Sequence[str], cycles: int) -> None:
    work = [layer.iterations[stage] for stage in stages]
    axes.barh(stages, work, color="tab:green", label="works")
    axes.barh(stages, [layer.waits[stage] for stage in stages], left=work, color="lightgray", label="waits")
    axes.axvline(cycles, color="tab:red", linestyle="--", linewidth=1, label="end by the model")
    axes.set_title(f"{layer.name}: {layer.cycles} cycles, model {cycles}", fontsize=9)
    axes.set_xlabel("cycles", fontsize=8)
    axes.set_xlim(0, 1.04 * max(layer.cycles, cycles))
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def plot_maps(maps: Mapping[str, np.ndarray], channels: int = 8) -> Figure:
    """Channels of one tensor, a row for each of those that computed it, and a last row for the last one less the first.

    Args:
        maps: by what computed them, real (height, width, channels) of one shape; the rows share a scale, and the difference has its own.
        channels: how many to show, from the first on.
    """
    from matplotlib import pyplot

    first, last = next(iter(maps)), list(maps)[-1]
    rows = {**maps, f"{last} - {first}": maps[last] - maps[first]}
    channels = min(channels, maps[first].shape[2])
    low, high = min(float(values.min()) for values in maps.values()), max(float(values.max()) for values in maps.values())
    reach = float(np.abs(maps[last] - maps[first]).max()) or 1.0
    figure, grid = pyplot.subplots(len(rows), channels, figsize=(1.6 + 1.05 * channels, 1.1 * len(rows)), squeeze=False, layout="constrained")
    for axes, (name, values) in zip(grid, rows.items()):
        scale = {"cmap": "viridis", "vmin": low, "vmax": high} if name in maps else {"cmap": "RdBu", "vmin": -reach, "vmax": reach}
        for channel, place in enumerate(axes):
            drawn = place.imshow(values[:, :, channel], **scale)
            place.set(xticks=[], yticks=[])
        axes[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        if name in (first, list(rows)[-1]):
            figure.colorbar(drawn, ax=grid[: len(maps)] if name in maps else axes, fraction=0.02, pad=0.01).ax.tick_params(labelsize=7)
    for channel, place in enumerate(grid[0]):
        place.set_title(f"channel {channel}", fontsize=8)
    return figure
