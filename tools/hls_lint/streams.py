# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Which way data goes through a stream that a function has as an argument."""

from __future__ import annotations

from clang.cindex import Cursor, CursorKind

from hls_lint.kernel import walk

READS, WRITES, BOTH, NEITHER = "in", "out", "both", "none"
_READING, _WRITING = ("read", "read_nb", "empty"), ("write", "write_nb", "full")


def direction(function: Cursor, index: int) -> str:
    """``in``, ``out``, ``both`` or ``none``: what a function and those that it calls do with its argument of that index."""
    used = _uses(function, index, set())
    return BOTH if len(used) == 2 else used.pop() if used else NEITHER


def _uses(function: Cursor | None, index: int, seen: set[tuple[str, int]]) -> set[str]:
    definition = function.get_definition() if function is not None else None
    if definition is None or (definition.get_usr(), index) in seen:
        return set()
    seen.add((definition.get_usr(), index))
    parameters = list(definition.get_arguments())
    if index >= len(parameters):
        return set()
    parameter, used = parameters[index], set()
    for call, _ in walk(definition):
        if call.kind != CursorKind.CALL_EXPR:
            continue
        callee = next(call.get_children(), None)
        if callee is not None and callee.kind == CursorKind.MEMBER_REF_EXPR and _is(callee, parameter):
            used |= {READS} if call.spelling in _READING else {WRITES} if call.spelling in _WRITING else set()
        for place, argument in enumerate(call.get_arguments()):
            if argument is not None and _is(argument, parameter) and call.referenced is not None:
                used |= _uses(call.referenced, place, seen)
    return used


def _is(expression: Cursor, parameter: Cursor) -> bool:
    """The expression is the parameter or an element of it."""
    first = next((cursor for cursor in expression.walk_preorder() if cursor.kind == CursorKind.DECL_REF_EXPR), None)
    return first is not None and first.referenced == parameter and not any(cursor.kind == CursorKind.CALL_EXPR for cursor in expression.walk_preorder() if cursor != expression)
