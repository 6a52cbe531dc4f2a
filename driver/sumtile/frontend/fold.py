# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Operators on constants, evaluated while the model is read; every result's size is checked before it is made."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sumtile.errors import SumtileError
from sumtile.frontend.call import Call
from sumtile.frontend.tensors import DTYPES, read_tensor, type_name
from sumtile.frontend.views import View

BUDGET = 1 << 28
"""Most elements of all arrays that are read or evaluated, together."""

Fold = Callable[[Call], np.ndarray]

_UNARY: dict[str, Callable[..., np.ndarray]] = {"Neg": np.negative, "Sqrt": np.sqrt, "Exp": np.exp, "Floor": np.floor, "Ceil": np.ceil, "Abs": np.abs, "Not": np.logical_not}
_BINARY: dict[str, Callable[..., np.ndarray]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Pow": np.power,
    "Min": np.minimum,
    "Max": np.maximum,
    "Equal": np.equal,
    "Greater": np.greater,
    "Less": np.less,
    "And": np.logical_and,
    "Or": np.logical_or,
}


def fold(call: Call, folder: Path | None) -> np.ndarray | None:
    """The result of a call whose inputs are all constants; None for an operator that is not evaluated.

    Raises:
        SumtileError: inputs that do not fit together, or a result that is too large.
    """
    if call.op == "Constant":
        return _constant(call, folder)
    if call.op == "ConstantOfShape":
        return _constant_of_shape(call, folder)
    function = _FOLDS.get(call.op)
    if function is None and call.op not in _UNARY and call.op not in _BINARY:
        return None
    try:
        with np.errstate(all="ignore"):
            if function is not None:
                return np.asarray(function(call))
            if call.op in _UNARY:
                return np.asarray(_UNARY[call.op](_inputs(call, 1)[0]))
            return _binary(call)
    except (ValueError, IndexError, TypeError, OverflowError, MemoryError, ZeroDivisionError) as error:
        raise call.refusal(f"cannot be evaluated on its constants ({error})", "correct the model") from None


def fold_shape(call: Call) -> np.ndarray | None:
    """The shape of a tensor that depends on the network's input, which is known all the same; None for other calls."""
    x = call.inputs[0] if call.inputs else None
    if call.op not in ("Shape", "Size") or not isinstance(x, View):
        return None
    return np.array(x.shape, np.int64)[_part(call, len(x.shape))] if call.op == "Shape" else np.array(math.prod(x.shape), np.int64)


def _constant(call: Call, folder: Path | None) -> np.ndarray:
    if call.has("value"):
        return read_tensor(call.tensor("value"), folder)
    if call.has("value_float"):
        return np.array(call.real("value_float", 0.0), np.float32)
    if call.has("value_int"):
        return np.array(call.integer("value_int", 0), np.int64)
    if call.has("value_floats"):
        return np.array(call.reals("value_floats"), np.float32)
    if call.has("value_ints"):
        return np.array(call.integers("value_ints"), np.int64)
    raise call.refusal("has no value that is read", "store the constant as a tensor of numbers")


def _constant_of_shape(call: Call, folder: Path | None) -> np.ndarray:
    """One value seen as many; nothing is allocated."""
    shape = call.shape(call.indices(0, "a shape"))
    value = read_tensor(call.tensor("value"), folder) if call.has("value") else np.zeros(1, np.float32)
    if value.size != 1:
        raise call.refusal(f"has a value of shape {value.shape}", "one number is needed")
    return np.broadcast_to(value.reshape(()), shape)


def _binary(call: Call) -> np.ndarray:
    left, right = _inputs(call, 2)
    if left.dtype != right.dtype:
        raise call.refusal(f"combines constants of {left.dtype} and {right.dtype}", "one element type is needed")
    call.shape(np.broadcast_shapes(left.shape, right.shape))
    return np.asarray(_BINARY[call.op](left, right))


def _div(call: Call) -> np.ndarray:
    left, right = _inputs(call, 2)
    call.shape(np.broadcast_shapes(left.shape, right.shape))
    if left.dtype.kind == "f":
        return np.asarray(left / right)
    if not np.all(right):
        raise call.refusal("divides by zero", "correct the model")
    return np.asarray(np.trunc(np.true_divide(left, right)).astype(left.dtype))  # integers are divided towards zero


def _cast(call: Call) -> np.ndarray:
    kind = call.integer("to", 0)
    if kind not in DTYPES:
        raise call.refusal(f"converts constants to {type_name(kind)}", "only numbers are read")
    return _inputs(call, 1)[0].astype(DTYPES[kind])


def _gather(call: Call) -> np.ndarray:
    data, indices = _inputs(call, 2)
    axis = call.axis(call.integer("axis", 0), data.ndim)
    if indices.dtype.kind not in "iu":
        raise call.refusal(f"has indices of {indices.dtype}", "integers are needed")
    call.shape(data.shape[:axis] + indices.shape + data.shape[axis + 1 :])
    return np.take(data, indices, axis)


def _concat(call: Call) -> np.ndarray:
    parts = _inputs(call, len(call.inputs))
    axis = call.axis(call.integer("axis", 1), parts[0].ndim)
    call.shape([sum(part.shape[axis] for part in parts), parts[0].size // max(parts[0].shape[axis], 1)])
    return np.concatenate(parts, axis)


def _squeeze(call: Call) -> np.ndarray:
    data, axes = call.constant(0, "data"), _axes(call)
    return np.squeeze(data, None if axes is None else tuple(axes))


def _unsqueeze(call: Call) -> np.ndarray:
    axes = _axes(call) or ()
    if len(axes) > 8:
        raise call.refusal(f"adds {len(axes)} axes", "up to 8 are read")
    return np.expand_dims(call.constant(0, "data"), tuple(axes))


def _axes(call: Call) -> tuple[int, ...] | None:
    return call.indices(1, "axes") if call.given(1) else (call.integers("axes") if call.has("axes") else None)


def _reshape(call: Call) -> np.ndarray:
    data, wanted = call.constant(0, "data"), call.indices(1, "a shape")
    shape = [data.shape[place] if size == 0 and not call.integer("allowzero", 0) else size for place, size in enumerate(wanted)]
    return data.reshape(shape)


def _flatten(call: Call) -> np.ndarray:
    data = call.constant(0, "data")
    axis = call.integer("axis", 1)
    return data.reshape(math.prod(data.shape[:axis]), -1)


def _transpose(call: Call) -> np.ndarray:
    data = call.constant(0, "data")
    return np.asarray(np.transpose(data, call.integers("perm", range(data.ndim)[::-1])))


def _slice(call: Call) -> np.ndarray:
    data = call.constant(0, "data")
    cut = [slice(None)] * data.ndim
    for start, end, axis, step in call.cuts():
        cut[call.axis(axis, data.ndim)] = slice(start, None if step < 0 and end < -data.shape[axis] else end, step)
    return data[tuple(cut)]


def _expand(call: Call) -> np.ndarray:
    data = call.constant(0, "data")
    return np.broadcast_to(data, call.shape(np.broadcast_shapes(data.shape, call.indices(1, "a shape"))))


def _tile(call: Call) -> np.ndarray:
    data, repeats = call.constant(0, "data"), call.indices(1, "repeats")
    if len(repeats) != data.ndim:
        raise call.refusal(f"repeats {data.ndim} axes {list(repeats)} times", "one number an axis is needed")
    call.shape([size * times for size, times in zip(data.shape, repeats)])
    return np.tile(data, repeats)


def _range(call: Call) -> np.ndarray:
    start, limit, delta = (call.scalar(index, what) for index, what in enumerate(("a start", "a limit", "a step")))
    count = max(math.ceil((limit - start) / delta), 0)
    call.shape([count])
    return (start + np.arange(count) * delta).astype(call.constant(0, "a start").dtype)


def _where(call: Call) -> np.ndarray:
    parts = _inputs(call, 3)
    call.shape(np.broadcast_shapes(*(part.shape for part in parts)))
    return np.asarray(np.where(parts[0].astype(bool), parts[1], parts[2]))


def _shape(call: Call) -> np.ndarray:
    data = call.constant(0, "data")
    return np.array(data.shape, np.int64)[_part(call, data.ndim)]


def _size(call: Call) -> np.ndarray:
    return np.array(call.constant(0, "data").size, np.int64)


def _part(call: Call, rank: int) -> slice:
    """What Shape gives of a shape since opset 15."""
    return slice(call.integer("start", 0), call.integer("end", rank))


def _inputs(call: Call, count: int) -> list[np.ndarray]:
    if len(call.inputs) != count or not count:
        raise call.refusal(f"has {len(call.inputs)} inputs instead of {max(count, 1)}", "export the model again")
    return [call.constant(index, "input") for index in range(count)]


def _same(call: Call) -> np.ndarray:
    return call.constant(0, "data")


_FOLDS: dict[str, Fold] = {
    "Identity": _same,
    "Dropout": _same,
    "Div": _div,
    "Cast": _cast,
    "Gather": _gather,
    "Concat": _concat,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Transpose": _transpose,
    "Slice": _slice,
    "Expand": _expand,
    "Tile": _tile,
    "Range": _range,
    "Where": _where,
    "Shape": _shape,
    "Size": _size,
}


class Budget:
    """What all arrays that are read or evaluated may hold together, so that many of them cannot do what one may not."""

    def __init__(self) -> None:
        self._left = BUDGET

    def spend(self, array: np.ndarray, what: str) -> np.ndarray:
        """The array; SumtileError when there are too many. One value seen as many costs nothing."""
        if 0 not in array.strides or array.size == 1:
            self._left -= array.size
        if self._left < 0:
            raise SumtileError(f"{what} is one of so many arrays that they hold more than {BUDGET} elements; make the model smaller.")
        return array
