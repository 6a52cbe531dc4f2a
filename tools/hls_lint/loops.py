# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The loops of a function: how many iterations they have, and what they are called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from clang.cindex import Cursor, CursorKind

from hls_lint.finding import Finding
from hls_lint.kernel import Function, constant, walk

LOOPS = (CursorKind.FOR_STMT, CursorKind.WHILE_STMT, CursorKind.DO_STMT, CursorKind.CXX_FOR_RANGE_STMT)


@dataclass(frozen=True)
class Loop:
    """A loop.

    Attributes:
        cursor: the statement.
        label: what stands before it, or None.
        condition: of another iteration; None where there is none.
        body: the statement that is repeated.
    """

    cursor: Cursor
    label: str | None
    condition: Cursor | None
    body: Cursor

    @property
    def name(self) -> str:
        return f"the loop '{self.label}'" if self.label else "the loop"

    @property
    def line(self) -> int:
        return int(self.cursor.location.line)

    @property
    def ends_by_constant(self) -> bool:
        """The tool knows the number of iterations: a counter is compared with a constant, and nothing else ends the loop."""
        if self.cursor.kind == CursorKind.CXX_FOR_RANGE_STMT:
            return True
        if self.cursor.kind != CursorKind.FOR_STMT or self.condition is None:
            return False
        sides = list(self.condition.get_children())
        return self.condition.kind == CursorKind.BINARY_OPERATOR and len(sides) == 2 and any(constant(side) is not None for side in sides)

    def inner(self) -> Iterator[Loop]:
        """The loops inside of it."""
        yield from _loops(walk(self.body))


def loops(function: Function) -> Iterator[Loop]:
    """All loops of a function, outer ones first."""
    yield from _loops(function.nodes)


def _loops(nodes: Iterable[tuple[Cursor, tuple[Cursor, ...]]]) -> Iterator[Loop]:
    for cursor, parents in nodes:
        if cursor.kind in LOOPS:
            label = parents[-1].spelling if parents[-1].kind == CursorKind.LABEL_STMT else None
            *head, body = cursor.get_children()
            if cursor.kind == CursorKind.DO_STMT:
                head, body = [body], head[0]
            yield Loop(cursor, label, _condition(cursor, head), body)


def check_loops(function: Function) -> Iterator[Finding]:
    """Loops that cannot end."""
    for loop in loops(function):
        endless = loop.condition is None or bool(constant(loop.condition))
        if endless and loop.cursor.kind != CursorKind.CXX_FOR_RANGE_STMT:
            yield Finding(Path(loop.cursor.location.file.name), loop.cursor.location.line, f"{loop.name} has no condition that ends it, so a call might never return.")


def _condition(cursor: Cursor, head: list[Cursor]) -> Cursor | None:
    """The condition among the parts of a loop's head. Parts that are empty are not among them."""
    if cursor.kind in (CursorKind.WHILE_STMT, CursorKind.DO_STMT):
        return head[-1]
    if cursor.kind == CursorKind.CXX_FOR_RANGE_STMT:
        return None
    first, second = _separators(cursor)
    return next((part for part in head if first < part.extent.start.offset <= second), None)


def _separators(cursor: Cursor) -> tuple[int, int]:
    """Offsets of the two semicolons in the head of a 'for'."""
    depth, found = 0, []
    for token in cursor.get_tokens():
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token.spelling, 0)
        if token.spelling == ";" and depth == 1:
            found.append(token.extent.start.offset)
            if len(found) == 2:
                break
    return (found[0], found[1]) if len(found) == 2 else (0, 0)
