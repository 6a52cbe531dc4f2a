# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What a kernel does that no logic can be made of, or that the project keeps out of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from clang.cindex import Cursor, CursorKind, StorageClass, Type, TypeKind

from hls_lint.finding import Finding
from hls_lint.kernel import Function, Kernel, constant
from hls_lint.loops import check_loops

CONSTRUCTS = {
    CursorKind.CXX_NEW_EXPR: "'new' takes memory at run time; use an array of a constant size.",
    CursorKind.CXX_DELETE_EXPR: "'delete' gives memory back at run time; use an array of a constant size.",
    CursorKind.CXX_THROW_EXPR: "an exception cannot leave logic; write a status.",
    CursorKind.CXX_TRY_STMT: "an exception cannot be caught in logic; write a status.",
    CursorKind.CXX_TYPEID_EXPR: "types have no names at run time.",
    CursorKind.CXX_DYNAMIC_CAST_EXPR: "types are not known at run time.",
    CursorKind.CXX_REINTERPRET_CAST_EXPR: "memory cannot be taken for another type; use ranges of bits.",
    CursorKind.ASM_STMT: "there is no processor to run this.",
    CursorKind.GOTO_STMT: "'goto' makes loops that the tool does not see; use a loop.",
    CursorKind.INDIRECT_GOTO_STMT: "'goto' makes loops that the tool does not see; use a loop.",
    CursorKind.FLOATING_LITERAL: "kernels compute with integers; floating point takes several lanes' worth of logic.",
}
FLOATING = (TypeKind.FLOAT, TypeKind.DOUBLE, TypeKind.LONGDOUBLE, TypeKind.HALF)
DECLARATIONS = (CursorKind.VAR_DECL, CursorKind.PARM_DECL, CursorKind.FIELD_DECL)


def check_synthesis(kernel: Kernel) -> Iterator[Finding]:
    """Everything about the code itself; pragmas are looked at elsewhere."""
    for function in kernel.functions.values():
        if function.cursor.kind == CursorKind.CXX_METHOD and function.cursor.is_virtual_method():
            yield _finding(function.cursor, f"'{function.name}' is virtual, but which function is called must be known before the logic is made.")
        for call, what in function.strangers:
            yield _finding(call, f"'{function.name}' calls {what}, which is not part of the kernel; logic can be made of the kernel's own functions only.")
        for cursor, parents in function.nodes:
            yield from _check_node(kernel, cursor, parents)
        yield from check_loops(function)
    yield from _check_recursion(kernel)


def _check_node(kernel: Kernel, cursor: Cursor, parents: tuple[Cursor, ...]) -> Iterator[Finding]:
    if cursor.kind in CONSTRUCTS:
        yield _finding(cursor, CONSTRUCTS[cursor.kind])
    elif cursor.kind in DECLARATIONS:
        yield from _check_declaration(cursor)
    elif cursor.kind == CursorKind.DECL_REF_EXPR and _is_state(kernel, cursor.referenced):
        yield _finding(cursor, f"'{cursor.spelling}' is a global variable, so a call would leave something behind for the next one; pass it as an argument.")
    elif cursor.kind in (CursorKind.BINARY_OPERATOR, CursorKind.COMPOUND_ASSIGNMENT_OPERATOR):
        yield from _check_division(cursor)


def _check_declaration(cursor: Cursor) -> Iterator[Finding]:
    kind = cursor.type.get_canonical()
    if kind.kind in FLOATING:
        yield _finding(cursor, f"'{cursor.spelling}' is {kind.spelling}; kernels compute with integers.")
    if kind.kind == TypeKind.VARIABLEARRAY:
        yield _finding(cursor, f"the size of '{cursor.spelling}' is not known before the logic is made; give it a constant size.")
    if kind.kind == TypeKind.POINTER and kind.get_pointee().kind == TypeKind.POINTER:
        yield _finding(cursor, f"'{cursor.spelling}' is a pointer to a pointer, of which no logic can be made.")
    if cursor.kind == CursorKind.VAR_DECL and cursor.storage_class == StorageClass.STATIC and not _is_constant(kind):
        yield _finding(cursor, f"'{cursor.spelling}' is static, so a call would leave something behind for the next one; make it local.")


def _is_constant(kind: Type) -> bool:
    """It cannot be written, nor can its elements."""
    while kind.kind == TypeKind.CONSTANTARRAY:
        kind = kind.element_type
    return bool(kind.is_const_qualified())


def _is_state(kernel: Kernel, declaration: Cursor | None) -> bool:
    """A variable outside of all functions that can be written."""
    if declaration is None or declaration.kind != CursorKind.VAR_DECL or not kernel.is_own(declaration.location):
        return False
    outside = declaration.semantic_parent.kind in (CursorKind.NAMESPACE, CursorKind.TRANSLATION_UNIT)
    return outside and not _is_constant(declaration.type.get_canonical())


def _check_division(cursor: Cursor) -> Iterator[Finding]:
    children = list(cursor.get_children())
    if len(children) != 2:
        return
    sign = _between(children[0], children[1])
    if sign in ("/", "%", "/=", "%=") and constant(children[1]) is None:
        yield _finding(cursor, f"'{sign.rstrip('=')}' by a number that is not constant makes a divider of many cycles; count instead, or let the host divide.")


def _between(left: Cursor, right: Cursor) -> str:
    """The operator of two operands."""
    start, end = left.extent.end, right.extent.start
    if start.file is None or end.file is None or start.file.name != end.file.name or end.offset < start.offset:
        return ""
    text = Path(start.file.name).read_bytes()[start.offset : end.offset].decode()
    return text.strip(" \n()")


def _check_recursion(kernel: Kernel) -> Iterator[Finding]:
    """Each cycle of calls once, at the call that closes it."""
    finished: set[str] = set()

    def visit(function: Function, path: tuple[str, ...]) -> Iterator[Finding]:
        name = function.cursor.get_usr()
        for call, callee in function.calls:
            target = callee.get_usr()
            if target in (*path, name):
                yield _finding(call, f"'{callee.spelling}' calls itself, but logic has no stack; use a loop, or a template that ends.")
            elif target not in finished:
                yield from visit(kernel.functions[target], (*path, name))
        finished.add(name)

    yield from visit(kernel.functions[kernel.top.get_usr()], ())


def _finding(cursor: Cursor, sentence: str) -> Finding:
    return Finding(Path(cursor.location.file.name), cursor.location.line, sentence)
