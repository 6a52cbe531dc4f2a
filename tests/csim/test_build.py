# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Compiled libraries in the cache: a damaged one is compiled again, and every compiler that is none ends in a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sumtile.csim.build import compile_library, load_library
from sumtile.errors import SumtileError

SCRIPT = """
import sys; from pathlib import Path; from sumtile.csim.build import compile_library, load_library
print(load_library(compile_library("answer", [Path(sys.argv[1])])).answer())
"""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source file, and an empty cache."""
    monkeypatch.setenv("SUMTILE_CACHE_DIR", str(tmp_path / "cache"))
    source = tmp_path / "answer.cpp"
    source.write_text('extern "C" __attribute__((visibility("default"))) int answer() { return 42; }')
    return source


@pytest.mark.parametrize("damage", [lambda content: content[: len(content) // 2], lambda content: b"", lambda content: content[:-100] + bytes(100)])
def test_damaged_library_is_compiled_again(source: Path, damage) -> None:
    library = compile_library("answer", [source])
    library.write_bytes(damage(library.read_bytes()))
    # in a process of its own, which a truncated library would end
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(source)], capture_output=True, text=True, timeout=120)
    assert done.stdout == "42\n", f"{done.returncode} {done.stderr}"


def test_whole_library_is_taken_as_it_is(source: Path) -> None:
    written = compile_library("answer", [source]).stat()
    assert compile_library("answer", [source]).stat().st_mtime_ns == written.st_mtime_ns
    assert written.st_mode & 0o777 == 0o644


def test_options_in_cxx(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", f"{os.environ.get('CXX', 'g++')} -DUNUSED='a b'")
    assert load_library(compile_library("answer", [source])).answer() == 42


@pytest.mark.parametrize("cxx, sentence", [("/bin/true", "made no file, so /.*/true is no C"), ("'", "CXX is ''', but that is no command"), ("/bin/false", "the compiler failed")])
def test_a_compiler_that_is_none(source: Path, monkeypatch: pytest.MonkeyPatch, cxx: str, sentence: str) -> None:
    monkeypatch.setenv("CXX", cxx)
    with pytest.raises(SumtileError, match=sentence):
        compile_library("answer", [source])


def test_a_compiler_that_cannot_be_run(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = source.with_name("compiler")
    program.write_text("no program")
    program.chmod(0o755)
    monkeypatch.setenv("CXX", str(program))
    with pytest.raises(SumtileError, match="cannot be run"):
        compile_library("answer", [source])


def test_a_library_that_cannot_be_loaded(tmp_path: Path) -> None:
    (tmp_path / "answer.so").write_text("no library")
    with pytest.raises(SumtileError, match=r"answer\.so cannot be loaded \(.*\); delete it"):
        load_library(tmp_path / "answer.so")
