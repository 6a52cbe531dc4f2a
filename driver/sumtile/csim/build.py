# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Compiles C++ for this machine, once: a library is kept in the cache under a hash of all that goes into it.

A library in the cache ends in the SHA-256 of its other bytes. A file that does not, because a disk was full or a copy was
cut short, is compiled again: mapped into memory, it would end the process.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from sumtile.errors import SumtileError
from sumtile.overlay import Overlay
from sumtile.overlay.config_header import config_header
from sumtile.overlay.fc_engine import FC_TOP
from sumtile.overlay.resources import hls_folder

TYPES = ("native", "vendor")
COMPILE_SECONDS = 600


def cache_folder() -> Path:
    """Where compiled libraries are kept: ``$SUMTILE_CACHE_DIR``, or ``sumtile`` in the user's cache folder."""
    own = os.environ.get("SUMTILE_CACHE_DIR")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sumtile"


def compiler_command() -> list[str]:
    """The C++ compiler's path and the options that come with it: ``$CXX``, which may be ``g++ -m64``, or ``g++``.

    Raises:
        SumtileError: it is not there.
    """
    wanted = os.environ.get("CXX") or "g++"
    try:
        name, *options = shlex.split(wanted)
    except ValueError as error:
        raise SumtileError(f"CXX is '{wanted}', but that is no command ({error}); set it to a compiler and its options.") from None
    found = shutil.which(name)
    if found is None:
        raise SumtileError(f"no C++ compiler '{name}' was found, but sumtile compiles its C++ for this machine; install g++ (Debian: sudo apt install g++) or set CXX.")
    return [found, *options]


def vendor_headers() -> Path:
    """Folder of the vendor's ``ap_int.h``: ``$SUMTILE_AP_TYPES``, the installed hls4ml package, or ``$XILINX_HLS``."""
    candidates = [Path(os.environ["SUMTILE_AP_TYPES"])] if "SUMTILE_AP_TYPES" in os.environ else []
    spec = importlib.util.find_spec("hls4ml")
    if spec is not None and spec.origin:
        candidates.append(Path(spec.origin).parent / "templates" / "vivado" / "ap_types")
    if "XILINX_HLS" in os.environ:
        candidates.append(Path(os.environ["XILINX_HLS"]) / "include")
    for folder in candidates:
        if (folder / "ap_int.h").is_file():
            return folder
    raise SumtileError("the vendor's ap_int.h was not found, but the vendor-type simulation needs it; pip install hls4ml, or set SUMTILE_AP_TYPES to its folder.")


def build_kernel(overlay: Overlay, types: str = "native", timed: bool = False, top: str | None = None) -> Path:
    """The shared library of one of an overlay's engines, compiled when the cache has none.

    Args:
        overlay: gives the top function and its configuration.
        types: ``native`` or ``vendor``.
        timed: the stages and streams keep time (``stream_clock.hpp``), which takes the simulation several times as long.
        top: top function; that of the convolution engine by default.

    Raises:
        SumtileError: no compiler, no vendor headers, or a compilation that failed.
    """
    if types not in TYPES:
        raise SumtileError(f"number types '{types}' are unknown; choose one of {', '.join(TYPES)}.")
    hls, top = hls_folder(), top or overlay.engine.top
    names = ("svd_fc.cpp", "fc_kernel.cpp") if top == FC_TOP else ("conv.cpp", "engine_kernel.cpp")
    sources = [hls / "kernels" / names[0], hls / "csim" / names[1], hls / "csim" / "dataflow.cpp"]
    flags = [
        *_lane_flags(),
        "-std=c++14",
        "-DSUMTILE_CSIM",
        "-Wall",
        "-Wextra",
        "-Wno-unknown-pragmas",
        "-Wno-unused-label",
        f"-I{hls / 'csim' / 'include'}",
        f"-I{hls / 'include'}",
    ]
    if timed:
        flags.append("-DSUMTILE_TIMED")
    if types == "vendor":
        flags += ["-DSUMTILE_VENDOR_TYPES", "-isystem", str(vendor_headers())]
    headers = sorted((hls / "include").rglob("*.h*")) + sorted((hls / "csim" / "include").iterdir())
    return compile_library(top, sources, flags, headers=headers, generated={"sumtile_config.hpp": config_header(overlay)})


def compile_library(name: str, sources: Sequence[Path], flags: Sequence[str] = (), *, headers: Sequence[Path] = (), generated: dict[str, str] | None = None) -> Path:
    """Compiles sources into a shared library for this machine, or finds it in the cache.

    Args:
        name: stem of the library's file name.
        sources: C++ files.
        flags: further compiler flags.
        headers: files that the sources include; only their contents matter, for the hash.
        generated: texts of headers to write beside the library, by name.

    Returns:
        Path of the library.

    Raises:
        SumtileError: no compiler, a compilation that failed, or a cache folder that cannot be written.
    """
    command = [*compiler_command(), "-O3", "-march=native", "-fPIC", "-shared", "-fvisibility=hidden", "-U_FORTIFY_SOURCE", *flags]
    digest = _digest(command, [*sources, *headers], generated or {})
    folder = cache_folder() / "lib" / f"{name}-{digest}"
    library = folder / f"{name}.so"
    try:
        if _is_whole(library):
            return library
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            for header, text in (generated or {}).items():
                (Path(scratch) / header).write_text(text)
            partial = Path(scratch) / library.name
            _compile([*command, f"-I{scratch}", "-o", str(partial), *map(str, sources)], partial)
            _seal(partial)
            folder.mkdir(exist_ok=True)
            os.replace(partial, library)  # atomic: two processes may compile at once
    except OSError as error:
        raise SumtileError(f"the cache folder {folder.parent} cannot be used ({error.strerror}); make it readable and writable, or set SUMTILE_CACHE_DIR.") from None
    return library


def load_library(library: Path) -> ctypes.CDLL:
    """Loads a compiled library into this process.

    Raises:
        SumtileError: it is not for this machine, or needs a library that is not there.
    """
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise SumtileError(f"the compiled library {library.name} cannot be loaded ({error}); delete it, and let CXX be a compiler for this machine.") from None


def _seal(library: Path) -> None:
    """Appends the hash of the content, which the loader of shared libraries does not look at."""
    with open(library, "ab") as file:
        file.write(hashlib.sha256(library.read_bytes()).digest())
    library.chmod(0o644)  # a cache may be shared


def _is_whole(library: Path) -> bool:
    """The file is there, and its seal fits."""
    try:
        content = library.read_bytes()
    except FileNotFoundError:
        return False
    size = hashlib.sha256().digest_size
    return hashlib.sha256(content[:-size]).digest() == content[-size:]


def _lane_flags() -> list[str]:
    """Flags that make gcc vectorize the lane loops across output lanes.

    Jammed or peeled completely, which is gcc's own choice, they are vectorized across input lanes, with a sum across
    every vector: half as fast.
    """
    if "clang" in _compiler_version():
        return []
    flags = ["-fno-loop-unroll-and-jam", "--param", "max-completely-peel-times=7"]
    return [*flags, "-mprefer-vector-width=512"] if platform.machine() == "x86_64" else flags


def _compile(command: list[str], made: Path) -> None:
    result = _run(command, COMPILE_SECONDS)
    if result.returncode:
        errors = [line for line in result.stderr.splitlines() if "error" in line] or result.stderr.splitlines()[-1:] or ["no message"]
        raise SumtileError(f"the compiler failed: {errors[0].strip()}; the command was: {shlex.join(command)}")
    if not made.is_file():
        raise SumtileError(f"the compiler ended well but made no file, so {command[0]} is no C++ compiler; set CXX to one (the command was: {shlex.join(command)}).")


def _run(command: list[str], seconds: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise SumtileError(f"the compiler did not finish within {seconds:g} s; the command was: {shlex.join(command)}") from None
    except OSError as error:
        raise SumtileError(f"the compiler {command[0]} cannot be run ({error.strerror}); set CXX to one that can.") from None


def _digest(command: Sequence[str], files: Sequence[Path], generated: dict[str, str]) -> str:
    content = hashlib.sha256("\0".join([*command, _machine()]).encode())
    for path in files:
        content.update(f"\0{path.name}\0".encode() + path.read_bytes())
    for header, text in sorted(generated.items()):
        content.update(f"\0{header}\0{text}".encode())
    return content.hexdigest()[:20]


@lru_cache(maxsize=1)
def _machine() -> str:
    """What -march=native depends on, so that a cache shared between machines stays right."""
    try:
        with open("/proc/cpuinfo") as cpuinfo:
            features = next((line for line in cpuinfo if line.startswith(("flags", "Features"))), "")
    except OSError:
        features = ""
    return _compiler_version() + features


def _compiler_version() -> str:
    return _run([*compiler_command(), "--version"], 60).stdout.partition("\n")[0]
