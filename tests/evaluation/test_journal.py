# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The journal: an interrupted evaluation goes on to the same result, and no other file is taken for a journal."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sumtile.cli import main
from sumtile.datasets import Dataset, open_dataset
from sumtile.errors import SumtileError
from sumtile.evaluation import evaluate
from sumtile.evaluation.batches import BATCH, Batches
from sumtile.evaluation.journal import Journal, Subject
from sumtile.program import Program, program_digest, read_program

SUBJECT = Subject("p", "d", "csim", 100, 10)


@pytest.fixture(scope="module")
def program(program_file: Path) -> Program:
    return read_program(program_file)


@pytest.fixture(scope="module")
def dataset(dataset_file: Path) -> Dataset:
    return open_dataset(dataset_file)


def stop_after(images: int) -> None:
    """Stands for Ctrl-C once ``images`` are done."""
    if images:
        raise KeyboardInterrupt


@pytest.mark.parametrize("processes", [1, 2])
def test_an_interrupted_evaluation_goes_on_to_the_same_result(processes: int, program: Program, dataset: Dataset, tmp_path: Path) -> None:
    reference, subject = evaluate(program, dataset, "golden"), Subject.of(program, dataset, "golden")
    journal = Journal(tmp_path / "j", subject)
    with pytest.raises(KeyboardInterrupt):
        evaluate(program, dataset, "golden", processes, stop_after, journal=journal)
    journal.close(done=False)
    journal, counts = Journal(tmp_path / "j", subject), []
    result = evaluate(program, dataset, "golden", processes, counts.append, journal=journal)
    journal.close(done=True)
    np.testing.assert_array_equal(result.predictions, reference.predictions)
    assert result.before in (6, BATCH) and result.before + sum(counts) == len(dataset)
    assert not list(tmp_path.iterdir()), "a journal ends with its evaluation"


def test_an_evaluation_goes_on_from_any_place_at_which_the_file_was_cut(program: Program, dataset: Dataset, tmp_path: Path) -> None:
    subject, path = Subject.of(program, dataset, "golden"), tmp_path / "j"
    journal = Journal(path, subject)
    whole = evaluate(program, dataset, "golden", journal=journal).predictions
    journal.close(done=False)
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        journal = Journal(path, subject)
        np.testing.assert_array_equal(journal.predictions, whole[journal.found], f"cut after {length} bytes")
        left = np.setdiff1d(np.arange(len(dataset)), journal.found)
        journal.append(left, whole[left])
        journal.close(done=False)
        journal = Journal(path, subject)
        assert sorted(journal.found) == list(range(len(dataset))), f"cut after {length} bytes"
        journal.close(done=False)


@pytest.mark.parametrize(
    "word, value, sentence", [("program", "q", "another program"), ("dataset", "e", "another data set"), ("target", "own", "another target"), ("version", "0", "another version")]
)
def test_a_journal_of_something_else_is_refused_and_kept(word: str, value: str, sentence: str, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", SUBJECT)
    journal.append(np.arange(3), np.arange(3))
    journal.close(done=False)
    before = (tmp_path / "j").read_bytes()
    with pytest.raises(SumtileError, match=sentence):
        Journal(tmp_path / "j", replace(SUBJECT, **{word: value}))
    assert (tmp_path / "j").read_bytes() == before
    anew = Journal(tmp_path / "j", replace(SUBJECT, **{word: value}), restart=True)
    assert anew.count == 0
    anew.close(done=True)


DAMAGED = [
    "{",
    "7",
    "{}",
    '{"images":[100],"classes":[1]}',
    '{"images":[1],"classes":[10]}',
    '{"images":[-1],"classes":[1]}',
    '{"images":[1,2],"classes":[1]}',
    '{"images":[1e3],"classes":[1]}',
    '{"images":[true],"classes":[1]}',
    '{"images":[1000000000000000000000],"classes":[1]}',
    "[" * 100_000,
    "\udcff",
]


@pytest.mark.parametrize("line", DAMAGED, ids=lambda line: ascii(line[:30]))
def test_a_damaged_line_is_told_by_its_number(line: str, tmp_path: Path) -> None:
    Journal(tmp_path / "j", SUBJECT)._file.close()
    with open(tmp_path / "j", "ab") as file:
        file.write(b'{"images":[1],"classes":[2]}\n' + line.encode(errors="surrogateescape") + b'\n{"images":[2],"classes":[2]}\n')
    with pytest.raises(SumtileError, match="line 3 of the journal .* is damaged"):
        Journal(tmp_path / "j", SUBJECT)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("content", [b"a photo", b"\x89PNG\r\n\x1a\n\n\n", b'{"a": 1}\n', b"\n"])
def test_a_file_that_is_no_journal_stays_as_it_is(content: bytes, restart: bool, tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(content)
    with pytest.raises(SumtileError, match="is not the journal of an evaluation"):
        Journal(tmp_path / "photo", SUBJECT, restart)
    assert (tmp_path / "photo").read_bytes() == content


def test_places_that_hold_no_journal(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(SumtileError, match="is no regular file"):
            Journal(path, SUBJECT)
    with pytest.raises(SumtileError, match="cannot be written"):
        Journal("/proc/journal", SUBJECT)


def test_two_evaluations_do_not_share_a_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", SUBJECT)
    with pytest.raises(SumtileError, match="another evaluation writes the journal"):
        Journal(tmp_path / "j", SUBJECT)
    journal.close(done=False)
    Journal(tmp_path / "j", SUBJECT).close(done=False)
    assert not (tmp_path / "j").exists(), "nothing was found, so nothing is kept"


def test_a_full_disk_is_told() -> None:
    journal = Journal.__new__(Journal)
    journal.path, journal.count = Path("/dev/full"), 0
    with open("/dev/full", "wb", buffering=0) as journal._file, pytest.raises(SumtileError, match="No space left on device"):
        journal.append(np.arange(2), np.arange(2))


def test_a_subject_changes_with_all_that_changes_the_result(program: Program, dataset: Dataset, program_file: Path, tmp_path: Path) -> None:
    subject = Subject.of(program, dataset, "csim")
    assert subject == Subject.of(read_program(program_file), dataset.take(np.arange(70)), "csim")
    pixels = dataset.images.copy()
    pixels[69, 3, 3, 0] ^= 1
    others = [replace(dataset, images=pixels), dataset.first(69), replace(dataset, labels=dataset.labels[::-1].copy())]
    assert len({subject, *(Subject.of(program, other, "csim") for other in others), Subject.of(program, dataset, None)}) == 5
    step = program.layers[1]
    weights = step.weights.copy()
    weights.flat[-1] ^= 1
    changed = replace(program, steps=tuple(replace(step, weights=weights) if other is step else other for other in program.steps))
    assert program_digest(changed) != subject.program
    file = tmp_path / "image.png"
    file.write_bytes(b"1")
    files = Dataset("files", np.array([file], object), np.zeros(1, np.int64), ("left",))
    before = Subject.of(program, files, None)
    os.utime(file, ns=(0, 1))
    assert Subject.of(program, files, None) != before
    file.unlink()
    with pytest.raises(SumtileError, match="image .*image.png cannot be read"):
        Subject.of(program, files, None)


def test_batches_cover_what_is_left(dataset: Dataset) -> None:
    left = np.flatnonzero(np.arange(len(dataset)) % 3)
    batches = Batches(dataset, left)
    assert np.concatenate([batches.places(i) for i in range(len(batches))]).tolist() == left.tolist()
    np.testing.assert_array_equal(np.concatenate(list(batches)), dataset.images[left])
    assert batches.name(1) == f"the batch of images {left[BATCH]} to {left[-1]}"


def test_the_command_goes_on_from_its_own_journal(
    program_file: Path, dataset_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SUMTILE_CACHE_DIR", str(tmp_path))
    subject = Subject.of(read_program(program_file), open_dataset(dataset_file), "golden")
    command = ["evaluate", str(program_file), str(dataset_file), "--on", "golden", "--processes", "1", "--json"]
    assert main(command) == 0
    reference = json.loads(capsys.readouterr().out)
    for more, before in ([], 40), (["--restart"], 0):
        journal = Journal(subject.place, subject)
        journal.append(np.arange(40), evaluate(read_program(program_file), open_dataset(dataset_file), "golden").predictions[:40])
        journal.close(done=False)
        assert main([*command, *more]) == 0
        printed = capsys.readouterr()
        found = json.loads(printed.out)
        assert (found["correct"], found["before"]) == (reference["correct"], before)
        assert ("40 of 70 images were done before an interruption" in printed.err) == bool(before)
        assert not list(subject.place.parent.iterdir())
