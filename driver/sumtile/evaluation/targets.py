# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Everything that can run a program: a board, an emulated board, the bare C simulation, the golden model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sumtile.errors import SumtileError
from sumtile.overlay import Overlay
from sumtile.overlay.host import on_real_board
from sumtile.program import Program

if TYPE_CHECKING:
    from sumtile import runtime


@dataclass(frozen=True)
class Target:
    """A program, ready to run.

    Attributes:
        infer: from int64 (N, height, width, channels) of the input tensor to the same of the output tensor.
        where: one phrase that says what runs it.
    """

    infer: Callable[[np.ndarray], np.ndarray]
    where: str


def default_target() -> str:
    """Name of the target that runs a data set where the user does not choose: the board, or else the bare C simulation."""
    return "board" if on_real_board() else "csim"


@contextmanager
def open_target(name: str | None, program: Program) -> Iterator[Target]:
    """Loads a program on one of :data:`TARGETS`; None is the one that :func:`default_target` names.

    Raises:
        SumtileError: the target is not here, or it cannot run the program.
    """
    with TARGETS[name or default_target()](program) as target:
        yield target


@contextmanager
def open_accelerator(program: Program, board: str | None = None) -> Iterator[runtime.Accelerator]:
    """Loads a program on the board that this is, or else on an emulated one.

    Args:
        program: the program.
        board: board to emulate; by default the one that the program was compiled for.
    """
    from sumtile import Accelerator

    if board is None and not on_real_board():
        board = program.board
    with Accelerator(program.overlay, board=board) as accelerator:
        accelerator.load(program)
        yield accelerator


@contextmanager
def _board(program: Program) -> Iterator[Target]:
    if not on_real_board():
        raise SumtileError("a board was asked for, but this machine is none; use --on emulated, or run it on the board.")
    with open_accelerator(program) as accelerator:
        yield Target(_each(accelerator.infer), accelerator.where)


@contextmanager
def _emulated(program: Program) -> Iterator[Target]:
    from sumtile import Accelerator
    from sumtile.emulated import open_board

    with closing(open_board(program.board)) as device, Accelerator(program.overlay, device=device) as accelerator:
        accelerator.load(program)
        yield Target(_each(accelerator.infer), accelerator.where)


@contextmanager
def _csim(program: Program) -> Iterator[Target]:
    from sumtile.csim import Simulator

    with closing(Simulator(program)) as simulator:
        yield Target(_each(simulator.infer), f"C simulation of {simulator.overlay.engine.top} ({program.board})")


@contextmanager
def _golden(program: Program) -> Iterator[Target]:
    from sumtile.program.golden import run_golden

    engine = Overlay.load(program.overlay, program.board).engine
    yield Target(lambda features: run_golden(program, engine, features)[program.output], "integer golden model in numpy")


def _each(infer: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """One image at a time through something that takes one."""
    return lambda features: np.stack([infer(image) for image in features])


TARGETS = {"board": _board, "emulated": _emulated, "csim": _csim, "golden": _golden}
"""What opens each target, by its name."""
