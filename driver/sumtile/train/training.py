# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Training a classifier on the CPU, repeatably; adder layers, where there are any, learn at their own rates.

The same settings, data, torch and processor give the same weights to the last bit. Other processors round differently
and end within the spread of a few seeds.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from sumtile.datasets import Dataset
from sumtile.errors import SumtileError
from sumtile.network.graph import Preprocess
from sumtile.train.adder import adapt_learning_rates
from sumtile.train.augment import random_views
from sumtile.train.settings import Epoch, Settings

_EVALUATION_BATCH = 100
_WARM_UP_STEPS = 200


@dataclass(frozen=True)
class Method:
    """What a way of training adds to the plain one.

    Attributes:
        begin: called with the network and the number of each epoch, from 1, before it; it may choose which parameters learn.
        penalty: of the network, added to the cross entropy of each step.
    """

    begin: Callable[[nn.Module, int], None] | None = None
    penalty: Callable[[nn.Module], torch.Tensor] | None = None


def train(
    build: Callable[[], nn.Module],
    data: Dataset,
    preprocess: Preprocess,
    settings: Settings | None = None,
    report: Callable[[Epoch], None] | None = None,
    method: Method | None = None,
) -> nn.Module:
    """Trains a network.

    Args:
        build: makes the network, (N, C, H, W) to (N, classes), with random weights or others; it is called after the seed is set.
        data: training images, of the size that ``preprocess`` gives.
        preprocess: from pixels to the network's input.
        settings: defaults when None.
        report: called after each epoch.
        method: plain training when None.

    Returns:
        the network in evaluation mode.

    Raises:
        SumtileError: no compiler for the adder layers, fewer images than a batch, or a loss that is no longer finite.
    """
    settings, method = settings or Settings(), method or Method()
    if len(data) < settings.batch:
        raise SumtileError(f"data set '{data.name}' has {len(data)} images, fewer than a batch of {settings.batch}; give more images or a smaller batch.")
    _check_size(data, preprocess)
    with _threads(settings.threads), torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        model = build().to(memory_format=torch.channels_last)
        optimizer = torch.optim.SGD(model.parameters(), settings.rate, settings.momentum, weight_decay=settings.decay, nesterov=True)
        steps = settings.epochs * (len(data) // settings.batch)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate_factor(step, steps))
        for number in range(1, settings.epochs + 1):
            if method.begin:
                method.begin(model, number)
            epoch = _train_epoch(number, model, optimizer, schedule, data, preprocess, settings, method)
            if report:
                report(epoch)
    return model.eval()


def predict(model: nn.Module, data: Dataset, preprocess: Preprocess) -> np.ndarray:
    """The class of the highest score for each image: int64 (N,)."""
    _check_size(data, preprocess)
    model.eval()
    with torch.inference_mode():
        batches = (data.images[first : first + _EVALUATION_BATCH] for first in range(0, len(data), _EVALUATION_BATCH))
        return np.concatenate([model(torch.from_numpy(preprocess.apply(batch))).argmax(1).numpy() for batch in batches])


def _train_epoch(
    number: int,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    data: Dataset,
    preprocess: Preprocess,
    settings: Settings,
    method: Method,
) -> Epoch:
    began, losses, right, count = time.perf_counter(), 0.0, 0, 0
    model.train()
    for x, labels in _batches(data, preprocess, settings):
        scores = model(x)
        loss = F.cross_entropy(scores, labels)
        if method.penalty:
            loss = loss + method.penalty(model)
        optimizer.zero_grad()
        loss.backward()
        adapt_learning_rates(model, settings.eta)
        optimizer.step()
        schedule.step()
        losses += float(loss.detach()) * len(x)
        right += int((scores.argmax(1) == labels).sum())
        count += len(x)
    if not math.isfinite(losses):
        raise SumtileError(f"the loss was no longer finite in epoch {number}; train with a learning rate below {settings.rate:g}.")
    return Epoch(number, losses / count, right / count, time.perf_counter() - began)


def _batches(data: Dataset, preprocess: Preprocess, settings: Settings) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Batches of random views in a random order; a remainder smaller than a batch is left out of this epoch."""
    images, labels = torch.from_numpy(data.images).permute(0, 3, 1, 2), torch.from_numpy(data.labels)
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (preprocess.mean, preprocess.std))
    for chosen in torch.randperm(len(data))[: len(data) // settings.batch * settings.batch].split(settings.batch):
        views = random_views(images[chosen], settings.shift)
        yield ((views / 255.0 - mean) / std).contiguous(memory_format=torch.channels_last), labels[chosen]


def _rate_factor(step: int, steps: int) -> float:
    return 0.5 * (1 + math.cos(math.pi * step / steps)) * min(1.0, (step + 1) / _WARM_UP_STEPS)


def _check_size(data: Dataset, preprocess: Preprocess) -> None:
    expected = (preprocess.height, preprocess.width, preprocess.channels)
    if data.images.shape[1:] != expected:
        raise SumtileError(f"data set '{data.name}' has images of {data.images.shape[1:]} and the network takes {expected}; resize the images or give another network.")


@contextlib.contextmanager
def _threads(count: int) -> Iterator[None]:
    """Torch works on ``count`` threads for the length of a ``with`` block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
