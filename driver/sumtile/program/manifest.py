# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A program as plain JSON values beside a list of arrays, and back."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

import numpy as np

from sumtile.formats import FixedPoint
from sumtile.kernels.layer import Layer, MapShape, Pool, Requantization, Residual
from sumtile.network.graph import Preprocess
from sumtile.program.program import Program, Step, Tensor

_REQUANTIZATION_DTYPES = {"mul": "<i2", "shift": "<u1", "add": "<i4"}
_PLAIN_LAYER_FIELDS = [field.name for field in fields(Layer) if field.name not in ("ifm", "residual", "pool")]


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
        "preprocess": asdict(program.preprocess),
        "classes": program.classes,
        "tensors": [asdict(tensor) for tensor in program.tensors.values()],
        "steps": [_step_to_dict(step, arrays) for step in program.steps],
        "input": program.input,
        "output": program.output,
    }


def program_from_dict(raw: dict[str, Any], arrays: list[np.ndarray]) -> Program:
    """The inverse of :func:`program_to_dict`; KeyError, TypeError or ValueError where something does not fit together."""
    tensors = {entry["name"]: _tensor(entry) for entry in raw["tensors"]}
    program = Program(
        name=str(raw["name"]),
        overlay=str(raw["overlay"]),
        board=str(raw["board"]),
        stamp=int(raw["stamp"]),
        preprocess=_preprocess(raw["preprocess"]),
        classes=tuple(map(str, raw["classes"])),
        tensors=tensors,
        steps=tuple(_step(entry, arrays) for entry in raw["steps"]),
        input=raw["input"],
        output=raw["output"],
    )
    _check(program)
    return program


def _check(program: Program) -> None:
    """ValueError unless every step reads tensors that were made before it, in the shapes and numbers that it needs."""
    made = {program.input}
    for step in program.steps:
        layer, target = step.layer, program.tensors[step.target]
        sources = [step.source] if step.residual is None else [step.source, step.residual]
        maps = [program.tensors[name].shape for name in sources]
        rules = [
            (made.issuperset(sources), f"reads one of {sources} before it is made"),
            (maps[0] == layer.ifm or layer.ifm.pixels == 1, f"takes {layer.ifm}, but its source is {maps[0]}"),
            ((step.residual is None) == (layer.residual is None), "names a residual map exactly when its layer adds none"),
            (step.residual is None or maps[-1] == layer.conv, f"adds {maps[-1]} to {layer.conv}"),
            (step.weights.shape == layer.weight_shape, f"has weights of {step.weights.shape} instead of {layer.weight_shape}"),
            (all(getattr(step.requantization, name).shape == (layer.channels,) for name in _REQUANTIZATION_DTYPES), f"has not {layer.channels} requantization parameters"),
            (target.shape == layer.ofm, f"makes {layer.ofm}, but its target is {target.shape}"),
        ]
        for holds, sentence in rules:
            if not holds:
                raise ValueError(f"step '{step.name}' {sentence}")
        made.add(step.target)
    if program.output not in made or not made <= set(program.tensors):
        raise ValueError("no step makes the output")


def _step_to_dict(step: Step, arrays: Arrays) -> dict[str, Any]:
    return {
        "name": step.name,
        "layer": asdict(step.layer),
        "source": step.source,
        "residual": step.residual,
        "target": step.target,
        "weights": arrays.add(step.weights),
        "requantization": {name: arrays.add(getattr(step.requantization, name), dtype) for name, dtype in _REQUANTIZATION_DTYPES.items()},
    }


def _step(raw: dict[str, Any], arrays: list[np.ndarray]) -> Step:
    requantization = {name: arrays[raw["requantization"][name]].astype(np.int64) for name in _REQUANTIZATION_DTYPES}
    return Step(raw["name"], _layer(raw["layer"]), raw["source"], raw["residual"], raw["target"], arrays[raw["weights"]], Requantization(**requantization))


def _layer(raw: dict[str, Any]) -> Layer:
    plain = {name: _tuples(raw[name]) for name in _PLAIN_LAYER_FIELDS}
    residual, pool = raw["residual"], raw["pool"]
    return Layer(
        ifm=MapShape(**raw["ifm"]),
        residual=None if residual is None else Residual(**residual),
        pool=None if pool is None else Pool(**{name: _tuples(value) for name, value in pool.items()}),
        **plain,
    )


def _tensor(raw: dict[str, Any]) -> Tensor:
    return Tensor(raw["name"], MapShape(**raw["shape"]), FixedPoint(**raw["format"]), int(raw["buffer"]))


def _preprocess(raw: dict[str, Any]) -> Preprocess:
    return Preprocess(int(raw["height"]), int(raw["width"]), tuple(map(float, raw["mean"])), tuple(map(float, raw["std"])))


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
