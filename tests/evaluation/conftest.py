# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The files of a small network."""

from tests.support.small import dataset_file as dataset_file
from tests.support.small import network_file as network_file
from tests.support.small import program_file as program_file
