# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""From a quantized network to a program: engine integers, checks against the engine's limits, buffers."""

from sumtile.compiler.check import check_scheme
from sumtile.compiler.lower import compile_network, refusals
from sumtile.compiler.plan import Plan, plan_network, plan_program
from sumtile.compiler.sketch import blank_network, sketch_network

__all__ = ["Plan", "blank_network", "check_scheme", "compile_network", "plan_network", "plan_program", "refusals", "sketch_network"]
