# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The ports that a kernel gets from its top function, against those that the overlay's block design connects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from clang.cindex import Cursor, Type, TypeKind

from hls_lint.finding import Finding
from hls_lint.kernel import Kernel, is_stream, plain
from hls_lint.pragmas import Pragma
from hls_lint.streams import direction

RETURN = "return"
_BITS = re.compile(r"(?:ap_u?int|hls::stream<ap_axiu)<(\d+)")


@dataclass(frozen=True)
class Port:
    """A port of the kernel; an array of streams has one for each.

    Attributes:
        mode: of the interface, ``axis`` or ``s_axilite``.
        direction: as the kernel sees it, ``in`` or ``out``.
        bits: of the data.
        bundle: of an ``s_axilite`` port.
    """

    name: str
    mode: str
    direction: str
    bits: int
    bundle: str | None = None


def read_ports(kernel: Kernel, pragmas: Iterable[Pragma]) -> tuple[list[Port], list[Finding]]:
    """The ports in the order of the top function's arguments, and what keeps them from being made."""
    path, line = Path(kernel.top.location.file.name), kernel.top.location.line
    extent = kernel.top.extent
    own = [pragma for pragma in pragmas if pragma.name == "interface" and pragma.path == path and extent.start.line <= pragma.line <= extent.end.line]
    by_port: dict[str, Pragma] = {}
    findings = []
    for pragma in own:
        port = pragma.options.get("port", RETURN)
        if port in by_port:
            findings.append(Finding(path, pragma.line, f"port '{port}' has an interface twice."))
        by_port[port] = pragma
    arguments = list(kernel.top.get_arguments())
    for name in by_port.keys() - {argument.spelling for argument in arguments} - {RETURN}:
        findings.append(Finding(path, by_port[name].line, f"interface names the port '{name}', but the top function has no such argument."))
    if RETURN not in by_port:
        findings.append(Finding(path, line, "there is no interface for port=return, so nothing could start the kernel."))
    if kernel.top.result_type.kind != TypeKind.VOID:
        findings.append(Finding(path, line, "the top function returns a value; results leave through streams and registers."))
    ports: list[Port] = []
    for index, argument in enumerate(arguments):
        if argument.spelling not in by_port:
            findings.append(Finding(path, line, f"the argument '{argument.spelling}' has no interface, so the tool would choose one."))
            continue
        found, wrong = _ports(kernel, index, argument, by_port[argument.spelling])
        ports += found
        findings += [Finding(path, by_port[argument.spelling].line, sentence) for sentence in wrong]
    return ports, findings


def compare(ports: Iterable[Port], expected: Iterable[Port]) -> Iterator[str]:
    """Sentences about what the kernel has and the design does not connect, and the other way round."""
    has, wants = {port.name: port for port in ports}, {port.name: port for port in expected}
    for name in sorted(wants.keys() - has.keys()):
        yield f"the block design connects a port '{name}', which the kernel does not have."
    for name in sorted(has.keys() - wants.keys()):
        yield f"the kernel has a port '{name}', which the block design does not connect."
    for name in sorted(wants.keys() & has.keys()):
        for what in ("mode", "direction", "bits", "bundle"):
            mine, theirs = getattr(has[name], what), getattr(wants[name], what)
            if mine != theirs:
                yield f"port '{name}' has {what} {mine} in the kernel, but {theirs} in the block design."
    order = [port.name for port in ports if port.mode == "s_axilite"], [port.name for port in expected if port.mode == "s_axilite"]
    if order[0] != order[1] and sorted(order[0]) == sorted(order[1]):
        yield f"the registers come in the order {', '.join(order[0])}, but the block design has {', '.join(order[1])}."


def _ports(kernel: Kernel, index: int, argument: Cursor, pragma: Pragma) -> tuple[list[Port], list[str]]:
    mode, name = pragma.options["mode"], argument.spelling
    stream = is_stream(argument.type)
    if (mode == "axis") != stream:
        return [], [f"'{name}' is {'a stream' if stream else 'no stream'}, so its mode cannot be {mode}."]
    match = _BITS.match(plain(argument.type).spelling.removeprefix("const "))
    if match is None:
        return [], [f"'{name}' has the type {plain(argument.type).spelling}, of which no port of known width can be made."]
    way = direction(kernel.top, index) if stream else "out" if _can_be_written(argument.type) else "in"
    wrong = [f"the kernel reads and writes '{name}', but a port has one direction."] if way == "both" else []
    wrong += [f"the kernel does nothing with '{name}', so it would get no port."] if way == "none" else []
    names = [f"{name}_{number}" for number in range(count)] if (count := _count(argument.type)) else [name]
    bundle = pragma.options.get("bundle", "control") if mode == "s_axilite" else None
    return [Port(each, mode, way, int(match[1]), bundle) for each in names], wrong


def _can_be_written(kind: Type) -> bool:
    kind = kind.get_canonical()
    return kind.kind in (TypeKind.LVALUEREFERENCE, TypeKind.POINTER) and not kind.get_pointee().is_const_qualified()


def _count(kind: Type) -> int:
    """Elements of an array, 0 for none."""
    kind = kind.get_canonical()
    kind = kind.get_pointee() if kind.kind == TypeKind.LVALUEREFERENCE else kind
    return int(kind.element_count) if kind.kind == TypeKind.CONSTANTARRAY else 0
