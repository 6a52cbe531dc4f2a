# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""How results look: text on a screen or in a log, and pictures in a notebook. Nothing here computes a result."""

from sumtile.report.screen import Column, Screen, open_screen

__all__ = ["Column", "Screen", "open_screen"]
