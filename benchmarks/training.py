# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Speed of the adder layers' training: compiled loops against torch's own operations, and a whole training step.

Run ``python benchmarks/training.py [--threads N]``. Every time is the best of several repetitions, so that other work on
the machine disturbs little; ratios compare times of one run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F

from sumtile.train import adapt_learning_rates, lenet5_adder
from sumtile.train.loops import Loops, TorchLoops, compiled_loops

BATCH = 128
LAYERS = {
    "16x14x14 -> 32, 3x3": ((16, 16, 16), 32, 3),
    "32x7x7 -> 64, 3x3": ((32, 9, 9), 64, 3),
    "16x14x14 -> 32, 5x5": ((16, 18, 18), 32, 5),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="processor threads (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=5, help="repetitions, the best counts (default: %(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    print(f"batch of {BATCH}, {options.threads} thread(s), torch {torch.__version__}\n")
    compare_layers(options.repeat)
    time_step(options.repeat)


def compare_layers(repeat: int) -> None:
    print(f"{'adder layer':22}{'pass':16}{'compiled':>10}{'':>12}{'torch':>11}{'faster':>9}")
    for name, (shape, outputs, kernel) in LAYERS.items():
        x, weight = torch.relu(torch.randn(BATCH, *shape)), torch.randn(outputs, shape[0], kernel, kernel)
        gradient = compiled_loops().forward(x, weight, (1, 1), (1, 1))
        operations = gradient.numel() * weight[0].numel()
        for label, run in _passes(x, weight, gradient).items():
            fast, slow = best(lambda run=run: run(compiled_loops()), repeat), best(lambda run=run: run(TorchLoops()), 2)
            print(f"{name:22}{label:16}{fast * 1e3:7.2f} ms{operations / fast / 1e9:7.1f} GMAC/s{slow * 1e3:8.0f} ms{slow / fast:8.0f}x")
        product = best(lambda x=x, weight=weight, gradient=gradient: torch.nn.grad.conv2d_weight(x, list(weight.shape), gradient), repeat)
        print(f"{name:22}{'weight gradient':16}{product * 1e3:7.2f} ms{operations / product / 1e9:7.1f} GMAC/s")


def _passes(x: torch.Tensor, weight: torch.Tensor, gradient: torch.Tensor) -> dict[str, Callable[[Loops], torch.Tensor]]:
    return {
        "forward": lambda loops: loops.forward(x, weight, (1, 1), (1, 1)),
        "input gradient": lambda loops: loops.input_gradient(x, weight, gradient, (1, 1), (1, 1)),
    }


def time_step(repeat: int) -> None:
    model = lenet5_adder().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    x, labels = torch.rand(BATCH, 1, 28, 28), torch.randint(0, 10, (BATCH,))

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(model(x), labels).backward()
        adapt_learning_rates(model)
        optimizer.step()

    seconds = best(step, 4 * repeat)
    print(f"\ntraining step of the LeNet-5: {seconds * 1e3:.1f} ms, {BATCH / seconds:,.0f} images/s, {60000 / BATCH * seconds:.0f} s for 60,000 images")


def best(run: Callable[[], object], repeat: int) -> float:
    """Seconds of the fastest of ``repeat`` calls, after one to warm up."""
    run()
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return min(times)


if __name__ == "__main__":
    main()
