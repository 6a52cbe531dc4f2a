# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""One node of an ONNX graph: its attributes and inputs with their types checked, and the sentence that refuses it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import AttributeProto

from sumtile.errors import SumtileError
from sumtile.frontend.tensors import checked_shape, printable
from sumtile.frontend.views import View

Value = View | np.ndarray
"""What a tensor of the graph is: computed from the network's input, or known while the model is read."""

Values = tuple[Value, ...]

_FIELDS = {
    AttributeProto.FLOAT: "f",
    AttributeProto.INT: "i",
    AttributeProto.STRING: "s",
    AttributeProto.TENSOR: "t",
    AttributeProto.FLOATS: "floats",
    AttributeProto.INTS: "ints",
    AttributeProto.STRINGS: "strings",
}


@dataclass(frozen=True)
class Call:
    """A node whose inputs are known.

    Attributes:
        name: of the node, or of its first output where it has none.
        op: operator.
        opset: version of its operator set.
        inputs: one entry an input; None for one that is left out.
        outputs: names of the tensors it makes; empty for one that nobody reads.
        input_names: names of the tensors it reads.
    """

    name: str
    op: str
    opset: int
    inputs: tuple[Value | None, ...]
    outputs: tuple[str, ...]
    input_names: tuple[str, ...]
    _attributes: dict[str, Any]

    def refusal(self, found: str, advice: str) -> SumtileError:
        """The exception for a node that cannot be imported: what it has, and what to do."""
        return SumtileError(f"node '{self.name}' ({self.op}) {found}; {advice}.")

    def has(self, name: str) -> bool:
        """Whether an attribute is given."""
        return name in self._attributes

    def integer(self, name: str, default: int) -> int:
        return int(self._attribute(name, AttributeProto.INT, default))

    def real(self, name: str, default: float) -> float:
        """A finite float attribute."""
        value = float(self._attribute(name, AttributeProto.FLOAT, default))
        if not np.isfinite(value):
            raise self.refusal(f"has {value} as its {name}", "a finite number is needed")
        return value

    def text(self, name: str, default: str) -> str:
        value = self._attribute(name, AttributeProto.STRING, default)
        return value.decode(errors="replace") if isinstance(value, bytes) else str(value)

    def integers(self, name: str, default: Sequence[int] | None = None, length: int | None = None) -> tuple[int, ...]:
        """A list of integers; ``length`` is how many there must be."""
        values = self._attribute(name, AttributeProto.INTS, default)
        if values is None:
            raise self.refusal(f"lacks the attribute {name}", "export the model again")
        result = tuple(int(value) for value in values)
        if length is not None and len(result) != length:
            raise self.refusal(f"has {len(result)} entries in {name} instead of {length}", "export the model again")
        return result

    def reals(self, name: str) -> tuple[float, ...]:
        return tuple(float(value) for value in self._attribute(name, AttributeProto.FLOATS, ()))

    def tensor(self, name: str) -> Any:
        """A TensorProto attribute, or None."""
        return self._attribute(name, AttributeProto.TENSOR, None)

    def given(self, index: int) -> bool:
        """Whether there is an input at this place."""
        return index < len(self.inputs) and self.inputs[index] is not None

    def view(self, index: int = 0) -> View:
        """An input that depends on the network's input."""
        value = self._input(index)
        if not isinstance(value, View):
            raise self.refusal(f"has a constant as its input {index}", "only layers that read the network's tensors there can be imported")
        return value

    def constant(self, index: int, what: str) -> np.ndarray:
        """An input that is known while the model is read."""
        value = self._input(index)
        if not isinstance(value, np.ndarray):
            raise self.refusal(f"computes its {what} from the network's input", "only constants can be imported there, so export with fixed parameters")
        return value

    def weights(self, index: int, what: str) -> np.ndarray:
        """A constant as finite float32."""
        values = self.constant(index, what)
        if values.dtype.kind != "f":
            raise self.refusal(f"has {what} of {values.dtype}", "only floating-point weights can be imported")
        with np.errstate(over="ignore"):
            values = values.astype(np.float32, copy=False)
        distinct = values[tuple(slice(None if stride else 1) for stride in values.strides)]  # of one value seen as many, the one
        if not np.isfinite(distinct).all():
            raise self.refusal(f"has {what} that are not finite in float32 (array '{printable(self.input_names[index])}')", "train or export the model again")
        return values

    def indices(self, index: int, what: str, limit: int = 64) -> tuple[int, ...]:
        """A constant list of integers of at most so many entries."""
        values = self.constant(index, what)
        if values.dtype.kind not in "iu" or values.ndim > 1 or values.size > limit:
            raise self.refusal(f"has {what} of {values.dtype} and shape {values.shape}", "a short list of integers is needed")
        return tuple(int(value) for value in values.ravel())

    def cuts(self) -> list[tuple[int, int, int, int]]:
        """What a Slice takes of each axis that it names: (start, end, axis, step)."""
        if self.opset < 10:
            starts, ends = self.integers("starts"), self.integers("ends")
            axes, steps = self.integers("axes", range(len(starts))), (1,) * len(starts)
        else:
            starts, ends = self.indices(1, "starts"), self.indices(2, "ends")
            axes = self.indices(3, "axes") if self.given(3) else tuple(range(len(starts)))
            steps = self.indices(4, "steps") if self.given(4) else (1,) * len(starts)
        if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
            raise self.refusal("has starts, ends, axes and steps that do not fit together", "export the model again")
        return list(zip(starts, ends, axes, steps))

    def scalar(self, index: int, what: str) -> float:
        """A constant of one element."""
        values = self.constant(index, what)
        if values.size != 1:
            raise self.refusal(f"has {what} of shape {values.shape}", "one number is needed")
        return float(values.reshape(()))

    def axis(self, value: int, rank: int) -> int:
        """An axis counted from either end."""
        if not -rank <= value < rank:
            raise self.refusal(f"names axis {value} of a tensor of {rank} axes", "export the model again")
        return value % rank

    def shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """A shape that may be allocated."""
        return checked_shape(tuple(shape), f"the result of node '{self.name}' ({self.op})")

    def _input(self, index: int) -> Value:
        value = self.inputs[index] if index < len(self.inputs) else None
        if value is None:
            raise self.refusal(f"has no input {index}", "export the model again")
        return value

    def _attribute(self, name: str, kind: int, default: Any) -> Any:
        if name not in self._attributes:
            return default
        attribute = self._attributes[name]
        if attribute.type != kind or attribute.ref_attr_name:
            raise self.refusal(f"has an attribute {printable(name)} of another type than {AttributeProto.AttributeType.Name(kind)}", "export the model again")
        return getattr(attribute, _FIELDS[kind])


def read_call(node: Any, opset: int, lookup: Callable[[str], Value], needed: set[str]) -> Call:
    """The call of a NodeProto.

    Args:
        opset: version of the node's operator set.
        lookup: from the name of a tensor to its value.
        needed: names of the tensors that are read by anyone.
    """
    outputs = tuple(name if name in needed else "" for name in node.output)
    name = printable(node.name) or printable(next((output for output in node.output if output), "")) or "without a name"
    attributes = {attribute.name: attribute for attribute in node.attribute}
    inputs = tuple(lookup(name) if name else None for name in node.input)
    return Call(name, printable(node.op_type), opset, inputs, outputs, tuple(node.input), attributes)
