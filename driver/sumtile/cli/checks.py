# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What ``sumtile doctor`` looks at. A check never raises; it tells what it found and what to do."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sumtile.errors import SumtileError
from sumtile.version import __version__


@dataclass(frozen=True)
class Check:
    """One thing that was looked for.

    Attributes:
        name: what it is.
        state: ``ok``, ``missing`` (the demo needs it) or ``optional`` (absent, and only some commands want it).
        found: what is there.
        todo: what to do, empty when nothing is.
    """

    name: str
    state: str
    found: str
    todo: str = ""


def all_checks() -> list[Check]:
    """Looks at everything, in the order in which a user would put it right."""
    looks: dict[str, Callable[[], Check | list[Check]]] = {
        "python": _python,
        "pillow": lambda: _package("pillow", "missing", "pip install pillow"),
        "pynq": _pynq,
        "board": _board,
        "compiler": _compiler,
        "kernels": _kernels,
        "overlays": _overlays,
        "samples": _samples,
        "cache": _cache,
        "fashion-mnist": _fashion_mnist,
        "ap_int.h": _vendor_headers,
        "vitis/vivado": _vendor_tools,
        "rich": lambda: _package("rich", "optional", "pip install rich, for colour and progress bars"),
        "matplotlib": lambda: _package("matplotlib", "optional", "pip install matplotlib, for the notebooks and the pictures of 'sumtile plan'"),
        "onnx": lambda: _package("onnx", "optional", "pip install 'sumtile[compile]', to read ONNX and QONNX files"),
        "onnxruntime": lambda: _package("onnxruntime", "optional", "pip install onnxruntime; only the tests compare with it"),
        "torch": lambda: _package("torch", "optional", "pip install 'sumtile[train]', to train networks"),
    }
    return [check for name, look in looks.items() for check in _guarded(name, look)]


def _guarded(name: str, look: Callable[[], Check | list[Check]]) -> list[Check]:
    """What a look found; a failure is a finding too."""
    try:
        found = look()
    except SumtileError as error:
        found = Check(name, "missing", str(error))
    except ImportError as error:
        found = Check(name, "missing", f"could not be looked at ({error})", f"pip install {error.name}")
    return found if isinstance(found, list) else [found]


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _package(name: str, otherwise: str, todo: str) -> Check:
    version = _version(name)
    return Check(name, "ok", version) if version else Check(name, otherwise, "not installed", todo)


def _python() -> Check:
    numpy = _version("numpy")
    found = f"{platform.python_version()} on {platform.machine()}, sumtile {__version__}, numpy {numpy}"
    if numpy is None:
        return Check("python", "missing", found, "pip install 'numpy<2'")
    if numpy.split(".")[0] != "1":
        return Check("python", "missing", found, "pip install 'numpy<2', since pynq does not work with numpy 2")
    return Check("python", "ok", found)


def _pynq() -> Check:
    version = _version("pynq")
    if version is None:
        return Check("pynq", "missing", "not installed", "pip install pynq (3.0.1 to 4.0.0)")
    try:
        import pynq  # noqa: F401
    except Exception as error:
        return Check("pynq", "missing", f"{version}, which fails to import: {error}", "pip install 'setuptools<82' pynq")
    if version.startswith("4.") and platform.machine() == "armv7l":
        return Check("pynq", "missing", f"{version}, which cannot load overlays on a Zynq-7000", "pip install 'pynq<4'")
    return Check("pynq", "ok", version)


def _board() -> Check:
    from sumtile.overlay import board_names
    from sumtile.overlay.host import on_real_board

    if on_real_board():
        return Check("board", "ok", f"a Zynq board ({os.environ.get('BOARD', 'BOARD is not set')})")
    return Check("board", "ok", f"none here, so boards are emulated: {', '.join(board_names())}")


def _compiler() -> Check:
    """Makes a small shared library, as the C simulation does. A board runs programs without it."""
    from sumtile.overlay.host import on_real_board

    try:
        return Check("compiler", "ok", _try_compiler())
    except SumtileError as error:
        return Check("compiler", "optional" if on_real_board() else "missing", str(error))


def _try_compiler() -> str:
    from sumtile.csim.build import compiler_command

    command = compiler_command()
    program = command[0]
    with tempfile.TemporaryDirectory() as folder:
        trial = [*command, "-std=c++14", "-march=native", "-fPIC", "-shared", "-x", "c++", "-", "-o", str(Path(folder, "try.so"))]
        try:
            version = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()[0]
            subprocess.run(trial, input="#include <cstdint>\nint main() { return 0; }\n", capture_output=True, text=True, timeout=60, check=True)
        except (OSError, subprocess.SubprocessError, IndexError) as error:
            reason = getattr(error, "stderr", None) or str(error)
            raise SumtileError(f"{program} cannot make a shared library ({reason.strip().splitlines()[0]}); install g++ or set CXX.") from None
    return f"{version} ({program})"


def _kernels() -> Check:
    from sumtile.overlay.resources import hls_folder

    sources = sorted(path.stem for path in (hls_folder() / "kernels").glob("*.cpp"))
    if not sources:
        return Check("kernels", "missing", f"no kernel sources in {hls_folder()}", "install sumtile again, or work in a complete checkout")
    return Check("kernels", "ok", f"{', '.join(sources)} in {hls_folder()}")


def _samples() -> Check:
    from sumtile.evaluation.samples import load_samples

    network, samples = load_samples()
    return Check("samples", "ok", f"network '{network.name}' and {len(samples)} images in {samples[0].path.parent}")


def _cache() -> Check:
    from sumtile.csim.build import cache_folder
    from sumtile.report.text import size

    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Check("cache", "missing", f"{folder} cannot be written ({error.strerror})", "make it writable or set SUMTILE_CACHE_DIR")
    used = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # another process compiles
                used += Path(parent, name).stat().st_size
    return Check("cache", "ok", f"{folder}, {size(used)} (safe to delete)")


def _overlays() -> list[Check]:
    from sumtile.overlay import overlay_names
    from sumtile.overlay.host import on_real_board, own_board
    from sumtile.overlay.resources import overlays_folder

    board = own_board() if on_real_board() else None
    checks = [_overlay_on_board(name, board) if board else _described_overlay(name) for name in overlay_names()]
    return checks or [Check("overlays", "missing", f"no descriptions in {overlays_folder()}", "install sumtile again, or work in a complete checkout")]


def _overlay_on_board(name: str, board: str) -> Check:
    """A board needs the files of the bitstream, or links to them. Descriptions are enough elsewhere."""
    from sumtile.overlay import Overlay
    from sumtile.overlay.links import bitfile_path, linked_files
    from sumtile.overlay.pair import check_pair

    try:
        overlay = Overlay.load(name, board)
    except SumtileError as error:
        return Check(f"overlay {name}", "optional", str(error))
    bitfile, linked = bitfile_path(overlay), linked_files(overlay)
    files = (bitfile, bitfile.with_suffix(".hwh"))
    absent = [file.name for file in files if not file.is_file() and file not in linked]
    if absent:
        folder = bitfile.parent
        return Check(f"overlay {name}", "missing", f"no {' and no '.join(absent)} in {folder}", f"build the overlay with Vivado on a PC and copy its .bit and .hwh into {folder}")
    if linked:
        return Check(f"overlay {name}", "ok", f"{' and '.join(file.name for file in linked)} linked in {bitfile.parent}; downloaded when it is first opened")
    try:
        check_pair(overlay, bitfile)
    except SumtileError as error:
        return Check(f"overlay {name}", "missing", str(error))
    return Check(f"overlay {name}", "ok", f"{name}.bit and {name}.hwh in {bitfile.parent}")


def _described_overlay(name: str) -> Check:
    from sumtile.overlay import Overlay, board_names

    boards = []
    for board in board_names():
        with suppress(SumtileError):
            Overlay.load(name, board)
            boards.append(board)
    return Check(f"overlay {name}", "ok" if boards else "missing", f"described for {', '.join(boards) or 'no board'}")


def _fashion_mnist() -> Check:
    from sumtile.datasets import open_dataset

    try:
        return Check("fashion-mnist", "ok", f"{len(open_dataset('fashion-mnist'))} test images")
    except SumtileError as error:
        return Check("fashion-mnist", "optional", str(error))


def _vendor_headers() -> Check:
    from sumtile.csim.build import vendor_headers

    try:
        return Check("ap_int.h", "ok", str(vendor_headers()))
    except SumtileError as error:
        return Check("ap_int.h", "optional", str(error))


def _vendor_tools() -> Check:
    """Only bitstreams need them."""
    from sumtile.cli.vendor_tools import PROGRAMS, find_tool

    found, absent = [], []
    for name in PROGRAMS:
        try:
            tool = find_tool(name)
            found.append(f"{tool} in {tool.program.parent}")
        except SumtileError:
            absent.append(name)
    told = ", ".join([*found, *(f"no {name}" for name in absent)])
    return (
        Check("vitis/vivado", "optional", told, "install them and source settings64.sh, to build bitstreams with 'sumtile build'") if absent else Check("vitis/vivado", "ok", told)
    )
