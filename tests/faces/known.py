# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures, and what the golden model makes of them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from sumtile.images import MAX_PIXELS, decode_image, pixel_table, to_integers
from sumtile.overlay import Overlay
from sumtile.program import Program
from sumtile.program.golden import run_golden

Answer = list[tuple[str, float]]
"""Classes and their probabilities, the most probable first."""


def answers(program: Program, pictures: Sequence[bytes | Path], top: int = 5) -> list[Answer]:
    """What a program answers to encoded pictures, computed in numpy: the softmax of the golden model's scores."""
    contents = [picture if isinstance(picture, bytes) else picture.read_bytes() for picture in pictures]
    pixels = np.stack([decode_image(content, program.preprocess, MAX_PIXELS) for content in contents])
    source, target = program.tensors[program.input], program.tensors[program.output]
    features = to_integers(pixels, pixel_table(program.preprocess, source.format))
    scores = target.format.dequantize(run_golden(program, Overlay.load(program.overlay, program.board).engine, features)[program.output]).reshape(len(pictures), -1)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    return [[(program.classes[index], float(row[index])) for index in np.argsort(-row, kind="stable")[:top]] for row in probabilities]


def varied_pictures(samples: Sequence[Path], count: int, seed: int) -> list[bytes]:
    """Samples, shifted, turned and with noise, so that no two are equal; as PNG and JPEG files of many sizes."""
    random = np.random.default_rng(seed)
    pictures = []
    for index in range(count):
        with Image.open(samples[index % len(samples)]) as opened:
            side = int(random.integers(28, 200))
            image = opened.convert("L").rotate(float(random.uniform(-20, 20)), translate=tuple(int(step) for step in random.integers(-3, 4, 2))).resize((side, side))
        noisy = np.clip(np.asarray(image, np.int64) + random.normal(0, 12, (side, side)).astype(np.int64), 0, 255).astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(noisy).save(buffer, "JPEG" if index % 3 else "PNG")
        pictures.append(buffer.getvalue())
    return pictures
