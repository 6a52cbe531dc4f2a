# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The page of ``sumtile serve`` as a visitor meets it: a server process and a browser, for the screenshot and for the tests."""
