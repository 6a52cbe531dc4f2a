# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A kernel as libclang sees it: all functions that its top function reaches, their templates instantiated as the overlay has them."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from clang import cindex
from clang.cindex import Cursor, CursorKind, SourceLocation, Type, TypeKind

from sumtile.csim.build import compiler_command
from sumtile.errors import SumtileError

SHAPES = Path(__file__).resolve().parent / "include"
"""Shapes of the vendor's headers."""


@dataclass(frozen=True)
class Function:
    """A function with its body, which may be one of several instances of a template.

    Attributes:
        cursor: the definition.
        calls: each call that is made when the logic runs, with the function that it reaches in the kernel's sources.
        strangers: calls of functions elsewhere, and of values.
    """

    cursor: Cursor
    calls: tuple[tuple[Cursor, Cursor], ...]
    strangers: tuple[tuple[Cursor, str], ...]

    @property
    def path(self) -> Path:
        return Path(self.cursor.location.file.name)

    @property
    def name(self) -> str:
        return self.cursor.spelling

    @cached_property
    def body(self) -> Cursor | None:
        return next((child for child in self.cursor.get_children() if child.kind == CursorKind.COMPOUND_STMT), None)

    @cached_property
    def nodes(self) -> tuple[tuple[Cursor, tuple[Cursor, ...]], ...]:
        """Every part of the function with the parts that hold it, the outermost first."""
        return tuple(walk(self.cursor))


class Kernel:
    """A top function, compiled for one overlay.

    Args:
        top: its name.
        source: its file; what lies in its folder, and in the folder ``include`` beside that, is the kernel's own.
        flags: of the compiler.

    Raises:
        SumtileError: the source does not compile, or has no such function.
    """

    def __init__(self, top: str, source: Path, flags: Sequence[str]) -> None:
        self._own = (source.parent, source.parents[1] / "include")
        try:
            self._unit = cindex.Index.create().parse(str(source), args=[f"-I{SHAPES}", *flags, "-Wno-unused-label", *_builtin_headers()])
        except cindex.TranslationUnitLoadError:
            raise SumtileError(f"{source} cannot be parsed; is it there?") from None
        errors = [message for message in self._unit.diagnostics if message.severity >= cindex.Diagnostic.Error]
        if errors:
            raise SumtileError(f"{_place(errors[0].location)}: {source.name} does not compile for '{top}': {errors[0].spelling}.")
        found = [cursor for cursor in self._unit.cursor.get_children() if cursor.kind == CursorKind.FUNCTION_DECL and cursor.spelling == top]
        definition = found[-1].get_definition() if found else None
        if definition is None:
            raise SumtileError(f"{source} does not define the top function '{top}'.")
        self.top = definition
        self.functions = self._reached(definition)

    def is_own(self, location: SourceLocation) -> bool:
        """The place lies in the kernel's sources, and not in a header of the vendor or of the system."""
        return location.file is not None and _lies_in(location.file.name, self._own)

    def _reached(self, top: Cursor) -> dict[str, Function]:
        functions: dict[str, Function] = {}
        waiting = [top]
        while waiting:
            cursor = waiting.pop()
            if cursor.get_usr() not in functions:
                function = self._function(cursor)
                functions[cursor.get_usr()] = function
                waiting += [callee for _, callee in reversed(function.calls)]
        return functions

    def _function(self, cursor: Cursor) -> Function:
        calls, strangers = [], []
        for call in _at_run_time(cursor):
            callee = call.referenced
            if callee is None or callee.kind in (CursorKind.VAR_DECL, CursorKind.PARM_DECL, CursorKind.FIELD_DECL):
                if _calls_a_value(call):
                    strangers.append((call, "a function through a pointer"))
                continue
            definition = callee.get_definition()
            if definition is not None and self.is_own(definition.location):
                calls.append((call, definition))
            elif not self._is_shape(callee) and not _is_implicit(callee) and not _is_implicit(cursor):
                strangers.append((call, f"'{callee.spelling}'"))
        return Function(cursor, tuple(calls), tuple(strangers))

    def _is_shape(self, callee: Cursor) -> bool:
        return callee.location.file is not None and _lies_in(callee.location.file.name, (SHAPES,))


@lru_cache(maxsize=1)
def _builtin_headers() -> list[str]:
    """Where a compiler has the headers that libclang comes without, such as stddef.h; the kernels themselves need none of them."""
    try:
        found = subprocess.run([*compiler_command(), "-print-file-name=include"], capture_output=True, text=True, timeout=60)
    except SumtileError:
        return []
    return ["-idirafter", found.stdout.strip()]


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    """libclang with the functions that its Python package leaves out."""
    library: ctypes.CDLL = cindex.conf.lib
    library.clang_Cursor_Evaluate.argtypes, library.clang_Cursor_Evaluate.restype = [Cursor], ctypes.c_void_p
    library.clang_EvalResult_getKind.argtypes, library.clang_EvalResult_getKind.restype = [ctypes.c_void_p], ctypes.c_int
    library.clang_EvalResult_getAsLongLong.argtypes, library.clang_EvalResult_getAsLongLong.restype = [ctypes.c_void_p], ctypes.c_longlong
    library.clang_EvalResult_dispose.argtypes, library.clang_EvalResult_dispose.restype = [ctypes.c_void_p], None
    return library


@lru_cache(maxsize=4096)
def _lies_in(path: str, folders: tuple[Path, ...]) -> bool:
    return any(folder in Path(path).parents for folder in folders)


def constant(expression: Cursor) -> int | None:
    """The value of an expression of constants; None for any other."""
    library = _library()
    result = library.clang_Cursor_Evaluate(expression)
    if not result:
        return None
    try:
        return int(library.clang_EvalResult_getAsLongLong(result)) if library.clang_EvalResult_getKind(result) == 1 else None
    finally:
        library.clang_EvalResult_dispose(result)


def plain(kind: Type) -> Type:
    """A type without its references, pointers and dimensions."""
    kind = kind.get_canonical()
    while kind.kind in (TypeKind.LVALUEREFERENCE, TypeKind.POINTER, TypeKind.CONSTANTARRAY):
        kind = kind.element_type if kind.kind == TypeKind.CONSTANTARRAY else kind.get_pointee()
    return kind


def is_stream(kind: Type) -> bool:
    """A stream, or an array of them."""
    return plain(kind).spelling.removeprefix("const ").startswith("hls::stream<")


def walk(cursor: Cursor, parents: tuple[Cursor, ...] = ()) -> Iterator[tuple[Cursor, tuple[Cursor, ...]]]:
    """Every part of a cursor with the parts that hold it, the outermost first."""
    for child in cursor.get_children():
        yield child, (*parents, cursor)
        yield from walk(child, (*parents, cursor))


def _at_run_time(cursor: Cursor) -> Iterator[Cursor]:
    """The calls below a cursor, less those whose value the compiler knows."""
    for child in cursor.get_children():
        if child.kind == CursorKind.CALL_EXPR:
            if child.type.kind != TypeKind.VOID and constant(child) is not None:
                continue
            yield child
        yield from _at_run_time(child)


def _calls_a_value(call: Cursor) -> bool:
    """What is called is a pointer to a function; constructors that the compiler leaves out have no callee either."""
    callee = next(call.get_children(), None)
    if callee is None or callee.kind == CursorKind.CALL_EXPR:
        return False
    kind = callee.type.get_canonical()
    return kind.kind == TypeKind.MEMBERPOINTER or (kind.kind == TypeKind.POINTER and kind.get_pointee().kind == TypeKind.FUNCTIONPROTO)


def _is_implicit(function: Cursor) -> bool:
    """The compiler has made it: it stands where its class does."""
    return function.semantic_parent is not None and function.location == function.semantic_parent.location


def _place(location: SourceLocation) -> str:
    return f"{location.file.name}:{location.line}" if location.file else "command line"
