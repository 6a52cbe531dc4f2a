# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Which tensors share a buffer: those that never live at the same time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def assign_buffers(steps: Sequence[tuple[Sequence[str], str]], sizes: Mapping[str, int], first: str, last: str) -> dict[str, int]:
    """Gives every tensor a buffer.

    A tensor lives from the step that makes it to the last one that reads it; a step's result never shares a buffer
    with what the step reads, since both move at once.

    Args:
        steps: for each step in order, the tensors that it reads and the one that it makes.
        sizes: bytes of each tensor.
        first, last: the program's input, which is there before all steps, and its output, which stays after them.

    Returns:
        Indices from 0 without gaps, by tensor.
    """
    last_use = {name: index for index, (reads, _) in enumerate(steps) for name in reads}
    last_use[last] = len(steps)
    buffers = {first: 0}
    capacity = [sizes[first]]
    owner = [first]
    for index, (_, target) in enumerate(steps):
        free = [buffer for buffer, name in enumerate(owner) if last_use.get(name, -1) < index]
        if free:
            chosen = min(free, key=lambda buffer: (max(sizes[target] - capacity[buffer], 0), capacity[buffer]))
            capacity[chosen], owner[chosen] = max(capacity[chosen], sizes[target]), target
        else:
            chosen = len(owner)
            capacity.append(sizes[target])
            owner.append(target)
        buffers[target] = chosen
    return buffers
