# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Checks of the kernel sources that a C++ compiler for a PC does not make; ``tools/lint_hls.py`` runs them."""
