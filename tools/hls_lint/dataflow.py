# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Functions with ``#pragma HLS dataflow``: declarations and calls of stages, joined by streams with two ends each (UG1399, Canonical Forms)."""

from __future__ import annotations

from collections.abc import Iterator

from clang.cindex import Cursor, CursorKind

from hls_lint.kernel import Function, is_stream
from hls_lint.streams import READS, WRITES, direction

COMPUTING = (CursorKind.BINARY_OPERATOR, CursorKind.CONDITIONAL_OPERATOR)


def check_dataflow(function: Function) -> Iterator[tuple[str, int]]:
    """Sentences and lines."""
    assert function.body is not None
    streams: dict[int, Cursor] = {}
    ends: dict[int, list[str]] = {}
    for statement in map(_unwrapped, function.body.get_children()):
        if statement.kind == CursorKind.DECL_STMT:
            streams |= {variable.hash: variable for variable in statement.get_children() if variable.kind == CursorKind.VAR_DECL and is_stream(variable.type)}
        elif statement.kind == CursorKind.CALL_EXPR:
            for index, argument in enumerate(map(_unwrapped, statement.get_arguments())):
                if argument.kind == CursorKind.DECL_REF_EXPR:
                    ends.setdefault(argument.referenced.hash, []).append(direction(statement.referenced, index))
                elif any(part.kind in COMPUTING for part in argument.walk_preorder()):
                    yield f"an argument of '{statement.spelling}' is computed in a dataflow region; compute it before the region or in the stage.", argument.location.line
        elif statement.kind != CursorKind.NULL_STMT:
            yield "a dataflow region has declarations and calls of its stages only; put this into a stage.", statement.location.line
    for key, stream in streams.items():
        for end, one, several in ((WRITES, "writes", "write"), (READS, "reads", "read")):
            count = ends.get(key, []).count(end)
            if count != 1:
                what = f"{count} stages {several}" if count else f"no stage {one}"
                yield f"{what} the stream '{stream.spelling}', but a stream has one stage at each end.", stream.location.line


def _unwrapped(cursor: Cursor) -> Cursor:
    """Without conversions that the compiler has put around an expression."""
    while cursor.kind == CursorKind.UNEXPOSED_EXPR and (inner := next(cursor.get_children(), None)) is not None:
        cursor = inner
    return cursor
