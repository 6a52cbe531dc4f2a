# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""An accelerator that hangs, or is not there: told, opened again, and the server goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.serve.conftest import PICTURE

from sumtile import Accelerator, SumtileError
from sumtile.csim import Kernel, load_kernel
from sumtile.emulated import EmulatedDevice, Settings
from sumtile.overlay import Overlay
from sumtile.program import Program
from sumtile.serve import ProgramSwitch


def without_last(overlay: Overlay) -> Kernel:
    """The simulated kernel, whose result never says that it has ended."""
    kernel = load_kernel(overlay)
    read = kernel.read
    kernel.read = lambda port, data: (read(port, data)[0], False)  # type: ignore[method-assign]
    return kernel


class Openings:
    """Opens accelerators on emulated boards as a list says: ``good``, ``hangs`` or ``missing``; ``good`` after its end."""

    def __init__(self, stack: ExitStack, *kinds: str) -> None:
        self._stack, self._kinds = stack, list(kinds)

    def __call__(self, program: Program) -> Accelerator:
        kind = self._kinds.pop(0) if self._kinds else "good"
        if kind == "missing":
            raise SumtileError("the board is gone; plug it in.")
        device = EmulatedDevice(Settings(hang_s=0.1), (lambda vlnv, hwh: without_last(Overlay.load(hwh.stem, program.board))) if kind == "hangs" else None)
        self._stack.callback(device.close)
        return Accelerator(program.overlay, device=device)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Boards to close at the end."""
    with ExitStack() as opened:
        yield opened


def test_an_accelerator_that_hangs_is_opened_again(open_client, programs, stack):
    client = open_client(ProgramSwitch(programs, Openings(stack, "hangs", "good")))
    failed = client.post("/api/classify?program=adder", content=PICTURE)
    assert failed.status_code == 503 and failed.headers["Retry-After"]
    assert failed.json()["error"].startswith("the accelerator failed and was opened again, so send the picture once more: layer 'pool1' failed: ")
    assert "TLAST is missing" in failed.json()["error"]

    health = client.get("/health")
    assert (health.status_code, health.json()["status"], health.json()["failures"]) == (200, "ok", 1)
    assert health.json()["last_failure"]["reopened"] is True and "TLAST is missing" in health.json()["last_failure"]["error"]

    assert client.post("/api/classify?program=adder", content=PICTURE).json()["results"][0]["classes"][0]["class"] == "bag"
    assert "sumtile_accelerator_failures_total 1\n" in client.get("/metrics").text


def test_an_accelerator_that_is_gone_is_looked_for_again(open_client, programs, stack):
    client = open_client(ProgramSwitch(programs, Openings(stack, "hangs", "missing", "missing", "good")))
    assert "could not be opened again" in client.post("/api/classify?program=adder", content=PICTURE).json()["error"]

    health = client.get("/health")
    assert (health.status_code, health.json()["status"], health.json()["where"]) == (503, "failed", "")
    assert health.json()["last_failure"]["reopened"] is False
    assert "sumtile_accelerator_up 0\n" in client.get("/metrics").text

    still = client.post("/api/classify?program=adder", content=PICTURE)
    assert still.status_code == 503 and still.json()["error"] == "the accelerator could not be opened for program 'adder': the board is gone; plug it in."
    assert client.post("/api/classify?program=adder", content=PICTURE).status_code == 200
    assert (client.get("/health").json()["status"], client.get("/health").json()["failures"]) == ("ok", 2)


def test_a_program_that_cannot_run_here_is_told_before_anything_is_served(programs):
    switch = ProgramSwitch(programs, lambda program: Accelerator("fixed8"))
    with pytest.raises(SumtileError, match="was compiled for overlay 'adder' on zcu102"):
        switch.check("adder")
    switch.close()
