# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The one exception class for everything a user can get wrong.

A message is one sentence that says what was found, what was expected and what to do.
"""


class SumtileError(Exception):
    """A user's mistake or a fault of the machine, told in one sentence.

    The command line prints the sentence and nothing else; a library user catches this class.
    """
