# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""From a quantized network to a program: engine integers, checks against the engine's limits, buffers."""

from sumtile.compiler.lower import compile_network

__all__ = ["compile_network"]
