# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Buffers are shared, but never by tensors that live at the same time."""

from __future__ import annotations

import numpy as np
import pytest

from sumtile.compiler.buffers import assign_buffers


def random_steps(seed: int) -> list[tuple[list[str], str]]:
    """A chain with random second readers of older tensors."""
    random = np.random.default_rng(seed)
    names = ["t0"]
    steps = []
    for index in range(1, int(random.integers(2, 14))):
        reads = [names[-1]]
        if random.random() < 0.5:
            reads.append(str(random.choice(names)))
        names.append(f"t{index}")
        steps.append((reads, names[-1]))
    return steps


@pytest.mark.parametrize("seed", range(100))
def test_no_tensor_is_overwritten_before_its_last_reader(seed: int) -> None:
    steps = random_steps(seed)
    sizes = {name: int(size) for name, size in zip([f"t{i}" for i in range(20)], np.random.default_rng(seed).integers(1, 100, 20))}
    last = steps[-1][1]
    buffers = assign_buffers(steps, sizes, "t0", last)
    holds = {buffers["t0"]: "t0"}
    for reads, target in steps:
        for name in reads:
            assert holds[buffers[name]] == name, f"seed {seed}: {name} was overwritten before {target} read it"
        assert buffers[target] not in {buffers[name] for name in reads}, f"seed {seed}: {target} overwrites what it is made of"
        holds[buffers[target]] = target
    assert holds[buffers[last]] == last
    assert sorted(set(buffers.values())) == list(range(max(buffers.values()) + 1))


def test_a_plain_chain_needs_two_buffers() -> None:
    steps = [([f"t{i}"], f"t{i + 1}") for i in range(6)]
    buffers = assign_buffers(steps, dict.fromkeys([f"t{i}" for i in range(7)], 8), "t0", "t6")
    assert set(buffers.values()) == {0, 1}
