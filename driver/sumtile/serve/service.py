# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""From a picture to answers: decoded in one thread, classified in another, in the order of arrival, with a bound on everything."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sumtile.errors import SumtileError
from sumtile.images import ImageSizeError, decode_image
from sumtile.network.graph import Preprocess
from sumtile.serve.limits import Limits, RefusalError
from sumtile.serve.line import Line
from sumtile.serve.switch import AcceleratorError, Answer, ProgramSwitch


@dataclass(frozen=True)
class Answers:
    """What programs make of one picture.

    Attributes:
        answers: of each program, in the order asked.
        queued: seconds that the picture waited for the accelerator, and before for the decoder.
    """

    answers: list[Answer]
    queued: float


class Service:
    """The accelerator as clients share it. All calls must come from one event loop.

    Args:
        switch: the programs and their accelerator, which this service then owns.
        limits: bounds of the queue and of pictures.
    """

    def __init__(self, switch: ProgramSwitch, limits: Limits) -> None:
        self.switch, self.limits = switch, limits
        self._decoder, self._accelerator = Line("decoder"), Line("accelerator")

    @property
    def queue(self) -> int:
        """Requests that wait."""
        return self._decoder.waiting + self._accelerator.waiting

    @property
    def full(self) -> bool:
        """Whether a picture would be refused now."""
        return self.queue >= self.limits.queue

    async def classify(self, picture: bytes, programs: Sequence[str], top: int) -> Answers:
        """What programs make of a picture. Cancelled while the picture waits, it is dropped.

        Args:
            picture: content of an image file.
            programs: names, at least one.
            top: how many classes.

        Raises:
            RefusalError: not a picture, too many pixels, a full queue, or an accelerator that failed.
        """
        if self.full:
            raise RefusalError(
                503, f"{self.queue} pictures are waiting already, and more than {self.limits.queue} may not; send the picture again in a moment.", {"Retry-After": "1"}
            )
        arrived = time.perf_counter()
        inputs = {name: self.switch.programs[name].preprocess for name in programs}
        decoded = await self._decoder.run(lambda: _decode(picture, list(inputs.values()), self.limits.pixels))
        images = dict(zip(inputs, decoded))

        def run() -> tuple[list[Answer], float]:
            begin = time.perf_counter()
            return [_with_stages(self.switch.run(name, images[name].pixels, top), images[name].seconds) for name in programs], begin

        try:
            answers, begin = await self._accelerator.run(run)
        except AcceleratorError as error:
            raise RefusalError(503, str(error), {"Retry-After": "5"}) from error
        return Answers(answers, max(0.0, begin - arrived - sum({id(image): image.seconds for image in decoded}.values())))

    def close(self) -> None:
        """Ends both threads and closes the accelerator; what runs on it is waited for, at most the time of a layer."""
        self._decoder.close(wait=False)
        self._accelerator.close()
        self.switch.close()


@dataclass(frozen=True)
class _Decoded:
    pixels: np.ndarray
    seconds: float


def _decode(picture: bytes, inputs: Sequence[Preprocess], max_pixels: int) -> list[_Decoded]:
    """The picture as each network takes it; networks of one size share it."""
    by_size: dict[tuple[int, int, int], _Decoded] = {}
    for preprocess in inputs:
        size = preprocess.height, preprocess.width, preprocess.channels
        if size not in by_size:
            begin = time.perf_counter()
            try:
                pixels = decode_image(picture, preprocess, max_pixels)
            except ImageSizeError as error:
                raise RefusalError(422, str(error)) from error
            except SumtileError as error:
                raise RefusalError(400, str(error)) from error
            by_size[size] = _Decoded(pixels, time.perf_counter() - begin)
    return [by_size[preprocess.height, preprocess.width, preprocess.channels] for preprocess in inputs]


def _with_stages(answer: Answer, decoding: float) -> Answer:
    """The time of the stage ``image`` includes that of the decoder, and a change of the program is a stage ``load``."""
    found = answer.classification
    load = {"load": answer.loading} if answer.loading else {}
    return replace(answer, classification=replace(found, seconds={**load, **found.seconds, "image": found.seconds["image"] + decoding}))
