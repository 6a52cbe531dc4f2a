# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A bitstream that is only linked: downloaded by pynqutils from a server on the loopback, whole and checked, or not at all."""

from __future__ import annotations

import hashlib
import http.server
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from pynqutils.setup_utils import download_overlays
from tests.support.bitstreams import write_pair

from sumtile import SumtileError
from sumtile.overlay import Overlay
from sumtile.overlay import links as module
from sumtile.overlay.links import bitfile_path, linked_files, local_bitfile
from sumtile.overlay.pair import check_pair
from sumtile.overlay.resources import overlays_folder


@pytest.fixture
def overlay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Overlay:
    """An overlay in descriptions of the test's own, whose board has no bitstream yet."""
    folder = shutil.copytree(overlays_folder(), tmp_path / "overlays", ignore=shutil.ignore_patterns("*.bit", "*.hwh", "*.link"))
    monkeypatch.setenv("SUMTILE_OVERLAYS", str(folder))
    found = Overlay.load("adder", "zcu102")
    bitfile_path(found).parent.mkdir(exist_ok=True)
    return found


@pytest.fixture
def served(overlay: Overlay, tmp_path: Path) -> Path:
    """Folder with a pair, which the server gives out."""
    return write_pair(overlay, tmp_path / "served").parent


@pytest.fixture
def server(served: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(served))) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


def write_link(overlay: Overlay, kind: str, entries: object) -> Path:
    link = bitfile_path(overlay).with_name(f"adder.{kind}.link")
    link.write_text(entries if isinstance(entries, str) else json.dumps(entries))
    return link


def entry(served: Path, server: str, kind: str) -> dict[str, str]:
    return {"url": f"{server}/adder.{kind}", "md5sum": hashlib.md5((served / f"adder.{kind}").read_bytes()).hexdigest()}


def files_of(overlay: Overlay) -> set[str]:
    return {path.name for path in bitfile_path(overlay).parent.iterdir()}


@pytest.mark.parametrize("board", ["zcu102", "ZCU102", ""])
def test_download_for_the_board(overlay: Overlay, served: Path, server: str, board: str) -> None:
    for kind in ("bit", "hwh"):
        found = entry(served, server, kind)
        write_link(overlay, kind, {"Pynq-Z2": {"url": "http://127.0.0.1:9/x", "md5sum": "0"}, board: found} if board else found)
    bitfile = local_bitfile(overlay)
    assert bitfile == bitfile_path(overlay)
    assert all((bitfile.parent / path.name).read_bytes() == path.read_bytes() for path in served.iterdir())
    assert files_of(overlay) == {"adder.bit", "adder.hwh", "adder.bit.link", "adder.hwh.link"}
    check_pair(overlay, bitfile)


def test_one_of_the_two_may_be_there_already(overlay: Overlay, served: Path, server: str) -> None:
    write_link(overlay, "bit", {"url": (served / "adder.bit").as_uri(), "md5sum": entry(served, server, "bit")["md5sum"]})
    write_link(overlay, "hwh", "a link that is not needed is not read")
    bitfile_path(overlay).with_suffix(".hwh").write_bytes(b"my own")
    assert linked_files(overlay) == [bitfile_path(overlay)]
    local_bitfile(overlay)
    assert bitfile_path(overlay).read_bytes() == (served / "adder.bit").read_bytes() and bitfile_path(overlay).with_suffix(".hwh").read_bytes() == b"my own"
    assert linked_files(overlay) == []


def test_pynq_s_own_download_takes_the_same_link(overlay: Overlay, served: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOARD", "ZCU102")
    for kind in ("bit", "hwh"):
        write_link(overlay, kind, entry(served, server, kind))
    download_overlays(str(overlays_folder()), fail_at_lookup=True)
    assert linked_files(overlay) == []
    check_pair(overlay, local_bitfile(overlay))


@pytest.mark.parametrize("kind", ["checksum", "no such file", "no server", "no such host", "no address"])
def test_failed_download_leaves_nothing(overlay: Overlay, served: Path, server: str, kind: str) -> None:
    good = entry(served, server, "bit")
    changes, sentence = {
        "checksum": ({"md5sum": "0" * 32}, r"adder\.bit is not the file that .*adder\.bit\.link tells of: its MD5 checksum is not 0{32}; update the link, or check the network"),
        "no such file": (
            {"url": f"{server}/other.bit"},
            r"adder\.bit could not be downloaded from http.*other\.bit \(.*404.*\); check the network, or copy the file to .*adder\.bit\.",
        ),
        "no server": ({"url": "http://127.0.0.1:9/adder.bit"}, r"could not be downloaded .*refused"),
        "no such host": ({"url": "http://nowhere.invalid/adder.bit"}, r"could not be downloaded"),
        "no address": ({"url": "adder.bit"}, r"could not be downloaded from adder\.bit \(.*unknown url type"),
    }[kind]
    write_link(overlay, "bit", {**good, **changes})
    with pytest.raises(SumtileError, match=sentence) as refusal:
        local_bitfile(overlay)
    assert "\n" not in str(refusal.value)
    assert files_of(overlay) == {"adder.bit.link"}


def test_a_server_that_says_nothing_is_left(overlay: Overlay, served: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as silent:  # listens and never answers
        monkeypatch.setattr(module, "_SECONDS", 0.5)
        write_link(overlay, "bit", {**entry(served, server, "bit"), "url": f"http://127.0.0.1:{silent.server_port}/adder.bit"})
        with pytest.raises(SumtileError, match=r"adder\.bit was not downloaded from .* within 0\.5 s; check the network"):
            local_bitfile(overlay)
    assert files_of(overlay) == {"adder.bit.link"}


@pytest.mark.parametrize(
    "entries, sentence",
    [
        ("{", r"adder\.bit\.link cannot be read .*a link is JSON with url and md5sum"),
        ([], r"needs the strings 'url' and 'md5sum' of the file for board 'zcu102'"),
        ({"url": "http://127.0.0.1:9/x"}, r"needs the strings 'url' and 'md5sum'"),
        ({"zcu102": {"url": 3, "md5sum": "0"}}, r"needs the strings 'url' and 'md5sum'"),
        ({"zcu102": {"url": "u", "md5sum": "0", "unpack": True}}, r"and no 'unpack'"),
        ({"zcu102": "http://127.0.0.1:9/x"}, r"needs the strings 'url' and 'md5sum'"),
        ({"Pynq-Z2": {}}, r"has no entry for board 'zcu102', only for Pynq-Z2; build the overlay for it, or add the entry"),
        ({}, r"has no entry for board 'zcu102', only for none"),
    ],
)
def test_link_of_another_form(overlay: Overlay, entries: object, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("nothing may be downloaded"))
    write_link(overlay, "bit", entries)
    with pytest.raises(SumtileError, match=sentence):
        local_bitfile(overlay)


def test_folder_that_cannot_be_written(overlay: Overlay, served: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    write_link(overlay, "bit", entry(served, server, "bit"))
    monkeypatch.setattr(module.tempfile, "TemporaryDirectory", refuse)
    with pytest.raises(SumtileError, match=r"adder\.bit cannot be written \(Permission denied\); run as a user who may write there, or set SUMTILE_OVERLAYS"):
        local_bitfile(overlay)
