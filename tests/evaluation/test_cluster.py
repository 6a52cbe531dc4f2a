# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Evaluation on real Dask workers: the result of local processes, nothing left behind, and a sentence for all that can be wrong.

tests/faces/test_cluster.py kills workers and schedulers.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from distributed import LocalCluster
from PIL import Image
from tests.support.jobs import Square

from sumtile.cli import main
from sumtile.datasets import open_dataset
from sumtile.errors import SumtileError
from sumtile.evaluation import cluster as module
from sumtile.evaluation import evaluate, station
from sumtile.evaluation.cluster import Cluster
from sumtile.program import read_program


@pytest.fixture(scope="module")
def dask() -> Iterator[LocalCluster]:
    """A scheduler in this process, and two workers in processes of their own."""
    with LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0") as cluster:
        yield cluster


def nothing_left(dask: LocalCluster) -> bool:
    """Whether the scheduler has no task, and no client but Dask's own placeholder."""
    return not dask.scheduler.tasks and set(dask.scheduler.clients) <= {"fire-and-forget"}


@pytest.mark.parametrize("target", [None, "csim", "emulated"])
def test_predictions_are_those_of_local_processes(target: str | None, dask: LocalCluster, program_file: Path, dataset_file: Path) -> None:
    program, dataset = read_program(program_file), open_dataset(dataset_file)
    reference, counts = evaluate(program, dataset, "golden"), []
    cluster = Cluster(dask.scheduler_address)
    result = evaluate(program, dataset, target, advance=counts.append, cluster=cluster)
    np.testing.assert_array_equal(result.predictions, reference.predictions)
    assert sum(counts) == len(dataset) and sum(share.chunks for share in cluster.shares.values()) == 3
    expected = "emulated" if target == "emulated" else "C simulation of "
    assert all(expected in share.where and share.where.endswith(f" on {socket.gethostname()}") for share in cluster.shares.values())
    assert nothing_left(dask)


def test_image_files_are_sent_as_pixels(dask: LocalCluster, program_file: Path, tmp_path: Path) -> None:
    program = read_program(program_file)
    rng = np.random.default_rng(3)
    for name in program.classes:
        (tmp_path / name).mkdir()
        for index in range(2):
            Image.fromarray(rng.integers(0, 256, (20, 30, 3), np.uint8)).save(tmp_path / name / f"{index}.png")
    dataset = open_dataset(tmp_path)
    reference = evaluate(program, dataset, "golden")
    asked: list[np.ndarray] = []

    class Seen(Cluster):
        def run(self, job, chunks, name):  # type: ignore[no-untyped-def]
            asked.extend(chunks)
            return super().run(job, chunks, name)

    np.testing.assert_array_equal(evaluate(program, dataset, "golden", cluster=Seen(dask.scheduler_address)).predictions, reference.predictions)
    assert [(pixels.dtype, pixels.shape) for pixels in asked] == [(np.uint8, (12, 12, 12, 3))]


def test_the_command_prints_what_each_worker_did(dask: LocalCluster, program_file: Path, dataset_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["evaluate", str(program_file), str(dataset_file), "--on", "golden"]
    assert main([*command, "--processes", "1"]) == 0
    reference = capsys.readouterr().out.splitlines()[0]
    assert main([*command, "--cluster", dask.scheduler_address]) == 0
    first, second, *table = capsys.readouterr().out.splitlines()
    workers = [line.split()[0] for line in table[1:]]  # the second may come too late for three batches
    assert first == reference and second.startswith(f"{dask.scheduler_address}; {len(workers)} worker")
    assert workers and set(workers) <= {worker.address for worker in dask.scheduler.workers.values()}
    assert main([*command, "--cluster", dask.scheduler_address, "--json"]) == 0
    assert sum(share["chunks"] for share in json.loads(capsys.readouterr().out)["workers"].values()) == 3


def test_two_evaluations_at_once_do_not_mix(dask: LocalCluster, program_file: Path, dataset_file: Path) -> None:
    program, dataset = read_program(program_file), open_dataset(dataset_file)
    mirrored = replace(dataset, images=dataset.images[:, :, ::-1].copy())
    expected = [evaluate(program, data, "golden").predictions for data in (dataset, mirrored)]
    assert (expected[0] != expected[1]).any()
    with ThreadPoolExecutor(2) as threads:
        for found, right in zip(threads.map(lambda data: evaluate(program, data, None, cluster=Cluster(dask.scheduler_address)).predictions, (dataset, mirrored)), expected):
            np.testing.assert_array_equal(found, right)
    assert nothing_left(dask)


def test_a_caller_that_stops_early_leaves_nothing(dask: LocalCluster) -> None:
    with closing(Cluster(dask.scheduler_address).run(Square(), list(range(100)))) as results:
        next(results)
        assert dask.scheduler.tasks
    assert nothing_left(dask)


@pytest.mark.parametrize(
    "fault, sentence",
    [
        ("open", "the job cannot be opened."),
        ("sentence", "chunk -1 is not a number."),
        ("surprise", "piece 2 met an unexpected ValueError: surprise"),
        ("file", "piece 2 met an unexpected FileNotFoundError: .*/no/file"),
    ],
)
def test_a_failing_job_ends_the_work_with_its_sentence(fault: str, sentence: str, dask: LocalCluster) -> None:
    with pytest.raises(SumtileError, match=sentence):
        list(Cluster(dask.scheduler_address).run(Square(fault), [1, 2, -1, 3, 4]))
    assert nothing_left(dask)


def test_another_version_is_refused(dask: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, pytest.raises(SumtileError, match=r"the worker tcp://127.0.0.1:\d+ has sumtile .*, but this is 9.9; install the same version"):
        patch.setattr(module, "__version__", "9.9")
        list(Cluster(dask.scheduler_address).run(Square(), [1]))
    with pytest.raises(SumtileError, match="has sumtile .* from other sources .*, but 0123 here"):
        monkeypatch.setattr(station, "sources_digest", lambda: "0123")
        list(Cluster(dask.scheduler_address).run(Square(), [1]))
    assert nothing_left(dask)


def test_a_scheduler_without_workers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 1.5)
    with (
        LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address=":0") as dask,
        pytest.raises(SumtileError, match="had no worker for 2 seconds; start one with 'dask worker tcp://127"),
    ):
        list(Cluster(dask.scheduler_address).run(Square(), [1]))


def test_an_address_without_a_scheduler_is_told(dask: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECT", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        threading.Thread(target=_speak_http, args=(server,), daemon=True).start()
        with pytest.raises(SumtileError, match="is no Dask scheduler but a (Worker|Nanny)"):
            list(Cluster(next(iter(dask.scheduler.workers))).run(Square(), [1]))
        for address in (f"127.0.0.1:{port}", "tcp://no-such-host.invalid", "127.0.0.1:1", "bluetooth://127.0.0.1:1"):
            with pytest.raises(SumtileError, match=f"no Dask scheduler answers at .*{address.partition('//')[2] or address}"):
                list(Cluster(address).run(Square(), [1]))


def _speak_http(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.close()


@pytest.mark.parametrize("address", ["", "tcp://", "://desk:8786", "desk:", "desk:port", "desk:99999", "tcp://:8786"])
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(SumtileError, match="is no address of a Dask scheduler; give one like tcp://host:8786."):
        Cluster(address)


def test_scheme_and_port_may_be_left_out() -> None:
    assert [Cluster(address).address for address in ("desk", "desk:1", "tls://desk", "tcp://10.0.0.1:2")] == [
        "tcp://desk:8786",
        "tcp://desk:1",
        "tls://desk:8786",
        "tcp://10.0.0.1:2",
    ]


def test_no_images_need_no_cluster() -> None:
    assert list(Cluster("nobody").run(Square(), [])) == []


def test_a_station_closes_a_job_that_nobody_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = threading.Event()

    class Watched(Square):
        def open(self):  # type: ignore[no-untyped-def]
            job = super().open()

            class Opened:
                def __enter__(self):  # type: ignore[no-untyped-def]
                    return job.__enter__()

                def __exit__(self, *error: object) -> None:
                    closed.set()

            return Opened()

    monkeypatch.setattr(station, "IDLE", 0.05)
    assert station.load("run", Watched(), station.sources_digest()).startswith("Watched on ")
    assert closed.wait(10)
    station.release("run")


def test_the_command_tells_what_is_wrong_with_a_cluster(program_file: Path, dataset_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(module, "CONNECT", 0.5)
    assert main(["evaluate", str(program_file), str(dataset_file), "--cluster", "127.0.0.1:1"]) == 2
    assert capsys.readouterr().err.startswith("sumtile: no Dask scheduler answers at tcp://127.0.0.1:1 (")
    with pytest.raises(SystemExit):
        main(["evaluate", str(program_file), str(dataset_file), "--cluster", "127.0.0.1:1", "--processes", "2"])
    assert "not allowed with argument" in capsys.readouterr().err
