# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""One accelerator for several programs: the overlay changes when a program needs another, and a failed accelerator is opened again.

A board holds one bitstream at a time, and an emulated one behaves like it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from sumtile import runtime
from sumtile.errors import SumtileError
from sumtile.overlay.host import on_real_board
from sumtile.program import Program

LAYER_S = 10.0
"""Seconds that one layer may take before the accelerator counts as failed."""


@dataclass(frozen=True)
class Answer:
    """What a program makes of a picture.

    Attributes:
        program: name of the program.
        classification: classes, times of the stages, and where it ran.
        layers: each step of the network with its time.
        loading: seconds that a change of the program took before, of the overlay too if it was another; 0 without one.
    """

    program: str
    classification: runtime.Classification
    layers: list[runtime.LayerProfile]
    loading: float = 0.0


@dataclass(frozen=True)
class State:
    """How the accelerator is; a new object whenever that changes, so that any thread may look.

    Attributes:
        program: name of the loaded program; empty without one.
        where: one phrase that says which hardware is open; empty without one.
        overlay: name of the loaded overlay; empty without one.
        changes: how often the overlay was changed.
        failures: how often the accelerator failed.
        last_failure: the sentence of the last failure; empty before the first.
        last_failure_at: its time, in seconds since 1970.
        broken: why no accelerator could be opened; empty while there is one.
    """

    program: str = ""
    where: str = ""
    overlay: str = ""
    changes: int = 0
    failures: int = 0
    last_failure: str = ""
    last_failure_at: float = 0.0
    broken: str = ""


class AcceleratorError(SumtileError):
    """The accelerator did not give a result; no fault of the picture."""


class ProgramSwitch:
    """Runs programs on one accelerator. One thread may call it at a time, and any may look at ``state``.

    Args:
        programs: by name; each for the overlay and the board that it was compiled for.
        open_accelerator: opens an accelerator for a program; by default on the board that this is, or else on an emulated one.
    """

    def __init__(self, programs: Mapping[str, Program], open_accelerator: Callable[[Program], runtime.Accelerator] | None = None) -> None:
        self.programs = dict(programs)
        self.state = State()
        self._open_accelerator = open_accelerator or _open_accelerator
        self._accelerator: runtime.Accelerator | None = None

    def check(self, name: str) -> str:
        """Loads a program and says where it would run; an emulated board compiles the kernels of its overlay now and not later.

        Raises:
            SumtileError: it cannot run here.
        """
        return self._load(name).where

    def run(self, name: str, pixels: np.ndarray, top: int) -> Answer:
        """Classifies with a program, which is loaded if it is not yet.

        Args:
            name: one of the programs.
            pixels: uint8 (height, width, channels), as the program takes them.
            top: how many classes, at least 1.

        Raises:
            AcceleratorError: no result. The accelerator has been opened again; if that failed too, the next call tries it.
        """
        begin, before = time.perf_counter(), self.state.program
        try:
            accelerator = self._load(name)
        except Exception as error:
            self._failed(error)
            raise AcceleratorError(f"the accelerator could not be opened for program '{name}': {_sentence(error)}") from error
        loading = time.perf_counter() - begin if name != before else 0.0
        try:
            found = accelerator.classify(pixels, top)
            return Answer(name, found, accelerator.profile(), loading)
        except Exception as error:
            self._failed(error)
            state = self._reopened(name)
            raise AcceleratorError(f"the accelerator failed and {state}: {_sentence(error)}") from error

    def close(self) -> None:
        """Closes the accelerator; the next run would open it again."""
        accelerator, self._accelerator = self._accelerator, None
        self.state = replace(self.state, program="", overlay="", where="")
        if accelerator is not None:
            with suppress(Exception):  # one that failed may fail here once more, and is given up anyway
                accelerator.close()

    def _load(self, name: str) -> runtime.Accelerator:
        program, accelerator = self.programs[name], self._accelerator
        if accelerator is not None and self.state.program == name:
            return accelerator
        if accelerator is None or (accelerator.overlay.name, accelerator.overlay.board.name) != (program.overlay, program.board):
            self.close()
            accelerator = self._accelerator = self._open_accelerator(program)
            self.state = replace(self.state, changes=self.state.changes + 1)
        accelerator.load(program)
        self.state = replace(self.state, program=name, overlay=program.overlay, where=accelerator.where, broken="")
        return accelerator

    def _failed(self, error: Exception) -> None:
        self.close()
        self.state = replace(self.state, failures=self.state.failures + 1, last_failure=_sentence(error), last_failure_at=time.time(), broken=_sentence(error))

    def _reopened(self, name: str) -> str:
        """Tries to open the accelerator after a failure; how that went, in words."""
        try:
            self._load(name)
        except Exception as error:
            self.close()
            self.state = replace(self.state, broken=_sentence(error))
            return "could not be opened again"
        return "was opened again, so send the picture once more"


def _open_accelerator(program: Program) -> runtime.Accelerator:
    from sumtile import Accelerator

    return Accelerator(program.overlay, board=None if on_real_board() else program.board, timeout=LAYER_S)


def _sentence(error: Exception) -> str:
    """What a failure says, on one line and without end."""
    text = str(error).partition("\n")[0] if isinstance(error, SumtileError) else f"{type(error).__name__}: {error}".replace("\n", " ")
    return text if len(text) <= 400 else f"{text[:399]}…"
