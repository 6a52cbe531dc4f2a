# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""How an ONNX tensor lies in a tensor of the network: reshapes and transposes that only rename are never computed.

A tensor of the network is (N, C) or (N, C, H, W). An ONNX tensor is a :class:`View` of it: each of its axes is a row of
:class:`Atom`, pieces of the network tensor's axes, the slowest first. A reshape splits and joins atoms, a transpose moves
axes. Only a layer that needs its channels in their place turns a view into nodes: Flatten, or Select for channels that
moved (so a channel shuffle, which is reshape, transpose, reshape, becomes one Select).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

BATCH, CHANNELS, HEIGHT, WIDTH = "N", "C", "H", "W"


@dataclass(frozen=True)
class Atom:
    """Index i of this atom contributes ``i * step`` to the index on ``axis`` of the network tensor."""

    axis: str
    size: int
    step: int = 1


Axis = tuple[Atom, ...]


class NoViewError(Exception):
    """A rearrangement that no view describes; the text says why."""


@dataclass(frozen=True)
class View:
    """An ONNX tensor that lies in the network tensor ``tensor``.

    Attributes:
        tensor: its name.
        extents: its shape without the batch: (channels,) of a flat one, (channels, height, width) of a map.
        axes: one entry an axis of the ONNX tensor; an axis of size 1 has no atoms, except that the batch always has one.
    """

    tensor: str
    extents: tuple[int, ...]
    axes: tuple[Axis, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the ONNX tensor, batch included."""
        return tuple(math.prod(atom.size for atom in axis) for axis in self.axes)

    @property
    def channels(self) -> int:
        """Channels of the network tensor."""
        return self.extents[0]

    @property
    def batch(self) -> Atom:
        """The atom of the batch."""
        return next(atom for axis in self.axes for atom in axis if atom.axis == BATCH)

    def whole(self, letter: str) -> Axis:
        """The axis that is all of one axis of the network tensor, in order."""
        size = dict(zip(_LETTERS, self.extents)).get(letter, 1)
        return () if size == 1 else (Atom(letter, size),)

    def holds(self, axis: int, letter: str) -> bool:
        """Whether an axis has all of one axis of the network tensor and nothing else, in whatever order."""
        size = dict(zip(_LETTERS, self.extents)).get(letter, 1)
        return all(atom.axis == letter for atom in self.axes[axis]) and self.shape[axis] == size

    @property
    def is_whole(self) -> bool:
        """Whether every axis of the network tensor is one of these axes, in whatever order."""
        whole = [(self.batch,), *(self.whole(letter) for letter in _LETTERS)]
        return sorted(map(str, filter(None, self.axes))) == sorted(map(str, filter(None, whole)))

    @property
    def in_order(self) -> bool:
        """Whether the elements follow each other as in the network tensor."""
        try:
            joined = self.reshaped((self.batch.size, math.prod(self.extents)))
        except NoViewError:
            return False
        return joined.axes[0] == (self.batch,) and joined.axes[1] == tuple(atom for letter in _LETTERS for atom in self.whole(letter))

    def only_channels(self, axis: int) -> bool:
        """Whether an axis has pieces of the channels, or nothing."""
        return all(atom.axis == CHANNELS for atom in self.axes[axis])

    def order(self, axes: tuple[Axis, ...]) -> np.ndarray:
        """For each index of these axes joined, the index in the network tensor without its batch: integers of shape (size,)."""
        strides = {letter: math.prod(self.extents[place + 1 :]) for place, letter in enumerate(_LETTERS[: len(self.extents)])}
        index = np.zeros(1, np.int64)
        for atom in (atom for axis in axes for atom in axis):
            index = (index[:, None] + np.arange(atom.size) * (atom.step * strides[atom.axis])).ravel()
        return index

    def transposed(self, order: tuple[int, ...]) -> View:
        """Axis i of the result is axis ``order[i]``."""
        if sorted(order) != list(range(len(self.axes))):
            raise NoViewError(f"the order {order} is no permutation of {len(self.axes)} axes")
        return View(self.tensor, self.extents, tuple(self.axes[axis] for axis in order))

    def squeezed(self, axes: set[int]) -> View:
        """Without these axes, which must be of size 1 and not the batch."""
        for axis in axes:
            if self.axes[axis]:
                raise NoViewError("an axis that holds the batch or is larger than 1 cannot be dropped")
        return View(self.tensor, self.extents, tuple(axis for place, axis in enumerate(self.axes) if place not in axes))

    def unsqueezed(self, axes: set[int]) -> View:
        """With axes of size 1 at these places of the result."""
        old = iter(self.axes)
        return View(self.tensor, self.extents, tuple(() if place in axes else next(old) for place in range(len(self.axes) + len(axes))))

    def reshaped(self, shape: tuple[int, ...]) -> View:
        """In another shape with as many elements."""
        if math.prod(shape) != math.prod(self.shape):
            raise NoViewError(f"{list(self.shape)} has another number of elements than {list(shape)}")
        rest = [atom for axis in self.axes for atom in axis][::-1]
        axes = tuple(_take(rest, size) for size in shape)
        if rest:
            raise NoViewError("the batch would be lost")
        return View(self.tensor, self.extents, axes)


def plain(tensor: str, extents: tuple[int, ...], batch: int, rank: int | None = None) -> View:
    """A network tensor as it lies: (N, C), (N, C, H, W), or with ``rank`` 3 and a height of 1 (N, C, W)."""
    letters = (CHANNELS, WIDTH) if rank == 3 else _LETTERS[: len(extents)]
    view = View(tensor, extents, ())
    return View(tensor, extents, ((Atom(BATCH, batch),), *(view.whole(letter) for letter in letters)))


_LETTERS = (CHANNELS, HEIGHT, WIDTH)


def _take(rest: list[Atom], size: int) -> Axis:
    """An axis of that size from the atoms that are left (the next one is the last of the list)."""
    taken: list[Atom] = []
    while rest and (size > 1 or (not taken and rest[-1].size == 1)):
        atom = rest.pop()
        if size % atom.size == 0:
            taken.append(atom)
            size //= atom.size
        elif atom.size % size == 0:
            inner = atom.size // size
            taken.append(Atom(atom.axis, size, atom.step * inner))
            rest.append(Atom(atom.axis, inner, atom.step))
            size = 1
        else:
            raise NoViewError("it would cut axes at places that do not divide them")
    if size > 1:
        raise NoViewError("it would cut axes at places that do not divide them")
    return _joined(taken)


def _joined(atoms: list[Atom]) -> Axis:
    """Neighbours that continue each other become one atom."""
    result: list[Atom] = []
    for atom in atoms:
        last = result[-1] if result else None
        if last is not None and last.axis == atom.axis != BATCH and last.step == atom.size * atom.step:
            result[-1] = Atom(atom.axis, last.size * atom.size, atom.step)
        else:
            result.append(atom)
    return tuple(result)
