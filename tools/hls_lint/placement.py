# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Pragmas against the code around them: where they stand, and whether what they name is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from clang.cindex import Cursor, CursorKind, Type, TypeKind

from hls_lint.dataflow import check_dataflow
from hls_lint.finding import Finding
from hls_lint.kernel import Function, Kernel, is_stream, plain
from hls_lint.loops import Loop, loops
from hls_lint.pragmas import Pragma

ARRAYS = ("array_partition", "array_reshape", "bind_storage")
"""Directives for arrays only."""


def check_placement(kernel: Kernel, pragmas: Iterable[Pragma]) -> Iterator[Finding]:
    """The pragmas that lie in functions which the kernel reaches, in each of their instances."""
    by_path: dict[Path, list[Pragma]] = {}
    for pragma in pragmas:
        by_path.setdefault(pragma.path, []).append(pragma)
    for function in kernel.functions.values():
        if function.body is not None:
            first, last = function.body.extent.start.line, function.body.extent.end.line
            inside = [pragma for pragma in by_path.get(function.path, []) if first <= pragma.line <= last]
            for sentence, line in _check_function(kernel, function, inside):
                yield Finding(function.path, line, sentence)


def _check_function(kernel: Kernel, function: Function, pragmas: list[Pragma]) -> Iterator[tuple[str, int]]:
    its_loops = {loop.body.hash: loop for loop in loops(function)}
    of_loop: dict[int, list[Pragma]] = {}
    for pragma in pragmas:
        block, owner = _block(function, pragma.line)
        loop = its_loops.get(block.hash)
        place = pragma.directive.place
        if loop is not None:
            of_loop.setdefault(block.hash, []).append(pragma)
        if place == "loop" and loop is None:
            yield f"{pragma.name} stands in no loop's body; put it at the beginning of the one that it is for.", pragma.line
        elif place in ("function", "either") and owner != function.cursor and (place == "function" or loop is None):
            yield f"{pragma.name} stands in a block of its own; put it at the beginning of {'a function' if place == 'function' else 'a loop or a function'}.", pragma.line
        elif place in ("loop", "either") and (loop is not None or owner == function.cursor) and _stands_late(block, pragma.line):
            yield f"{pragma.name} stands behind a statement; put it at the beginning of the block.", pragma.line
        if "variable" in pragma.options:
            yield from ((sentence, pragma.line) for sentence in _check_variable(function, pragma))
        if pragma.name == "interface" and function.cursor != kernel.top:
            yield "interface stands in a function that is not the top one, where it says nothing.", pragma.line
        if pragma.name == "dataflow" and loop is None:
            yield from check_dataflow(function)
    for key, loop in its_loops.items():
        yield from _check_loop(loop, of_loop.get(key, []))


def _block(function: Function, line: int) -> tuple[Cursor, Cursor]:
    """The innermost block around a line, and what it is the body of."""
    found = function.body, function.cursor
    for cursor, parents in function.nodes:
        if cursor.kind == CursorKind.COMPOUND_STMT and cursor.extent.start.line <= line <= cursor.extent.end.line:
            found = cursor, parents[-1]
    return found


def _stands_late(block: Cursor, line: int) -> bool:
    """A statement other than a declaration comes first."""
    return any(child.extent.start.line < line and child.kind != CursorKind.DECL_STMT for child in block.get_children())


def _check_loop(loop: Loop, pragmas: list[Pragma]) -> Iterator[tuple[str, int]]:
    by_name: dict[str, Pragma] = {}
    for pragma in pragmas:
        if pragma.name in ("pipeline", "unroll", "loop_tripcount") and pragma.name in by_name:
            yield f"{loop.name} has {pragma.name} twice.", pragma.line
        by_name.setdefault(pragma.name, pragma)
    unroll = by_name.get("unroll")
    if unroll and "factor" not in unroll.options and unroll.options.get("off") != "true" and not loop.ends_by_constant:
        yield f"{loop.name} is unrolled, but the number of its iterations is not constant; give a factor or a constant bound.", unroll.line
    if not loop.ends_by_constant and not unroll and "loop_tripcount" not in by_name:
        yield f"the number of iterations of {loop.name} is known at run time only; add loop_tripcount, or the tool reports no latency.", loop.line
    if "pipeline" in by_name and "off" not in by_name["pipeline"].flags:
        yield from _check_pipelined(loop)


def _check_pipelined(loop: Loop) -> Iterator[tuple[str, int]]:
    if loop.label is None:
        yield "a pipelined loop needs a label, by which the tool's reports call it.", loop.line
    for inner in loop.inner():
        if not inner.ends_by_constant:
            yield f"{inner.name} in the pipelined {loop.name.removeprefix('the ')} has a number of iterations that is not constant, so it cannot be unrolled.", inner.line


def _check_variable(function: Function, pragma: Pragma) -> Iterator[str]:
    name = pragma.options["variable"]
    first, *members = name.replace("->", ".").split(".")
    kind = _type_of(function, first, pragma.line)
    if kind is None:
        yield f"{pragma.name} names '{first}', but no such variable is declared before it in '{function.name}'."
        return
    for member in members:
        fields = {field.spelling: field.type for field in _fields(plain(kind))}
        if member not in fields:
            yield f"{pragma.name} names '{name}', but there is no member '{member}'."
            return
        kind = fields[member]
    rank = _rank(kind)
    if pragma.name in ARRAYS and rank == 0:
        yield f"{pragma.name} is for arrays, but '{name}' is none."
    dimension = pragma.options.get("dim", "1")
    if pragma.name in ARRAYS and rank and dimension.isdigit() and int(dimension) > rank:
        yield f"{pragma.name} has dim={dimension}, but '{name}' has {rank} dimension{'s' if rank > 1 else ''}."
    if pragma.name == "stream" and rank == 0 and not is_stream(kind):
        yield f"stream is for streams and arrays, but '{name}' is neither."


def _type_of(function: Function, name: str, line: int) -> Type | None:
    """The type of a local variable, an argument or a member."""
    found = None
    for cursor, _ in function.nodes:
        if cursor.kind in (CursorKind.VAR_DECL, CursorKind.PARM_DECL) and cursor.spelling == name and cursor.location.line <= line:
            found = cursor.type
    if found is None:
        parent = function.cursor.semantic_parent
        found = next((field.type for field in _fields(parent.type) if field.spelling == name), None)
    return found


def _fields(kind: Type) -> list[Cursor]:
    return list(kind.get_canonical().get_fields())


def _rank(kind: Type) -> int:
    kind, rank = kind.get_canonical(), 0
    while kind.kind in (TypeKind.LVALUEREFERENCE, TypeKind.POINTER, TypeKind.CONSTANTARRAY):
        rank += kind.kind != TypeKind.LVALUEREFERENCE
        kind = kind.element_type if kind.kind == TypeKind.CONSTANTARRAY else kind.get_pointee()
    return rank
