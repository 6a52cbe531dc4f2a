# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What a training run is given and what it reports; needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from sumtile.errors import SumtileError


@dataclass(frozen=True)
class Settings:
    """How to train; the defaults made the network in ``models/``.

    Attributes:
        epochs: passes over the training images.
        batch: images in one step.
        rate: learning rate at its highest; it rises over the first 200 steps and falls to zero as a cosine.
        momentum, decay: of stochastic gradient descent with Nesterov's momentum.
        eta: factor of the adder layers' adaptive learning rate; 0.2 is what the paper's authors use.
        shift: largest random displacement of a training image, in pixels.
        seed: of the weights, the order of the images and their random views.
        threads: processor threads; the result depends on it, since sums are split differently.
    """

    epochs: int = 20
    batch: int = 128
    rate: float = 0.1
    momentum: float = 0.9
    decay: float = 5e-4
    eta: float = 0.2
    shift: int = 1
    seed: int = 1
    threads: int = 2

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "threads"):
            if getattr(self, name) < 1:
                raise SumtileError(f"training with {name}={getattr(self, name)} was asked for; give at least 1.")


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training images gave: mean loss, share of right answers during it, and its time."""

    number: int
    loss: float
    accuracy: float
    seconds: float
