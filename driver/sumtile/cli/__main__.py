# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``python -m sumtile.cli``, the same as the command ``sumtile``."""

import sys

from sumtile.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
