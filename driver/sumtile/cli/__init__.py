# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The command line: one module a command, each of which imports what it needs only when it runs."""

from sumtile.cli.entry import main

__all__ = ["main"]
