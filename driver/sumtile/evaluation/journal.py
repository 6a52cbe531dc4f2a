# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What an evaluation has found so far, in a file from which the next one goes on after an interruption.

JSON lines: the first tells what is evaluated (:class:`Subject`), each of the others has the predictions of one batch. A line is
written whole by one call; what follows the last line end, because a machine went down, is dropped.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeGuard

import numpy as np

from sumtile.csim.build import cache_folder
from sumtile.datasets import Dataset
from sumtile.errors import SumtileError
from sumtile.program import Program, program_digest
from sumtile.version import __version__

_BEGIN = b'{"program":"'


@dataclass(frozen=True)
class Subject:
    """What a journal is about; a journal serves only an evaluation of an equal one.

    Attributes:
        program: digest of all that the program holds.
        dataset: digest of the images, as pixels or as names, sizes and times of files, and of their labels.
        target: what computes, by the name of a target, or ``own``: that of each worker.
        images, classes: how many there are.
        version: sumtile's.
    """

    program: str
    dataset: str
    target: str
    images: int
    classes: int
    version: str = __version__

    @classmethod
    def of(cls, program: Program, dataset: Dataset, target: str | None) -> Subject:
        """The subject of an evaluation.

        Raises:
            SumtileError: an image file that is not there any more, or a program that names no classes.
        """
        return cls(program_digest(program), _dataset_digest(dataset), target or "own", len(dataset), program.class_count)

    @property
    def place(self) -> Path:
        """Where the journal is kept if the user names no place: in sumtile's folder of the user's cache."""
        return cache_folder() / "evaluations" / f"{_digest(json.dumps(asdict(self)).encode())}.jsonl"


class Journal:
    """A journal file, open for one evaluation, which no other one can open meanwhile.

    Args:
        path: the file; it is made, with its folder, if it is not there.
        subject: what is evaluated.
        restart: forget what the file has.

    Attributes:
        path: the file.
        found: int64 (N,), places in the data set whose predictions are there.
        predictions: int64 (N,), these.
        count: predictions that the file has by now.

    Raises:
        SumtileError: another evaluation has it open, it is about something else, it is damaged, or it cannot be written.
    """

    def __init__(self, path: str | Path, subject: Subject, restart: bool = False) -> None:
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists() and not self.path.is_file():
                raise SumtileError(f"{self.path} is no regular file, but a journal is one; give another path.")
            self._file = open(self.path, "a+b", buffering=0)
        except OSError as error:
            raise self._failure(error) from None
        try:
            self._lock()
            self._read(subject, restart)
        except BaseException:
            self._file.close()
            raise

    def append(self, places: np.ndarray, predictions: np.ndarray) -> None:
        """Adds the predictions of a batch: int64 (N,) indices of classes at int64 (N,) places of the data set.

        Raises:
            SumtileError: the file cannot be written.
        """
        self.count += len(places)
        self._write({"images": places.tolist(), "classes": predictions.tolist()})

    def close(self, done: bool) -> None:
        """Lets go of the file, and removes it where the evaluation is done or has found nothing."""
        if done or not self.count:
            self.path.unlink(missing_ok=True)
        self._file.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SumtileError(f"another evaluation writes the journal {self.path}; wait for its end, or give a file of its own with --journal.") from None

    def _read(self, subject: Subject, restart: bool) -> None:
        self._file.seek(0)
        content = self._file.read()
        if not content.startswith(_BEGIN[: len(content)]):
            raise self._foreign()
        if restart:
            content = b""
        whole = content.rpartition(b"\n")[0]
        self._file.truncate(len(whole) + 1 if whole else 0)
        places: list[int] = []
        classes: list[int] = []
        first, *lines = whole.split(b"\n") if whole else [b""]
        if first:
            self._check_subject(first, subject)
        else:
            self._write(asdict(subject))
        for number, line in enumerate(lines, 2):
            batch = self._parsed(line, number)
            images, found = batch.get("images"), batch.get("classes")
            if not (_indices(images, subject.images) and _indices(found, subject.classes) and len(images) == len(found)):
                raise self._damaged(number)
            places += images
            classes += found
        self.count = len(places)
        self.found, self.predictions = np.array(places, np.int64), np.array(classes, np.int64)

    def _check_subject(self, line: bytes, subject: Subject) -> None:
        found = self._parsed(line, 1)
        if set(found) != set(asdict(subject)):
            raise self._foreign()
        for word, value in asdict(subject).items():
            if found[word] != value:
                what = {"dataset": "data set", "version": "version of sumtile"}.get(word, word)
                raise SumtileError(f"the journal {self.path} is of another {what} ({found[word]}, not {value}); give another file, or begin anew with --restart.")

    def _parsed(self, line: bytes, number: int) -> dict[str, object]:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise self._damaged(number)
        return value

    def _foreign(self) -> SumtileError:
        return SumtileError(f"{self.path} is not the journal of an evaluation; give another file.")

    def _damaged(self, number: int) -> SumtileError:
        return SumtileError(f"line {number} of the journal {self.path} is damaged; give another file, or begin anew with --restart.")

    def _write(self, value: dict[str, object]) -> None:
        line = json.dumps(value, separators=(",", ":")).encode() + b"\n"
        try:
            if self._file.write(line) != len(line):
                raise OSError("the disk is full")
        except OSError as error:
            raise self._failure(error) from None

    def _failure(self, error: OSError) -> SumtileError:
        return SumtileError(f"the journal {self.path} cannot be written ({error.strerror or error}); give another file with --journal.")


def _indices(values: object, end: int) -> TypeGuard[list[int]]:
    return isinstance(values, list) and all(type(value) is int and 0 <= value < end for value in values)


def _dataset_digest(dataset: Dataset) -> str:
    if dataset.images.ndim > 1:
        images = np.ascontiguousarray(dataset.images).data
    else:
        try:
            states = [(str(path), os.stat(path)) for path in dataset.images]
        except OSError as error:
            raise SumtileError(f"image {error.filename} cannot be read ({error.strerror}); check the data set.") from None
        images = memoryview(json.dumps([(name, state.st_size, state.st_mtime_ns) for name, state in states]).encode())
    return _digest(str(dataset.images.shape).encode(), images, dataset.labels.tobytes(), json.dumps(dataset.classes).encode())


def _digest(*parts: bytes | memoryview) -> str:
    content = hashlib.sha256()
    for part in parts:
        content.update(part)
    return content.hexdigest()[:16]
