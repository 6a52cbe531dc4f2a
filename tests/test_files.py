# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Only what can be read to its end is a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sumtile.errors import SumtileError
from sumtile.files import regular_file


def test_files_and_links_to_files(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "b").symlink_to("a")
    assert regular_file(str(tmp_path / "a"), "image") == tmp_path / "a"
    assert regular_file(tmp_path / "b", "image") == tmp_path / "b"


def test_everything_else_is_a_sentence(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    cases = {
        tmp_path / "none": r"there is no program .*none; check the path\.",
        tmp_path: r"is a folder, but a file is needed here as the program",
        tmp_path / "pipe": r"pipe is not a regular file",
        "/dev/null": r"/dev/null is not a regular file",
        tmp_path / "loop": r"program .*loop cannot be read \(Too many levels of symbolic links\)",
        "a\0b": r"cannot be read",
    }
    for path, sentence in cases.items():
        with pytest.raises(SumtileError, match=sentence):
            regular_file(path, "program")
