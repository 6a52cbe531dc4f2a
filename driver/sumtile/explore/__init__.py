# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Overlays for one network on one board: which lanes, ratios, widths and buffers are worth building, by the models of ``sumtile plan``."""

from sumtile.explore.arithmetic import Arithmetic
from sumtile.explore.front import Front, Point
from sumtile.explore.search import Exploration, explore, group_count, make_field
from sumtile.explore.space import Design, Lanes, Space, Supply

__all__ = ["Arithmetic", "Design", "Exploration", "Front", "Lanes", "Point", "Space", "Supply", "explore", "group_count", "make_field"]
