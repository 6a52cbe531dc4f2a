# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Every mistake ends in one sentence on stderr and exit status 2, and never in a traceback."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import Command

from sumtile.cli import main

Arguments = Callable[[Path, Path, Path, Path], list[object]]


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _broken(folder: Path) -> Path:
    """Half of an image in a folder of its own, beside a whole one."""
    folder.mkdir()
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8))
    noise.save(folder / "whole.png")
    return _write(folder / "broken.png", (folder / "whole.png").read_bytes()[:2000])


def _pipe(path: Path) -> Path:
    """A named pipe that nobody writes to: whoever opens it waits for ever."""
    os.mkfifo(path)
    return path


def _dataset(path: Path) -> Path:
    """One black image with a label."""
    np.savez(path, x=np.zeros((1, 8, 8, 3), np.uint8), y=np.zeros(1, int))
    return path


def _huge_png(path: Path) -> Path:
    """A few bytes that claim 60000 x 60000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    return _write(path, b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b""))


# Each entry: the arguments, from (network, program, image, an empty folder), and what the sentence must say.
MISTAKES: dict[str, tuple[Arguments, str]] = {
    "no program": (lambda n, p, i, t: ["classify", t / "none.tile", i], "none.tile"),
    "not a program": (lambda n, p, i, t: ["classify", i, i], "is not a sumtile program"),
    "a folder as program": (lambda n, p, i, t: ["classify", t, i], "is a folder"),
    "truncated program": (lambda n, p, i, t: ["classify", _write(t / "cut.tile", p.read_bytes()[:-999]), i], "copy it again or compile the network again"),
    "altered program": (lambda n, p, i, t: ["classify", _write(t / "bad.tile", p.read_bytes()[:-9] + b"\1" + p.read_bytes()[-8:]), i], "altered"),
    "unknown board": (lambda n, p, i, t: ["classify", p, i, "--board", "zedboard"], "zedboard"),
    "program of another board": (lambda n, p, i, t: ["classify", p, i, "--board", "pynq-z2"], "was compiled for overlay 'adder' on zcu102"),
    "no image": (lambda n, p, i, t: ["classify", p, t / "none.png"], "there is no image"),
    "not an image": (lambda n, p, i, t: ["classify", p, _write(t / "text.png", b"hello")], "is not an image"),
    "truncated image": (lambda n, p, i, t: ["classify", p, _write(t / "cut.png", i.read_bytes()[:70])], "damaged or truncated"),
    "huge image": (lambda n, p, i, t: ["classify", p, _huge_png(t / "huge.png")], "pixels"),
    "a pipe as image": (lambda n, p, i, t: ["classify", p, _pipe(t / "pipe.png")], "is not a regular file"),
    "a pipe as dataset": (lambda n, p, i, t: ["evaluate", p, _pipe(t / "pipe.npz")], "is not a regular file"),
    "a pipe among calibration images": (lambda n, p, i, t: ["compile", n, "--calibrate", _pipe(t / "pipe.png").parent, "-o", t / "m"], "is not a regular file"),
    "a broken image in a class folder": (lambda n, p, i, t: ["evaluate", p, _broken(t / "left").parent.parent], "broken.png is damaged or truncated"),
    "unknown dataset": (lambda n, p, i, t: ["evaluate", p, "imagenet"], "there is no data set 'imagenet'"),
    "empty dataset": (lambda n, p, i, t: ["evaluate", p, t], "holds no images"),
    "no board here": (lambda n, p, i, t: ["evaluate", p, _dataset(t / "one.npz"), "--on", "board"], "this machine is none"),
    "no network": (lambda n, p, i, t: ["compile", t / "none.npz", "--calibrate", i.parent, "-o", t / "m"], "there is no network file"),
    "not a network": (lambda n, p, i, t: ["compile", i, "--calibrate", i.parent, "-o", t / "m"], "cannot be read as an ONNX model"),
    "unknown overlay": (lambda n, p, i, t: ["compile", n, "--overlay", "magic", "--calibrate", i.parent, "-o", t / "m"], "overlay 'magic'"),
    "too many bits": (lambda n, p, i, t: ["compile", n, "--bits", 12, "--calibrate", i.parent, "-o", t / "m"], "8 bits or fewer"),
    "no calibration images": (lambda n, p, i, t: ["compile", n, "--calibrate", t / "none", "-o", t / "m"], "there is no data set"),
    "output cannot be written": (lambda n, p, i, t: ["compile", n, "--calibrate", i.parent, "-o", t / "no" / "m"], "cannot be written"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence(mistake: str, network_file: Path, program_file: Path, image_files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, expected = MISTAKES[mistake]
    line = [str(argument) for argument in arguments(network_file, program_file, image_files[0], tmp_path)]
    capsys.readouterr()
    status = main(line)
    said = capsys.readouterr().err
    assert status == 2, said
    assert said.startswith("sumtile: ") and said.count("\n") == 1 and said.endswith(".\n"), said
    assert expected in said and "Traceback" not in said


@pytest.mark.parametrize("command", ["classify", "evaluate"])
def test_no_compiler_and_nothing_compiled_yet(command: str, program_file: Path, dataset_file: Path, image_files: list[Path], tmp_path: Path, sumtile: Command) -> None:
    what = image_files[0] if command == "classify" else dataset_file
    result = sumtile(command, program_file, what, environment={"PATH": "", "SUMTILE_CACHE_DIR": str(tmp_path)})
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("sumtile: no C++ compiler 'g++' was found") and result.stderr.count("\n") == 1


def test_a_mistake_in_a_process_of_its_own(sumtile: Command, tmp_path: Path) -> None:
    result = sumtile("classify", tmp_path / "none.tile", "photo.jpg")
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("arguments", [["classify"], ["evaluate", "p", "d", "--processes", "0"], ["evaluate", "p", "d", "--on", "gpu"], ["frobnicate"], []])
def test_wrong_usage_shows_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "usage: sumtile" in capsys.readouterr().err


def test_the_unexpected_is_a_sentence_too_and_a_traceback_on_demand(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def surprise(*arguments: object) -> None:
        raise ValueError("surprise")

    monkeypatch.setattr("sumtile.program.read_program", surprise)
    monkeypatch.delenv("SUMTILE_TRACEBACK", raising=False)
    assert main(["classify", "p", "i"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("sumtile: an unexpected ValueError stopped the command: surprise; set SUMTILE_TRACEBACK=1") and said.count("\n") == 1
    monkeypatch.setenv("SUMTILE_TRACEBACK", "1")
    with pytest.raises(ValueError, match="surprise"):
        main(["classify", "p", "i"])
