# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The network while it grows: nodes with unique names, the size of every tensor, and views turned into tensors."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sumtile.errors import SumtileError
from sumtile.frontend.call import Call
from sumtile.frontend.views import BATCH, CHANNELS, HEIGHT, WIDTH, View, plain
from sumtile.network.graph import INPUT, SIDE_MAX, Flatten, Grid, Node, Select

MAP_ELEMENTS_MAX = 1 << 26
"""Largest number of elements of a tensor of the network, for one image."""

CHANNELS_MAX = 1 << 20
"""Most channels of a map, or elements of a flat tensor."""

WEIGHTS_MAX = 1 << 28
"""Most elements of all arrays of a network together, 1 GiB in float32."""

NODES_MAX = 20_000
"""Most nodes of a network."""


class Builder:
    """Collects the nodes of a network.

    Attributes:
        nodes: in order.
        grids: of tensors and weights, by the names of ``Network.grids``.
        batch: images that the file's tensors have.
        readers: how often each tensor of the file is read.
        flat_names: for a map, the name of the node that flattens it.
        constant_grids: of constants that were quantized, by their names in the file; the scale has as many axes as they.
    """

    def __init__(self, extents: tuple[int, ...], batch: int) -> None:
        self.nodes: list[Node] = []
        self.grids: dict[str, Grid] = {}
        self.batch = batch
        self.readers: Counter[str] = Counter()
        self.flat_names: dict[str, str] = {}
        self.constant_grids: dict[str, Grid] = {}
        self._aliases: dict[str, set[str]] = {}
        self._extents = {INPUT: extents}
        self._same_names: Counter[str] = Counter()
        self._weights = 0
        self._arranged: dict[tuple[str, bytes], str] = {}

    def name(self, wanted: str) -> str:
        """A name that no tensor has yet."""
        wanted = name = wanted.lstrip("/") or "node"
        while name in self._extents:
            self._same_names[wanted] += 1
            name = f"{wanted}.{self._same_names[wanted]}"
        return name

    def add(self, call: Call, node: Node, extents: tuple[int, ...], like: View | None = None) -> View:
        """Appends a node and gives its result.

        Args:
            extents: shape of the node's tensor without the batch.
            like: the view that the result has, of another tensor of the same shape; by default the tensor as it lies.

        Raises:
            SumtileError: the node is broken in itself, its tensor is too large or empty, or the network becomes too large.
        """
        if min(extents) < 1 or extents[0] > CHANNELS_MAX or max(extents[1:], default=1) > SIDE_MAX or math.prod(extents) > MAP_ELEMENTS_MAX:
            limits = f"1 to {CHANNELS_MAX} channels, sides of 1 to {SIDE_MAX} and {MAP_ELEMENTS_MAX} elements are the limits"
            raise call.refusal(f"makes a tensor of {list(extents)} elements", limits)
        self._weights += sum(array.size for array in vars(node).values() if isinstance(array, np.ndarray))
        if self._weights > WEIGHTS_MAX or len(self.nodes) >= NODES_MAX:
            raise call.refusal("makes the network too large", f"{NODES_MAX} nodes and {WEIGHTS_MAX} weights are the limits")
        try:
            node.check()
        except SumtileError as error:
            raise call.refusal(f"cannot be imported: {str(error).rstrip('.')}", "correct the model") from None
        self._extents[node.name] = extents
        self.nodes.append(node)
        return plain(node.name, extents, self.batch) if like is None else replace(like, tensor=node.name)

    def alias(self, name: str, view: View) -> None:
        """Notes that a tensor of the file lies in a tensor of the network."""
        self._aliases.setdefault(view.tensor, set()).add(name)

    def read_once(self, view: View) -> bool:
        """Whether only one node reads the network's tensor, under whatever name."""
        names = self._aliases.get(view.tensor, set())  # none for a tensor that an earlier reader had put in order
        return bool(names) and sum(self.readers[name] for name in names) - (len(names) - 1) == 1  # all names but one come from a reader that only renames

    def input(self, call: Call, index: int = 0) -> View:
        """An input as (N, C), (N, C, H, W) or (N, C, W), every axis whole and in order.

        Raises:
            SumtileError: no node of a network makes that of the view.
        """
        return self.arranged(call, call.view(index))

    def map(self, call: Call, index: int = 0) -> View:
        """An input as a map (N, C, H, W) or, for one-dimensional networks, (N, C, W)."""
        view = call.view(index)
        if len(view.extents) != 3 or len(view.axes) not in (3, 4):
            raise call.refusal(f"reads a tensor of shape {list(view.shape)}", "only maps of channels, height and width, or channels and width, can be imported there")
        return self.arranged(call, view)

    def channels_second(self, call: Call, index: int = 0) -> View:
        """An input whose second axis has all channels in order; the others may be anything."""
        view = call.view(index)
        return view if len(view.axes) > 1 and len(view.axes[1]) and view.axes[1] == view.whole(CHANNELS) else self.arranged(call, view)

    def flat(self, call: Call, index: int = 0) -> tuple[str, np.ndarray | None]:
        """An input of two axes as a flat tensor whose elements may lie in another order.

        Returns:
            the tensor, and for each element of the ONNX tensor its place in it; None where they agree.
        """
        view = call.view(index)
        self._check_batch(call, view)
        if len(view.axes) != 2:
            raise call.refusal(f"reads a tensor of shape {list(view.shape)}", "only tensors of images and elements can be imported there")
        return self._flat(call, view)

    def arranged(self, call: Call, view: View) -> View:
        """The same ONNX tensor with its axes whole and in order: nodes are added where channels moved or a map becomes flat."""
        self._check_batch(call, view)
        if len(view.axes) == 2:
            tensor, order = self._flat(call, view)
            return self._selected(call, plain(tensor, self._extents[tensor], self.batch), order)
        if len(view.extents) == 3 and self._is_map(view):
            order = None if view.axes[1] == view.whole(CHANNELS) else view.order(view.axes[1:2]) // math.prod(view.extents[1:])
            return self._selected(call, replace(view, axes=(view.axes[0], view.whole(CHANNELS), *view.axes[2:])), order)
        raise call.refusal(
            f"reads a tensor of shape {list(view.shape)} whose axes were rearranged in a way that is not imported", "export the model with maps as images, channels, height, width"
        )

    def _is_map(self, view: View) -> bool:
        """Whether the channels come second and the sides of the map follow in order."""
        letters = (HEIGHT, WIDTH) if len(view.axes) == 4 else (WIDTH,)
        if len(view.axes) not in (3, 4) or (len(view.axes) == 3 and view.extents[1] != 1) or not view.holds(1, CHANNELS):
            return False
        return all(view.axes[place] == view.whole(letter) for place, letter in enumerate(letters, 2))

    def _check_batch(self, call: Call, view: View) -> None:
        if len(view.axes) < 2 or [atom.axis for atom in view.axes[0]] != [BATCH]:
            raise call.refusal(f"reads a tensor of shape {list(view.shape)} whose first axis is not that of the images", "keep the images on the first axis")

    def _flat(self, call: Call, view: View) -> tuple[str, np.ndarray | None]:
        whole = tuple(atom for letter in (CHANNELS, HEIGHT, WIDTH) for atom in view.whole(letter))
        order = None if view.axes[1] == whole else view.order(view.axes[1:])
        if order is not None and order.size != math.prod(view.extents):
            raise call.refusal(f"reads a tensor of shape {list(view.shape)}", "the elements of different images cannot be mixed")
        return self._flattened(call, view), order

    def _selected(self, call: Call, view: View, order: np.ndarray | None) -> View:
        if order is None:
            return view
        wanted = f"{view.tensor}.select"
        return replace(view, tensor=self._once(call, wanted, view.tensor, order.tobytes(), lambda name: Select(name, (view.tensor,), order), view.extents))

    def _flattened(self, call: Call, view: View) -> str:
        if len(view.extents) == 1:
            return view.tensor
        wanted = self.flat_names.get(view.tensor, f"{view.tensor}.flatten")
        return self._once(call, wanted, view.tensor, b"flat", lambda name: Flatten(name, (view.tensor,)), (math.prod(view.extents),))

    def _once(self, call: Call, wanted: str, tensor: str, what: bytes, make: Callable[[str], Node], extents: tuple[int, ...]) -> str:
        """The tensor that such a node makes of a tensor; a second reader takes that of the first."""
        if (tensor, what) not in self._arranged:
            self._arranged[tensor, what] = self.add(call, make(self.name(wanted)), extents).tensor
        return self._arranged[tensor, what]
