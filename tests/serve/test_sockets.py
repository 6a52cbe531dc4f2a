# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Many clients at once over real connections: order, a full queue, timeouts, clients that go or are slow."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from PIL import Image
from tests.serve.conftest import PICTURE, HeldSwitch, Listening, listening
from tests.support.waiting import wait_for


@pytest.fixture
def switch(programs) -> Iterator[HeldSwitch]:
    """Programs behind a gate."""
    held = HeldSwitch(programs)
    yield held
    held.gate.set()


def picture(mark: int) -> bytes:
    """A sample whose first pixel is ``mark``."""
    pixels = np.array(Image.open(io.BytesIO(PICTURE)).convert("L"))
    pixels[0, 0] = mark
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def post(server: Listening, mark: int, program: str = "adder") -> httpx.Response:
    """Sends a picture over a connection of its own."""
    return httpx.post(f"{server.url}/api/classify?program={program}", content=picture(mark), timeout=30, trust_env=False)


def queue(server: Listening) -> int:
    """Requests that wait."""
    return int(httpx.get(f"{server.url}/health", trust_env=False).json()["queue"])


def line_up(server: Listening, switch: HeldSwitch, pool: ThreadPoolExecutor, count: int) -> list[Future[httpx.Response]]:
    """One picture that runs and waits at the gate, and others in line behind it, one after the other."""
    asked = [pool.submit(post, server, 0)]
    wait_for("a picture that runs", switch.running.is_set)
    for mark in range(1, count):
        asked.append(pool.submit(post, server, mark, ("adder", "fixed")[mark % 2]))
        wait_for(f"a queue of {mark}", lambda mark=mark: queue(server) == mark)
    return asked


def test_pictures_run_in_the_order_in_which_they_came(switch):
    with listening(switch) as server, ThreadPoolExecutor(8) as pool:
        asked = line_up(server, switch, pool, 6)
        switch.gate.set()
        answers = [future.result().json()["results"][0] for future in asked]
    assert switch.begun == list(range(6))
    assert [answer["program"] for answer in answers] == ["adder", "fixed"] * 3
    assert all(answer["queued"] > 0 for answer in answers[1:])


def test_a_full_queue_refuses(switch):
    with listening(switch, queue=2) as server, ThreadPoolExecutor(8) as pool:
        asked = line_up(server, switch, pool, 3)
        refused = post(server, 9)
        assert refused.status_code == 503 and "2 pictures are waiting already" in refused.json()["error"] and refused.headers["Retry-After"]
        assert httpx.get(f"{server.url}/health", trust_env=False).json()["status"] == "busy"
        switch.gate.set()
        assert [future.result().status_code for future in asked] == [200] * 3
        assert post(server, 7).status_code == 200
    assert 9 not in switch.begun


def test_who_waits_too_long_is_dropped(switch):
    switch.check("adder")
    with listening(switch, timeout_s=2.0) as server, ThreadPoolExecutor(8) as pool:
        asked = line_up(server, switch, pool, 2)
        answers = [future.result() for future in asked]
        assert [answer.status_code for answer in answers] == [504, 504]  # the first one runs still
        assert "no result within 2 s" in answers[1].json()["error"]
        wait_for("a queue of 0", lambda: queue(server) == 0)
        switch.gate.set()
        assert post(server, 5).status_code == 200
    assert switch.begun == [0, 5]  # the second one never ran


def test_who_goes_while_waiting_is_dropped(switch):
    with listening(switch) as server, ThreadPoolExecutor(8) as pool:
        asked = line_up(server, switch, pool, 2)
        with socket.create_connection(("127.0.0.1", server.port), 10) as gone:
            body = picture(9)
            gone.sendall(b"POST /api/classify?program=adder HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            wait_for("a queue of 2", lambda: queue(server) == 2)
        wait_for("a queue of 1", lambda: queue(server) == 1)
        switch.gate.set()
        assert [future.result().status_code for future in asked] == [200, 200]
        metrics = httpx.get(f"{server.url}/metrics", trust_env=False).text
    assert switch.begun == [0, 1]
    assert 'sumtile_requests_total{status="499"} 1' in metrics


def test_who_is_slow_keeps_nobody_waiting(switch):
    switch.gate.set()
    head = b"POST /api/classify?program=adder HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
    with listening(switch, upload_s=0.5) as server, socket.create_connection(("127.0.0.1", server.port), 10) as slow:
        slow.sendall(head + b"x")
        assert post(server, 1).status_code == 200
        answer = slow.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 408 ") and b"did not arrive within 0.5 s" in answer and b"connection: close" in answer


def test_a_head_that_never_ends_is_cut(switch):
    with listening(switch, head_s=0.3) as server:
        for begun in (b"", b"GET /health HTTP/1.1\r\nHost: localhost\r\n"):
            with socket.create_connection(("127.0.0.1", server.port), 10) as slow:
                slow.sendall(begun)
                assert slow.recv(100) == b""


def test_an_answer_reaches_a_client_that_still_sends(switch):
    with listening(switch, picture_bytes=1 << 20) as server:
        answer = httpx.post(f"{server.url}/api/classify?program=adder", content=bytes(8 << 20), headers={"Content-Type": "image/png"}, timeout=20, trust_env=False)
    assert answer.status_code == 413


def test_pictures_that_arrive_at_once_are_bounded(switch):
    begun = b"POST /api/classify?program=adder HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + bytes(600_000)
    with listening(switch, uploads_bytes=1_000_000, upload_s=3.0) as server, socket.create_connection(("127.0.0.1", server.port), 10) as first:
        first.sendall(begun)
        time.sleep(0.2)
        with socket.create_connection(("127.0.0.1", server.port), 10) as second:
            second.sendall(begun)
            assert b" 503 " in second.recv(100)
        first.close()
        switch.gate.set()
        wait_for("an answer of the accelerator that was opened again", lambda: post(server, 1).status_code == 200)


def test_the_end_waits_for_what_runs(switch):
    with ThreadPoolExecutor(8) as pool:
        with listening(switch) as server:
            asked = line_up(server, switch, pool, 3)
            switch.gate.set()
        assert [future.result().status_code for future in asked] == [200] * 3
    assert switch.state.where == ""  # closed


def test_the_end_does_not_wait_for_ever(switch, caplog):
    with ThreadPoolExecutor(8) as pool:
        with listening(switch, closing_s=1.0) as server:
            asked = line_up(server, switch, pool, 2)
            pool.submit(lambda: (time.sleep(3), switch.gate.set()))
        answers = [future.result() for future in asked]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert "the server is closing" in answers[0].json()["error"]
    assert "Traceback" not in caplog.text and switch.begun == [0]
