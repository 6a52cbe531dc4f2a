# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Files of a bitstream that are given by a link: ``<name>.bit.link`` instead of ``<name>.bit``, and ``<name>.hwh.link`` alike.

A link is JSON in the format of pynqutils: ``{"url": ..., "md5sum": ...}``, or such an object for each name of a board. pynqutils
downloads the file and compares the checksum; pynq's own ``download_overlays`` takes the first form too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from sumtile.errors import SumtileError
from sumtile.files import regular_file
from sumtile.overlay.description import Overlay
from sumtile.overlay.resources import overlays_folder

_SECONDS = 900  # 26 MB, the .bit of a ZCU102, at 30 kB/s
_DOWNLOAD = "import sys; from pynqutils.setup_utils import download_overlays; download_overlays(sys.argv[1], fail_at_lookup=True)"


def bitfile_path(overlay: Overlay) -> Path:
    """Where the ``.bit`` of an overlay for a real board lies, or will lie; the ``.hwh`` belongs beside it."""
    return overlays_folder() / overlay.board.name / f"{overlay.name}.bit"


def linked_files(overlay: Overlay) -> list[Path]:
    """Those of the ``.bit`` and the ``.hwh`` that are not there, but a link to them is."""
    bitfile = bitfile_path(overlay)
    return [file for file in (bitfile, bitfile.with_suffix(".hwh")) if not file.exists() and _link(file).exists()]


def local_bitfile(overlay: Overlay) -> Path:
    """Path of the ``.bit`` of an overlay for a real board, after a download of what is only linked.

    Raises:
        SumtileError: a link has another format or nothing for the board, the file cannot be had or written, or it has another checksum.
    """
    for file in linked_files(overlay):
        _download(file, _read_link(_link(file), overlay.board.name))
    return bitfile_path(overlay)


def _link(file: Path) -> Path:
    return file.with_name(f"{file.name}.link")


def _read_link(link: Path, board: str) -> dict[str, str]:
    """Address and MD5 checksum of the file for a board, whose name counts in any case: images write ``ZCU102``."""
    try:
        entries = json.loads(regular_file(link, "link").read_bytes())
    except (ValueError, RecursionError, OSError) as error:
        raise SumtileError(f"{link} cannot be read ({error}); a link is JSON with url and md5sum, so correct it.") from None
    if isinstance(entries, dict) and "url" not in entries:
        named = {name.lower(): entry for name, entry in entries.items()}
        if board not in named:
            raise SumtileError(f"{link} has no entry for board '{board}', only for {', '.join(entries) or 'none'}; build the overlay for it, or add the entry.")
        entries = named[board]
    if not isinstance(entries, dict) or not all(isinstance(entries.get(key), str) for key in ("url", "md5sum")) or entries.get("unpack"):
        raise SumtileError(f"{link} needs the strings 'url' and 'md5sum' of the file for board '{board}', and no 'unpack'; correct it.")
    return {key: entries[key] for key in ("url", "md5sum")}


def _download(file: Path, entry: dict[str, str]) -> None:
    """Lets pynqutils download a file beside its place, and moves it there when it is whole.

    It runs in a process of its own, since it bounds no wait and leaves temporary files behind.
    """
    todo = f"check the network, or copy the file to {file}"
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=f".{file.name}.") as scratch:
            _link(Path(scratch, file.name)).write_text(json.dumps(entry))
            command = [sys.executable, "-W", "ignore", "-c", _DOWNLOAD, scratch]
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_SECONDS, env={**os.environ, "TMPDIR": scratch})
            if "DownloadedFileChecksumError" in done.stderr:
                raise SumtileError(f"{entry['url']} is not the file that {_link(file)} tells of: its MD5 checksum is not {entry['md5sum']}; update the link, or {todo}.")
            if done.returncode or not Path(scratch, file.name).is_file():
                raise SumtileError(f"{file.name} could not be downloaded from {entry['url']} ({_last_line(done.stderr)}); {todo}.")
            os.chmod(Path(scratch, file.name), 0o644)
            os.replace(Path(scratch, file.name), file)
    except subprocess.TimeoutExpired:
        raise SumtileError(f"{file.name} was not downloaded from {entry['url']} within {_SECONDS} s; {todo}.") from None
    except OSError as error:
        raise SumtileError(f"{file} cannot be written ({error.strerror or error}); run as a user who may write there, or set SUMTILE_OVERLAYS to a copy of the folder.") from None


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no message")
