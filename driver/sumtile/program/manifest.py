# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A program as plain JSON values beside a list of arrays, and back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from sumtile.errors import SumtileError
from sumtile.fields import from_json
from sumtile.kernels.fc import Factor, FcLayer
from sumtile.kernels.host import OPERATIONS
from sumtile.kernels.layer import Layer, Requantization
from sumtile.network.graph import Preprocess
from sumtile.program.check import check_program
from sumtile.program.program import Program
from sumtile.program.steps import FcStep, HostStep, Step, Tensor

_REQUANTIZATION_DTYPES = {"mul": "<i2", "shift": "<u1", "add": "<i4"}


class Arrays:
    """Collects arrays; the JSON side refers to them by index."""

    def __init__(self) -> None:
        self.items: list[np.ndarray] = []

    def add(self, array: np.ndarray, dtype: str | None = None) -> int:
        """Keeps an array in C order and little endian, and returns its index."""
        dtype = dtype or array.dtype.newbyteorder("<").str
        self.items.append(np.ascontiguousarray(array, dtype))
        return len(self.items) - 1


def program_to_dict(program: Program, arrays: Arrays) -> dict[str, Any]:
    """JSON values of a program; its arrays go to ``arrays``."""
    return {
        "name": program.name,
        "overlay": program.overlay,
        "board": program.board,
        "stamp": program.stamp,
        "data_bits": program.data_bits,
        "scheme": program.scheme,
        "preprocess": asdict(program.preprocess),
        "classes": program.classes,
        "tensors": [asdict(tensor) for tensor in program.tensors.values()],
        "steps": [_step_to_dict(step, arrays) for step in program.steps],
        "input": program.input,
        "output": program.output,
    }


def program_from_dict(raw: object, arrays: list[np.ndarray]) -> Program:
    """The inverse of :func:`program_to_dict`; SumtileError when the values are of another kind or do not fit together."""
    described = from_json(_Described, raw, "the program")
    tensors = {tensor.name: tensor for tensor in described.tensors}
    if len(tensors) != len(described.tensors):
        raise SumtileError("two tensors of the program have one name; compile the network again.")
    steps = tuple(_step(entry, f"step {index} of the program", arrays) for index, entry in enumerate(described.steps))
    plain = {field.name: getattr(described, field.name) for field in fields(_Described)}
    program = Program(**{**plain, "tensors": tensors, "steps": steps})
    check_program(program)
    return program


@dataclass(frozen=True)
class _DescribedRequantization:
    """Indices of the arrays of one step's requantization."""

    mul: int
    shift: int
    add: int


@dataclass(frozen=True)
class _DescribedStep:
    """A step with the indices of its arrays."""

    name: str
    layer: Layer
    source: str
    residual: str | None
    target: str
    weights: int
    requantization: _DescribedRequantization


@dataclass(frozen=True)
class _DescribedFactor:
    """Indices of the arrays of one factor."""

    weights: int
    requantization: _DescribedRequantization


@dataclass(frozen=True)
class _DescribedFcStep:
    """A fully connected step with the indices of its arrays."""

    name: str
    layer: FcLayer
    source: str
    target: str
    factors: tuple[_DescribedFactor, ...]


@dataclass(frozen=True)
class _DescribedHostStep:
    """A host step whose operation is still an object."""

    name: str
    operation: dict[str, Any]
    sources: tuple[str, ...]
    target: str


@dataclass(frozen=True)
class _Described:
    """A program as its JSON object has it."""

    name: str
    overlay: str
    board: str
    stamp: int
    data_bits: int
    scheme: str
    preprocess: Preprocess
    classes: tuple[str, ...]
    tensors: tuple[Tensor, ...]
    steps: tuple[dict[str, Any], ...]
    input: str
    output: str


def _step_to_dict(step: Step | FcStep | HostStep, arrays: Arrays) -> dict[str, Any]:
    if isinstance(step, HostStep):
        operation = {"type": type(step.operation).__name__, **asdict(step.operation)}  # type: ignore[call-overload]  # every operation is a dataclass
        return {"name": step.name, "operation": operation, "sources": step.sources, "target": step.target}
    if isinstance(step, FcStep):
        factors = [{"weights": arrays.add(factor.weights), "requantization": _requantization_to_dict(factor.requantization, arrays)} for factor in step.factors]
        return {"name": step.name, "layer": asdict(step.layer), "source": step.source, "target": step.target, "factors": factors}
    return {
        "name": step.name,
        "layer": asdict(step.layer),
        "source": step.source,
        "residual": step.residual,
        "target": step.target,
        "weights": arrays.add(step.weights),
        "requantization": _requantization_to_dict(step.requantization, arrays),
    }


def _requantization_to_dict(requantization: Requantization, arrays: Arrays) -> dict[str, int]:
    return {name: arrays.add(getattr(requantization, name), dtype) for name, dtype in _REQUANTIZATION_DTYPES.items()}


def _step(entry: dict[str, Any], what: str, arrays: list[np.ndarray]) -> Step | FcStep | HostStep:
    if "operation" in entry:
        return _host_step(entry, what)
    return _fc_step(entry, what, arrays) if "factors" in entry else _engine_step(entry, what, arrays)


def _host_step(entry: dict[str, Any], what: str) -> HostStep:
    described = from_json(_DescribedHostStep, entry, what)
    kind = described.operation.get("type")
    if not isinstance(kind, str) or kind not in OPERATIONS:
        raise SumtileError(f"step '{described.name}' has an operation of type {kind!r}, but it must be one of {', '.join(OPERATIONS)}; compile the network again.")
    settings = {name: value for name, value in described.operation.items() if name != "type"}
    return HostStep(described.name, from_json(OPERATIONS[kind], settings, f"the operation of step '{described.name}'"), described.sources, described.target)


def _engine_step(entry: dict[str, Any], what: str, arrays: list[np.ndarray]) -> Step:
    described = from_json(_DescribedStep, entry, what)
    weights, requantization = _array(described.weights, described.name, arrays), _requantization(described.requantization, described.name, arrays)
    return Step(described.name, described.layer, described.source, described.residual, described.target, weights, requantization)


def _fc_step(entry: dict[str, Any], what: str, arrays: list[np.ndarray]) -> FcStep:
    described = from_json(_DescribedFcStep, entry, what)
    factors = tuple(Factor(_array(each.weights, described.name, arrays), _requantization(each.requantization, described.name, arrays)) for each in described.factors)
    return FcStep(described.name, described.layer, described.source, described.target, factors)


def _requantization(described: _DescribedRequantization, step: str, arrays: list[np.ndarray]) -> Requantization:
    return Requantization(**{name: _array(index, step, arrays).astype(np.int64) for name, index in asdict(described).items()})


def _array(index: int, step: str, arrays: list[np.ndarray]) -> np.ndarray:
    if not 0 <= index < len(arrays):
        raise SumtileError(f"step '{step}' names array {index}, but there are {len(arrays)}; compile the network again.")
    return arrays[index]
