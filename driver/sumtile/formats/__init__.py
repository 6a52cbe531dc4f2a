# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Number formats of the programmable logic: tensors in fixed point, weights as integer levels, and the shared rounding rules."""

from sumtile.formats.fixed import FL_MAX, FixedPoint
from sumtile.formats.mixed import Mixed, fixed_rows
from sumtile.formats.rounding import round_shift, saturate
from sumtile.formats.sp2 import Sp2
from sumtile.formats.weights import SharedKernels, Symmetric, Ternary, Twos, WeightFormat

__all__ = ["FL_MAX", "FixedPoint", "Mixed", "SharedKernels", "Sp2", "Symmetric", "Ternary", "Twos", "WeightFormat", "fixed_rows", "round_shift", "saturate"]
