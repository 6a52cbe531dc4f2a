# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A thousand requests from eight clients at once: each gets the golden model's answer to its own picture, and the server stays as it was."""

from __future__ import annotations

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest
from tests.faces.conftest import SAMPLES
from tests.faces.known import Answer, answers, varied_pictures
from tests.support.waiting import wait_for
from visit.server import Server

from sumtile.program import Program

pytestmark = pytest.mark.faces

REQUESTS, CLIENTS, WARM_UP = 1000, 8, 200
LIMIT_S = 240.0
"""Seconds after which clients send nothing more; what they have not sent then is missing in the count."""
SEED = 8
GROWTH = 6 << 20
"""Bytes that the server's memory may grow by from the warm-up to the end: 6 KiB a request, less than an uploaded picture here."""
ASKED = (*["adder"] * 24, *["msq"] * 8, *["fixed"] * 8)
"""Programs in turn. A change of the overlay takes the accelerator longer than many pictures, so most follow one of their own program."""


@dataclass(frozen=True)
class Request:
    """A picture with a name of its own, the program it is for, and the known answer."""

    name: str
    program: str
    picture: bytes
    expected: Answer


@dataclass(frozen=True)
class Reply:
    """What came back: status, name, and classes with probabilities."""

    status: int
    name: str
    program: str
    classes: Answer


def make_requests(programs: dict[str, Program], count: int, seed: int) -> list[Request]:
    """Pictures of which no two are equal, with what the golden model makes of each."""
    pictures = varied_pictures(SAMPLES, count, seed)
    asked = [ASKED[index % len(ASKED)] for index in range(count)]
    expected: dict[int, Answer] = {}
    for name, program in programs.items():
        own = [index for index in range(count) if asked[index] == name]
        expected |= dict(zip(own, answers(program, [pictures[index] for index in own])))
    return [Request(f"load-{seed}-{index}", asked[index], pictures[index], expected[index]) for index in range(count)]


def send(client: httpx.Client, request: Request) -> Reply:
    """One request over a client's own connection, half of them as forms."""
    kind = "image/png" if request.picture.startswith(b"\x89PNG") else "image/jpeg"
    body = {"content": request.picture, "headers": {"Content-Type": kind}} if kind == "image/jpeg" else {"files": {"image": ("picture", request.picture, kind)}}
    headers = {**body.pop("headers", {}), "X-Request-ID": request.name}
    answer = client.post("/api/classify", params={"program": request.program}, headers=headers, **body)
    results = answer.json().get("results", [{"program": "", "classes": []}])
    classes = [(entry["class"], entry["probability"]) for entry in results[0]["classes"]]
    return Reply(answer.status_code, answer.headers.get("X-Request-ID", ""), results[0]["program"], classes)


def run(server: Server, requests: list[Request]) -> list[Reply]:
    """Eight clients share the requests as cards are dealt; replies in the order of the requests, as far as time allowed."""
    deadline = time.monotonic() + LIMIT_S

    def play(hand: list[Request]) -> list[Reply]:
        with httpx.Client(base_url=server.url, timeout=30, trust_env=False) as client:
            return [send(client, request) for request in hand if time.monotonic() < deadline]

    with ThreadPoolExecutor(CLIENTS) as pool:
        hands = list(pool.map(play, [requests[player::CLIENTS] for player in range(CLIENTS)]))
    return [hands[index % CLIENTS][index // CLIENTS] for index in range(len(requests)) if index // CLIENTS < len(hands[index % CLIENTS])]


def metric(server: Server, name: str) -> Counter[str]:
    """All values of a metric by their labels."""
    text = httpx.get(f"{server.url}/metrics", trust_env=False).text
    return Counter({labels or "": float(value) for labels, value in re.findall(rf"^{name}(\{{[^}}]*\}})? (\S+)$", text, re.MULTILINE)})


@pytest.mark.timeout(600)
def test_none_of_a_thousand_requests_is_lost_or_crossed(server: Server, programs: dict[str, Program]) -> None:
    run(server, make_requests(programs, WARM_UP, SEED + 1))
    requests = make_requests(programs, REQUESTS, SEED)
    assert len({str(request.expected) for request in requests}) > 0.99 * REQUESTS  # an answer to another picture would be seen
    memory, threads, files = server.memory(), server.threads(), server.open_files()

    replies = run(server, requests)

    assert len(replies) == REQUESTS, f"only {len(replies)} of {REQUESTS} requests were sent within {LIMIT_S:g} s"
    assert Counter(reply.status for reply in replies) == {200: REQUESTS}
    assert [reply.name for reply in replies] == [request.name for request in requests]
    wrong = [(request.name, reply) for request, reply in zip(requests, replies) if reply.program != request.program or not same(reply.classes, request.expected)]
    assert wrong == [], f"{len(wrong)} answers are not those of the golden model (seed {SEED}), the first: {wrong[0]}"
    print(f"\n{REQUESTS} requests; resident memory {memory:,} bytes, then {server.memory():,}")
    assert server.memory() - memory < GROWTH, f"resident memory went from {memory:,} to {server.memory():,} bytes"
    wait_for(
        lambda: f"{server.threads()} threads instead of {threads}, {server.open_files()} open files instead of {files}",
        lambda: server.threads() <= threads and server.open_files() <= files,
    )


def same(found: Answer, expected: Answer) -> bool:
    """Whether classes agree in their order, and probabilities to the last bits of a float."""
    return [name for name, _ in found] == [name for name, _ in expected] and [share for _, share in found] == pytest.approx([share for _, share in expected], rel=1e-12, abs=1e-15)
