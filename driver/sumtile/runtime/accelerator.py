# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The accelerator as a user sees it: open an overlay, load a program, classify images, look at the profile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from sumtile.errors import SumtileError
from sumtile.images import ImageLike, pixel_table, read_image, to_integers
from sumtile.overlay import Overlay
from sumtile.program import Program, read_program
from sumtile.runtime import arguments
from sumtile.runtime.buffers import BufferPool
from sumtile.runtime.execute import LayerProfile, run
from sumtile.runtime.hardware import Hardware
from sumtile.runtime.placement import HostJob, Job, Placement


@dataclass(frozen=True)
class Classification:
    """What an image shows.

    Attributes:
        labels: (class, probability) of the most probable classes, the best first.
        seconds: wall time of each stage: ``image`` (decode and resize), ``input`` (to fixed point, into DDR),
            ``network`` (all layers) and ``output`` (softmax).
        where: one sentence that says which hardware ran it.
    """

    labels: list[tuple[str, float]]
    seconds: dict[str, float]
    where: str


class Accelerator:
    """An overlay on a board. A context manager: its end stops the DMAs and frees all buffers.

    After a failed inference the next one downloads the overlay again and runs as if nothing had happened.

    Args:
        overlay: description of the overlay, resolved for the board.
        device: pynq device, a real board's or an emulated one's.
        bitfile: the overlay's ``.bit``, beside a ``.hwh`` of the same stem.
        where: one sentence that says what the device is; by default what an emulated device says of itself, or the board's title.
        timeout: seconds that one layer may take.

    Raises:
        SumtileError: an argument of a wrong kind, missing files, or logic that is not what ``overlay`` describes.
    """

    def __init__(self, overlay: Overlay, *, device: Any, bitfile: str | Path, where: str | None = None, timeout: float = 10.0) -> None:
        self.overlay = overlay
        self._timeout = arguments.seconds(timeout)
        self._program: Program | None = None
        self._placement: Placement | None = None
        self._profile: list[LayerProfile] = []
        self._failed = self._closed = False
        self._pool = BufferPool(arguments.pynq_device(device), overlay.board.cma_bytes)
        try:
            self._hardware = Hardware(overlay, device, Path(bitfile), self._pool, self._timeout)
        except BaseException:
            self._pool.close()
            raise
        self.where: str = where or str(getattr(device, "where", overlay.board.title))

    @property
    def program(self) -> Program | None:
        """The loaded program, if there is one."""
        return self._program

    def load(self, program: Program | str | Path) -> None:
        """Lays a program out in the board's memory; one loaded before makes room for it.

        Raises:
            SumtileError: neither a program nor a path, a damaged file, a program for another overlay, or one that does not fit.
        """
        self._check_open()
        program = program if isinstance(program, Program) else read_program(arguments.file_path("a program", program))
        if program.stamp != self.overlay.stamp:
            raise SumtileError(
                f"program '{program.name}' was compiled for overlay '{program.overlay}' on {program.board} (stamp {program.stamp:#010x}), but overlay '{self.overlay.name}' on "
                f"{self.overlay.board.name} (stamp {self.overlay.stamp:#010x}) is loaded; compile it for that one, or open the other."
            )
        self._unload()
        self._program = None
        self._recover()
        self._place(program)
        self._program = program
        self._table = pixel_table(program.preprocess, program.tensors[program.input].format)

    def infer(self, features: np.ndarray) -> np.ndarray:
        """Runs the network on integers of its input tensor.

        Args:
            features: (H, W, C) integers in the format of the input tensor.

        Returns:
            the integers of the output tensor, int64 (H, W, C).

        Raises:
            SumtileError: nothing is loaded, the features do not fit, or the hardware failed.
        """
        placement = self._ready()
        placement.write_input(features)
        self._run(placement)
        return placement.read(placement.program.output)

    def trace(self, features: np.ndarray) -> dict[str, np.ndarray]:
        """Like :meth:`infer`, with the integers of every tensor by name, each read when the step that makes it has ended."""
        placement = self._ready()
        placement.write_input(features)
        program = placement.program
        found = {program.input: placement.read(program.input)}

        def keep(job: Job | HostJob) -> None:
            found[job.tensor] = placement.read(job.tensor)

        self._run(placement, keep)
        return found

    def classify(self, image: ImageLike, top: int = 5) -> Classification:
        """Names what an image shows.

        Args:
            image: path, pillow image, or uint8 pixels of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), of any size.
            top: how many classes to return, at least 1; all of them where the network has fewer.

        Returns:
            The ``top`` most probable classes, the best first, each with its softmax probability (0 to 1); the times
            and the place of the run. A class without a name is called by its number, ``class 7``.

        Raises:
            SumtileError: the image cannot be used, ``top`` is no count, nothing is loaded, the network makes a map of several pixels, or the
                hardware failed.
        """
        top = arguments.count("top", top)
        placement = self._ready()
        program = placement.program
        top = min(top, program.class_count)
        seconds: dict[str, float] = {}
        with _timed(seconds, "image"):
            pixels = read_image(image, program.preprocess)
        with _timed(seconds, "input"):
            placement.write_input(to_integers(pixels, self._table))
        with _timed(seconds, "network"):
            self._run(placement)
        with _timed(seconds, "output"):
            scores = program.tensors[program.output].format.dequantize(placement.read(program.output)).reshape(-1)
            labels = _most_probable(scores, program.classes, top)
        return Classification(labels, seconds, self.where)

    def profile(self) -> list[LayerProfile]:
        """Each step of the last inference; empty before the first."""
        return list(self._profile)

    def close(self) -> None:
        """Stops the DMAs and frees all buffers; closing twice does nothing."""
        if self._closed:
            return
        self._closed = True
        with suppress(SumtileError):  # a DMA that does not stop must not keep the memory
            self._hardware.halt()
        self._placement = None
        self._pool.close()

    def __enter__(self) -> Accelerator:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _ready(self) -> Placement:
        self._check_open()
        if self._program is None:
            raise SumtileError("no program is loaded; call load() with a compiled program first.")
        self._recover()
        return self._placement or self._place(self._program)

    def _check_open(self) -> None:
        if self._closed:
            raise SumtileError("this accelerator is closed; open a new one.")

    def _run(self, placement: Placement, finished: Callable[[Job | HostJob], None] = lambda job: None) -> None:
        self._profile = []
        try:
            self._profile = run(self._hardware, placement, self._timeout, finished)
        except BaseException:
            self._failed = True
            with suppress(SumtileError):
                self._hardware.halt()
            raise

    def _recover(self) -> None:
        """After a failure: a fresh download, with no buffer alive that the old logic knew."""
        if self._failed:
            self._unload()
            self._pool.close()
            self._hardware.restart()
            self._failed = False

    def _place(self, program: Program) -> Placement:
        self._placement = Placement(program, self.overlay, self._pool)
        return self._placement

    def _unload(self) -> None:
        if self._placement is not None:
            self._placement.release()
        self._placement = None
        self._profile = []


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - begin


def _most_probable(scores: np.ndarray, classes: tuple[str, ...], top: int) -> list[tuple[str, float]]:
    """Softmax of real scores, and the names of its largest entries."""
    weights = np.exp(scores - scores.max())
    probabilities = weights / weights.sum()
    best = np.argsort(-probabilities, kind="stable")[:top]
    return [(classes[i] if i < len(classes) else f"class {i}", float(probabilities[i])) for i in best]
