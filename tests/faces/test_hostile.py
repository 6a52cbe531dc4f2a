# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Hostile inputs: each kind gets its status and its sentence, and afterwards the server is as it was."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.faces.conftest import SAMPLES
from tests.faces.hostile import INPUTS, PICTURE, Hostile
from tests.faces.known import answers
from tests.faces.raw import request, send
from tests.support.waiting import wait_for
from visit.server import HOST, Server

from sumtile.overlay.resources import models_folder
from sumtile.program import Program

pytestmark = pytest.mark.faces

DOCS = models_folder().parent / "docs" / "serve.md"


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_left(server: Server, temporary: Path) -> Iterator[None]:
    """After all of them: no thread, file or connection more than before, nothing queued, memory back."""
    assert_classifies(server, None)
    threads, files, memory = server.threads(), server.open_files(), server.memory()
    kept = set(temporary.iterdir())
    yield
    wait_for(lambda: f"{server.threads()} threads instead of {threads}", lambda: server.threads() <= threads)
    wait_for(lambda: f"{server.open_files()} open files instead of {files}", lambda: server.open_files() <= files)
    wait_for(lambda: metrics(server), lambda: "sumtile_queue_length 0" in metrics(server))
    assert server.memory() - memory < 32 << 20
    assert set(temporary.iterdir()) <= kept
    assert "Traceback" not in server.log.read_text(errors="replace")


@pytest.mark.parametrize("hostile", INPUTS, ids=lambda hostile: hostile.kind)
def test_an_input_gets_its_answer(hostile: Hostile, server: Server, programs: dict[str, Program]) -> None:
    reply = send(server, hostile.parts(), pause_s=hostile.pause_s)
    assert (reply.status, hostile.sentence in reply.error) == (hostile.status, True), reply
    assert "Traceback" not in reply.error and "/site-packages/" not in reply.error and len(reply.error) < 500
    assert_classifies(server, programs["adder"])


def test_the_page_has_the_table() -> None:
    rows = [f"| {hostile.kind} | {hostile.status or 'closed'} | {hostile.sentence} |" for hostile in INPUTS]
    page = DOCS.read_text(encoding="utf-8").partition("## Hostile inputs")[2]
    assert [line for line in page.splitlines() if line.startswith("| ")][1:] == rows


@pytest.mark.parametrize("part", [0.0, 0.5, 1.0], ids=["head only", "half a picture", "before the answer"])
def test_a_cut_connection_changes_nothing(part: float, server: Server, programs: dict[str, Program]) -> None:
    whole = request(body=PICTURE, content_type="image/png")
    for _ in range(20):
        with socket.create_connection((HOST, server.port), 10) as connection:
            connection.sendall(whole[: len(whole) - len(PICTURE) + round(part * len(PICTURE))])
    assert_classifies(server, programs["adder"])


def test_slow_clients_keep_nobody_waiting(server: Server, programs: dict[str, Program]) -> None:
    """Fifty connections that have sent half a request, and one honest client, which is served at once."""
    begun = request(body=PICTURE, content_type="image/png")[:-20]
    connections = [socket.create_connection((HOST, server.port), 10) for _ in range(50)]
    try:
        for connection in connections:
            connection.sendall(begun)
        assert_classifies(server, programs["adder"])
        for connection in connections:
            assert b" 408 " in connection.recv(100)  # blocks until the server gives up, at most 10 s
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.parametrize("name", [5000 * "x", "a b\x01", "é"], ids=["long", "control", "not ASCII"])
def test_a_strange_request_id_is_not_echoed(name: str, server: Server) -> None:
    reply = send(server, [request(body=PICTURE, content_type="image/png", x_request_id=name)])
    assert reply.status in (200, 400) and name not in reply.headers.get("x-request-id", "")


def assert_classifies(server: Server, program: Program | None) -> None:
    """An honest client gets the right answer."""
    answer = httpx.post(f"{server.url}/api/classify", params={"program": "adder"}, content=PICTURE, headers={"Content-Type": "image/png"}, timeout=20, trust_env=False)
    assert answer.status_code == 200, answer.text
    if program is not None:
        assert answer.json()["results"][0]["classes"][0]["class"] == answers(program, SAMPLES[:1])[0][0][0]


def metrics(server: Server) -> str:
    """The text of the metrics."""
    return httpx.get(f"{server.url}/metrics", trust_env=False).text
