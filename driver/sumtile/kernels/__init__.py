# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What the kernels compute, how their data lies in memory, and how many cycles they take."""
