# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures of a small network."""

from tests.support.small import dataset_file, image_files, network_file, program_file

__all__ = ["dataset_file", "image_files", "network_file", "program_file"]
