# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""An engine of a downloaded overlay with the DMA channels at its streams."""

from __future__ import annotations

from dataclasses import dataclass

from sumtile.runtime.dma import Channel
from sumtile.runtime.engine import StreamEngine


@dataclass(frozen=True)
class Unit:
    """An engine and its channels.

    Attributes:
        engine: the engine's registers.
        source: channel of its feature maps or vectors.
        result: channel of its results.
        residual: channel of a second map; None where the engine takes none.
        weights: channels of its weights, in the order of its ports.
    """

    engine: StreamEngine
    source: Channel
    result: Channel
    residual: Channel | None
    weights: tuple[Channel, ...]

    @property
    def maps(self) -> tuple[Channel, ...]:
        """The channels that move with each layer, the result first."""
        return (self.result, self.source) if self.residual is None else (self.result, self.source, self.residual)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """All channels, the result first."""
        return (*self.maps, *self.weights)
