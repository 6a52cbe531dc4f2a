# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The version; setup.py reads this line without importing the package."""

__version__ = "0.1.0"
