# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""From a quantized network to a program: engine integers, checks against the engine's limits, buffers."""

from sumtile.compiler.check import check_scheme
from sumtile.compiler.lower import compile_network
from sumtile.compiler.sketch import sketch_network

__all__ = ["check_scheme", "compile_network", "sketch_network"]
