# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Dataclasses whose fields hold what their annotations say: built from JSON that someone else wrote, or checked as they are."""

from __future__ import annotations

import functools
import sys
import types
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, ClassVar, TypeVar, Union, get_args, get_origin, get_type_hints

from sumtile.errors import SumtileError

T = TypeVar("T")

_WORDS = {int: "an integer", float: "a finite number", str: "a text", bool: "true or false", types.NoneType: "nothing"}


def from_json(kind: type[T], raw: object, what: str) -> T:
    """Builds a dataclass from a JSON object.

    Lists become tuples and objects become dataclasses where the annotations say so.

    Args:
        kind: a dataclass of int, float, str, bool, tuples, dicts, optional values and further dataclasses.
        raw: the JSON value.
        what: what it describes, for the sentence.

    Raises:
        SumtileError: a key that is missing or unknown, or a value of another type; an integer is neither a truth value nor ``1.0``.
    """
    result: T = _fitted(raw, kind, what)
    return result


def check_fields(instance: object, what: str) -> None:
    """Raises SumtileError unless every field of a dataclass holds a value of its annotated type."""
    kind: Any = type(instance)
    for name, hint in _hints(kind).items():
        _fitted(getattr(instance, name), hint, f"{name} of {what}")


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return {name: hint for name, hint in get_type_hints(kind).items() if get_origin(hint) is not ClassVar}


def _fitted(value: Any, hint: Any, what: str) -> Any:
    """The value as the annotation has it."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        (hint,) = (option for option in get_args(hint) if option is not types.NoneType)
        return None if value is None else _fitted(value, hint, what)
    if origin is tuple:
        return _tuple(value, get_args(hint), what)
    if origin is dict:
        if not isinstance(value, dict):
            raise _refusal(value, "an object", what)
        return {str(key): _fitted(item, get_args(hint)[1], f"{key} of {what}") for key, item in value.items()}
    if is_dataclass(hint):
        return _dataclass(value, hint, what)
    if not _is_plain(value, hint):
        raise _refusal(value, "an array of numbers" if hint is _array_type() else _WORDS.get(hint, "another value"), what)
    return float(value) if hint is float else value


def _tuple(value: Any, hints: tuple[Any, ...], what: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise _refusal(value, "a list", what)
    if hints[-1] is Ellipsis:
        hints = hints[:1] * len(value)
    if len(value) != len(hints):
        raise _refusal(value, f"a list of {len(hints)}", what)
    return tuple(_fitted(item, hint, f"entry {index} of {what}") for index, (item, hint) in enumerate(zip(value, hints)))


def _dataclass(value: Any, kind: Any, what: str) -> Any:
    if isinstance(value, kind):
        check_fields(value, what)
        return value
    if not isinstance(value, dict):
        raise _refusal(value, "an object", what)
    hints = _hints(kind)
    needed = {field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING}
    for names, word in ((needed - set(value), "lacks"), (set(value) - set(hints), "has the unknown")):
        if names:
            raise SumtileError(f"{what} {word} '{min(map(str, names))}'; it needs {', '.join(hints)}.")
    return kind(**{name: _fitted(item, hints[name], f"{name} of {what}") for name, item in value.items()})


def _is_plain(value: Any, hint: Any) -> bool:
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    if hint is _array_type():
        return isinstance(value, hint) and value.dtype.kind in "fiu"
    return hint is Any or isinstance(value, hint)


def _refusal(value: Any, wanted: str, what: str) -> SumtileError:
    found = f"an array of {value.dtype}" if isinstance(value, _array_type()) else repr(value)[:80]
    return SumtileError(f"{what} is {found}, but {wanted} is needed; correct it.")


def _array_type() -> Any:
    """numpy's array, or no type at all where nobody has imported numpy: the Python that builds an overlay need not have it."""
    numpy = sys.modules.get("numpy")
    return numpy.ndarray if numpy else ()
