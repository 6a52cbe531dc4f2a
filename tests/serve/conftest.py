# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Two programs on an emulated board, and the server around them: in this process, or as a socket."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
import numpy as np
import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from starlette.testclient import TestClient

from sumtile.evaluation.samples import load_samples
from sumtile.program import Program
from sumtile.serve import Answer, Limits, ProgramSwitch, own_programs, server
from sumtile.serve.app import make_app

PICTURE = next(sample.path for sample in load_samples()[1] if sample.label == "bag").read_bytes()
BASE = "http://127.0.0.1"


@pytest.fixture(scope="session")
def programs() -> dict[str, Program]:
    """LeNet-5 for an array that adds, and for one that multiplies."""
    return dict(own_programs("zcu102", ("adder", "fixed")))


class HeldSwitch(ProgramSwitch):
    """The real thing, which a test can hold before each picture.

    Attributes:
        begun: the first pixel of each picture, in the order in which they run.
        gate: pictures run while it is set.
    """

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.begun: list[int] = []
        self.gate = threading.Event()
        self.running = threading.Event()

    def run(self, name: str, pixels: np.ndarray, top: int) -> Answer:
        self.begun.append(int(pixels[0, 0, 0]))
        self.running.set()
        assert self.gate.wait(20), "the test never opened the gate"
        return super().run(name, pixels, top)


@pytest.fixture
def open_client(programs: dict[str, Program]) -> Iterator[Callable[..., TestClient]]:
    """``open_client(switch=None, **limits)``: a client of a new server in this process."""
    with ExitStack() as stack:

        def open_one(switch: ProgramSwitch | None = None, loopback: bool = True, **limits: object) -> TestClient:
            app = make_app(switch or ProgramSwitch(programs), Limits(**limits), loopback=loopback)  # type: ignore[arg-type]
            return stack.enter_context(TestClient(app, base_url=BASE))

        yield open_one


@pytest.fixture
def client(open_client: Callable[..., TestClient]) -> TestClient:
    """A client of a server with the usual limits."""
    return open_client()


@dataclass(frozen=True)
class Listening:
    """A server on a socket of the loopback."""

    port: int
    url: str


@contextmanager
def listening(switch: ProgramSwitch, **limits: object) -> Iterator[Listening]:
    """Serves in a thread; at the end the server must have closed."""
    bounds = Limits(**limits)  # type: ignore[arg-type]
    listener = server.listen("127.0.0.1", 0)
    opened = server.make_server(switch, bounds, listener)
    thread = threading.Thread(target=opened.run, args=([listener],))
    thread.start()
    port = listener.getsockname()[1]
    try:
        assert httpx.get(f"{BASE}:{port}/health", trust_env=False, timeout=20).status_code == 200
        yield Listening(port, f"{BASE}:{port}")
    finally:
        opened.should_exit = True
        thread.join(20)
        listener.close()
    assert not thread.is_alive()
