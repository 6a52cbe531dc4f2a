# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Evaluation on schedulers and workers that run as a user starts them, while any of them, or the command itself, is killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from distributed import Client
from tests.support.clusters import Evaluating, Processes
from tests.support.jobs import Square
from tests.support.waiting import wait_for

import sumtile
from sumtile.datasets import Dataset
from sumtile.errors import SumtileError
from sumtile.evaluation import evaluate
from sumtile.evaluation.batches import BATCH
from sumtile.evaluation.cluster import Cluster
from sumtile.evaluation.processes import TRIES
from sumtile.evaluation.samples import load_samples, sample_program
from sumtile.images import read_images
from sumtile.overlay import Overlay
from sumtile.program import Program, write_program

pytestmark = pytest.mark.faces

BATCHES = 48
"""Enough that two workers are not done before they are killed after a few."""


@pytest.fixture(scope="module")
def program() -> Program:
    return sample_program(Overlay.load("adder", "zcu102"))


@pytest.fixture(scope="module")
def dataset(program: Program) -> Dataset:
    """The sample images again and again, each time one pixel further to the right, in batches of a tenth of a second or two."""
    samples = load_samples()[1]
    pixels = read_images((sample.path for sample in samples), program.preprocess)
    images = np.concatenate([np.roll(pixels, shift, axis=2) for shift in range(-(-BATCHES * BATCH // len(pixels)))])[: BATCHES * BATCH]
    labels = np.arange(len(images)) % len(pixels)
    return Dataset("rolled", images, np.array([program.classes.index(samples[i].label) for i in labels], np.int64), program.classes)


@pytest.fixture(scope="module")
def undisturbed(program: Program, dataset: Dataset) -> np.ndarray:
    """The predictions of this process alone."""
    predictions = evaluate(program, dataset, "csim").predictions
    assert len(set(predictions)) > 4, "the network should tell the images apart"
    return predictions


@pytest.fixture(scope="module")
def files(program: Program, dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The program and the data set as files."""
    folder = tmp_path_factory.mktemp("files")
    write_program(program, folder / "program.tile")
    np.savez(folder / "rolled.npz", x=dataset.images, y=dataset.labels, classes=np.array(dataset.classes))
    return folder / "program.tile", folder / "rolled.npz"


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Processes]:
    with Processes(tmp_path) as processes:
        processes.scheduler()
        yield processes


def tasks_left(dask: Processes) -> int:
    with Client(dask.address, set_as_default=False) as client:
        return int(client.run_on_scheduler(_count_tasks))


def worker_pids(dask: Processes) -> list[int]:
    with Client(dask.address, set_as_default=False) as client:
        return list(client.run(os.getpid).values())


def _count_tasks(dask_scheduler=None) -> int:  # type: ignore[no-untyped-def]
    return len(dask_scheduler.tasks)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_result_does_not_depend_on_the_number_of_workers(workers: int, dask: Processes, program: Program, dataset: Dataset, undisturbed: np.ndarray) -> None:
    for _ in range(workers):
        dask.worker()
    np.testing.assert_array_equal(evaluate(program, dataset, None, cluster=Cluster(dask.address)).predictions, undisturbed)
    assert tasks_left(dask) == 0


@pytest.mark.parametrize("nanny", [True, False])
def test_a_killed_worker_costs_its_batch(nanny: bool, dask: Processes, program: Program, dataset: Dataset, undisturbed: np.ndarray) -> None:
    for _ in range(2):
        dask.worker(*([] if nanny else ["--no-nanny"]))
    notes: list[str] = []
    cluster, counts, killed = Cluster(dask.address, notes.append), [], []

    def advance(count: int) -> None:
        counts.append(count)
        time.sleep(0.2)  # nothing more is handed out meanwhile, so that the second worker comes in time
        if len(cluster.shares) == 2 and not killed:
            killed.append(victim)
            os.kill(victim, signal.SIGKILL)

    victim = wait_for("two workers", lambda: worker_pids(dask)[1:])[0]
    result = evaluate(program, dataset, "csim", advance=advance, cluster=cluster)
    np.testing.assert_array_equal(result.predictions, undisturbed)
    assert killed and sum(counts) == len(dataset), "each image counts once"
    assert len(notes) == 1 and notes[0].endswith("is gone; others take over what it was at")
    assert tasks_left(dask) == 0


def test_workers_may_all_go_and_others_come(dask: Processes, program: Program, dataset: Dataset, undisturbed: np.ndarray) -> None:
    first = dask.worker("--no-nanny")
    counts: list[int] = []

    def advance(count: int) -> None:
        counts.append(count)
        if len(counts) == 4:
            first.kill()
            dask.worker()

    np.testing.assert_array_equal(evaluate(program, dataset, None, advance=advance, cluster=Cluster(dask.address)).predictions, undisturbed)
    assert sum(counts) == len(dataset)


def test_a_chunk_that_kills_now_and_then_is_done_in_the_end(dask: Processes, tmp_path: Path) -> None:
    dask.worker(), dask.worker()
    scars = tmp_path / "scars"
    chunks = [1, 2, -1, 3, 4, 5]
    assert dict(Cluster(dask.address).run(Square("killed", str(scars), TRIES - 1), chunks)) == {i: chunk * chunk for i, chunk in enumerate(chunks)}
    assert len(scars.read_text().splitlines()) == TRIES - 1


def test_a_chunk_that_always_kills_is_named(dask: Processes) -> None:
    dask.worker(), dask.worker()
    with pytest.raises(SumtileError, match=r"worker after worker of tcp://.* ended at .*piece 2.*; look at their logs"):
        list(Cluster(dask.address).run(Square("killed"), [1, 2, -1]))
    assert tasks_left(dask) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_command_goes_on_and_leaves_no_tasks(
    number: signal.Signals, dask: Processes, files: tuple[Path, Path], dataset: Dataset, undisturbed: np.ndarray, tmp_path: Path
) -> None:
    dask.worker(), dask.worker()
    command = Evaluating(*files, dask.address, tmp_path / "journal")
    command.wait_for_batches(3)
    status, err, _ = command.end(number)
    assert status == (130 if number == signal.SIGINT else -signal.SIGKILL)
    if number == signal.SIGINT:
        assert f"images are kept in {tmp_path / 'journal'}; the same command goes on from there" in err and err.endswith("sumtile: interrupted.\n")
        assert tasks_left(dask) == 0
    wait_for("a scheduler without tasks", lambda: tasks_left(dask) == 0)
    status, err, found = Evaluating(*files, dask.address, tmp_path / "journal").end()
    assert status == 0, err
    assert found["correct"] == (undisturbed == dataset.labels).sum() and found["before"] >= 3 * BATCH
    assert not (tmp_path / "journal").exists()


def test_a_scheduler_that_dies_ends_the_command_and_the_next_one_goes_on(files: tuple[Path, Path], dataset: Dataset, undisturbed: np.ndarray, tmp_path: Path) -> None:
    with Processes(tmp_path) as dask:
        scheduler = dask.scheduler()
        dask.worker()
        command = Evaluating(*files, dask.address, tmp_path / "journal")
        command.wait_for_batches(3)
        scheduler.kill()
        status, err, _ = command.end()
        assert status == 2 and err.splitlines()[-1].startswith(f"sumtile: the scheduler {dask.address} cannot be reached any more; "), err
        assert len(err.splitlines()) <= 4, f"only sentences: {err}"
        scheduler.wait()
        dask.scheduler()
        dask.worker()
        status, err, found = Evaluating(*files, dask.address, tmp_path / "journal").end()
    assert status == 0, err
    assert found["correct"] == (undisturbed == dataset.labels).sum() and found["before"] >= 3 * BATCH


@pytest.mark.parametrize("other", ["version", "sources", "none"])
def test_a_worker_with_another_sumtile_is_refused(other: str, dask: Processes, files: tuple[Path, Path], tmp_path: Path) -> None:
    place = tmp_path / "other" / "sumtile"
    if other == "none":
        place.mkdir(parents=True)
        (place / "__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'sumtile'\")\n")
    else:
        shutil.copytree(Path(sumtile.__file__).parent, place, ignore=shutil.ignore_patterns("__pycache__"))
        changed = place / "version.py" if other == "version" else place / "errors.py"
        changed.write_text(changed.read_text() + ('__version__ = "0.0.1"\n' if other == "version" else "# changed\n"))
        for name in ("hls", "overlays", "models"):
            (tmp_path / "other" / name).symlink_to(Path(sumtile.__file__).parents[2] / name)
    dask.worker(path=tmp_path / "other")
    status, err, _ = Evaluating(*files, dask.address, tmp_path / "journal").end()
    expected = {
        "version": f"has sumtile 0.0.1, but this is {sumtile.__version__}; install the same version on both.",
        "sources": "from other sources (",
        "none": f"met a machine where sumtile {sumtile.__version__} is not installed, or not wholly (No module named 'sumtile')",
    }
    assert status == 2 and expected[other] in err and len(err.splitlines()) == 1, err
    assert tasks_left(dask) == 0


def test_an_encrypted_cluster(files: tuple[Path, Path], dataset: Dataset, undisturbed: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate, and it is not here")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=sumtile", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, *subject], check=True, capture_output=True)
    with Processes(tmp_path, "--tls-ca-file", str(certificate), "--tls-cert", str(certificate), "--tls-key", str(key)) as dask:
        dask.scheduler()
        dask.worker()
        status, err, _ = Evaluating(*files, dask.address, tmp_path / "journal").end()
        assert status == 2 and f"no Dask scheduler answers at {dask.address} (" in err and len(err.splitlines()) == 1, err
        monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TLS__CA_FILE", str(certificate))
        monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT", str(certificate))
        monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY", str(key))
        status, err, found = Evaluating(*files, dask.address, tmp_path / "journal").end()
    assert status == 0, err
    assert found["correct"] == (undisturbed == dataset.labels).sum()
