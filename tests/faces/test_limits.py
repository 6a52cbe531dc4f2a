# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""More than the server takes: who comes too often or finds a full queue is told so, and those who are served get right answers."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.faces.conftest import SAMPLES
from tests.faces.known import answers
from visit.server import open_server

from sumtile.program import Program

pytestmark = pytest.mark.faces

CLIENTS = 20  # twice as many as may come at once


def test_too_many_at_once_are_refused_and_the_others_served(programs: dict[str, Program], program_files: list[Path], tmp_path: Path) -> None:
    asked = [("adder", "msq")[client % 2] for client in range(CLIENTS)]  # a change of the overlay for each, so that they do wait
    expected = {name: answers(programs[name], SAMPLES) for name in ("adder", "msq")}
    together = threading.Barrier(CLIENTS)

    with open_server(*program_files, "--queue", 1, "--rate", 1, log=tmp_path / "log") as server:

        def send(client: int) -> httpx.Response:
            together.wait(30)
            return httpx.post(f"{server.url}/api/classify", params={"program": asked[client]}, content=SAMPLES[client].read_bytes(), timeout=30, trust_env=False)

        with ThreadPoolExecutor(CLIENTS) as pool:
            replies = list(pool.map(send, range(CLIENTS)))
        health = httpx.get(f"{server.url}/health", trust_env=False)

    statuses = Counter(reply.status_code for reply in replies)
    assert set(statuses) == {200, 429, 503} and statuses[429] >= CLIENTS // 2 - 1, statuses  # a token may come back meanwhile
    for client, reply in enumerate(replies):
        if reply.status_code == 200:
            assert reply.json()["results"][0]["classes"][0]["class"] == expected[asked[client]][client][0][0]
        else:
            assert int(reply.headers["Retry-After"]) >= 1
            sentence = {429: "sends more than 1 pictures a second", 503: "pictures are waiting already"}[reply.status_code]
            assert sentence in reply.json()["error"]
    assert health.status_code == 200
