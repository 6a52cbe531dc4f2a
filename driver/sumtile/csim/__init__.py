# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""C simulation: compiles a kernel of ``hls/`` for this machine and runs it."""

from sumtile.csim.kernel import Kernel, load_kernel
from sumtile.csim.simulator import Simulator, simulate_fc, simulate_layer

__all__ = ["Kernel", "Simulator", "load_kernel", "simulate_fc", "simulate_layer"]
