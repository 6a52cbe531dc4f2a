# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Programs on everything that can run them, and their accuracy over labelled images."""

from sumtile.evaluation.accuracy import Evaluation, evaluate, prepare
from sumtile.evaluation.labels import output_labels, program_labels

__all__ = ["Evaluation", "evaluate", "output_labels", "prepare", "program_labels"]
