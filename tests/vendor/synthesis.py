# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What the stand-in of Vitis HLS does with C++: compiles a testbench, and finds the ports that synthesis would make of a top function.

    synthesis.py compile EXECUTABLE SOURCE FLAGS [SOURCE FLAGS ...]
    synthesis.py ports TOP SOURCE FLAGS OUTPUT

The ports come from the source alone: names and kinds from the interface pragmas, widths from the types as the compiler
resolves them, directions from what the functions below the top do with a stream.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sumtile.csim.build import compiler_command, vendor_headers

HERE = Path(__file__).resolve().parent

PROBE = """
#include <cstdio>
template <class T> struct Bits;
template <template <int, int, int, int> class Beat, int N> struct Bits<Beat<N, 0, 0, 0>> { static constexpr int value = N; };
template <template <int> class Integer, int N> struct Bits<Integer<N>> { static constexpr int value = N; };
template <class T> struct Port { static void print() { std::printf("register 1 %d\\n", Bits<T>::value); } };
template <class T, int D> struct Port<hls::stream<T, D>> { static void print() { std::printf("stream 1 %d\\n", Bits<T>::value); } };
template <class T, int D, int N> struct Port<hls::stream<T, D>[N]> { static void print() { std::printf("array %d %d\\n", N, Bits<T>::value); } };
template <class Function> struct Ports;
template <class... Arguments> struct Ports<void(Arguments&...)> {
  static void print() {
    int each[] = {(Port<Arguments>::print(), 0)...};
    (void)each;
  }
};
int main() { Ports<decltype(TOP)>::print(); }
"""


@dataclass(frozen=True)
class Argument:
    """An argument of the top function: a ``stream``, an ``array`` of ``count`` streams or a ``register``, and its bits.

    The ports of an array have the number of the stream behind their name.
    """

    name: str
    kind: str
    count: int
    bits: int


def compile_testbench(executable: str, *pairs: str) -> None:
    """Compiles sources, each with its flags, the way the tool's C simulation does."""
    with tempfile.TemporaryDirectory() as scratch:
        objects = []
        for index, (source, flags) in enumerate(zip(pairs[::2], pairs[1::2])):
            objects.append(str(Path(scratch) / f"{index}.o"))
            _run([*_compiler(), "-O1", *shlex.split(flags), "-c", source, "-o", objects[-1]])
        _run([*compiler_command(), *objects, "-o", executable])


def write_ports(top: str, source: str, flags: str, output: str) -> None:
    """Writes the ports of a top function as a Tcl dictionary."""
    text = _run([*_compiler(), *shlex.split(flags), "-E", "-P", source])
    functions = _functions(text)
    if top not in functions:
        raise SystemExit(f"the top function '{top}' is not in {source}")
    names, body = functions[top][0]
    pragmas = _interface_pragmas(body)
    arguments = _arguments(top, names, source, flags)
    streams = [argument for argument in arguments if argument.kind != "register"]
    registers = [argument for argument in arguments if argument.kind == "register"]
    _check_pragmas(pragmas, streams, registers)
    ports = []
    for argument in streams:
        direction = _direction(functions, top, argument.name)
        for name in [f"{argument.name}_{i}" for i in range(argument.count)] if argument.kind == "array" else [argument.name]:
            ports.append(f"{{{name} {direction} {argument.bits}}}")
    control = pragmas["return"][1]
    listed = " ".join(f"{{{argument.name} {0x10 + 0x10 * index}}}" for index, argument in enumerate(registers))
    path = Path(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"top {top} control s_axi_{control} streams {{{' '.join(ports)}}} registers {{{listed}}}\n")


def _compiler() -> list[str]:
    return [*compiler_command(), "-isystem", str(vendor_headers()), f"-I{HERE / 'include'}"]


def _run(command: list[str]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, timeout=500)
    if result.returncode:
        lines = [line for line in result.stderr.splitlines() if "error" in line] or result.stderr.splitlines()
        raise SystemExit(lines[0] if lines else f"{command[0]} failed")
    return result.stdout


def _functions(text: str) -> dict[str, list[tuple[list[str], str]]]:
    """(names of the parameters, body) of every function definition in preprocessed text, by name."""
    found: dict[str, list[tuple[list[str], str]]] = {}
    for match in re.finditer(r"\b(\w+)\s*\(([^;{}]*)\)\s*(?:const\s*)?\{", text):
        body = _balanced(text, match.end() - 1)
        found.setdefault(match[1], []).append((_parameter_names(match[2]), body))
    return found


def _balanced(text: str, start: int) -> str:
    depth = 0
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[start : position + 1]
    return text[start:]


def _parameter_names(parameters: str) -> list[str]:
    names = []
    for parameter in _split(parameters):
        words = re.findall(r"\(\s*&\s*(\w+)\s*\)", parameter) or re.findall(r"(\w+)\s*$", parameter.strip())
        names.append(words[-1] if words else "")
    return names


def _split(text: str) -> list[str]:
    """At the commas that no bracket holds."""
    parts, depth = [""], 0
    for character in text:
        depth += {"(": 1, "<": 1, "[": 1, ")": -1, ">": -1, "]": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def _interface_pragmas(body: str) -> dict[str, tuple[str, str]]:
    """(mode, bundle) of each port that has an interface pragma."""
    found = {}
    for line in re.findall(r"#\s*pragma HLS interface (.*)", body, re.IGNORECASE):
        words = dict(word.split("=", 1) if "=" in word else (word, "") for word in line.split())
        mode = next(word for word in words if word in ("axis", "s_axilite"))
        found[words["port"]] = mode, words.get("bundle", "control")
    return found


def _check_pragmas(pragmas: dict[str, tuple[str, str]], streams: list[Argument], registers: list[Argument]) -> None:
    for arguments, mode in ((streams, "axis"), (registers, "s_axilite")):
        for argument in arguments:
            if pragmas.get(argument.name, ("none", ""))[0] != mode:
                raise SystemExit(f"argument '{argument.name}' has no interface pragma with mode {mode}")
    if "return" not in pragmas:
        raise SystemExit("there is no interface pragma for port=return, so the kernel has no control registers")
    stray = set(pragmas) - {argument.name for argument in (*streams, *registers)} - {"return"}
    if stray:
        raise SystemExit(f"an interface pragma names port '{min(stray)}', which the top function does not have")


def _arguments(top: str, names: list[str], source: str, flags: str) -> list[Argument]:
    """The types of the arguments, printed by a program that knows the declaration."""
    text = Path(source).read_text()
    body = re.search(r"\bSUMTILE_TOP\s*\([^;{}]*\)\s*(\{)", text)
    if body is None:
        raise SystemExit(f"{source} does not define SUMTILE_TOP")
    declaration = text[: body.start(1)] + ";\n"
    with tempfile.TemporaryDirectory() as scratch:
        probe = Path(scratch) / "probe.cpp"
        probe.write_text(declaration + PROBE.replace("TOP", top))
        _run([*_compiler(), *shlex.split(flags), "-O0", str(probe), "-o", str(probe.with_suffix(""))])
        lines = _run([str(probe.with_suffix(""))]).splitlines()
    return [Argument(name, kind, int(count), int(bits)) for name, (kind, count, bits) in zip(names, map(str.split, lines), strict=True)]


def _direction(functions: dict[str, list[tuple[list[str], str]]], function: str, name: str, depth: int = 0) -> str:
    """``in`` when a function reads the stream that it knows by this name, ``out`` when it writes it; looks into the functions that it calls."""
    for names, body in functions.get(function, []) if depth < 12 else []:
        if name not in names:
            continue
        used = re.search(rf"\b{name}\s*(?:\[[^\]]*\])?\s*\.\s*(read|write)", body)
        if used:
            return "in" if used[1] == "read" else "out"
        for call in re.finditer(r"\b(\w+)\s*(?:<[^;(){}]*>)?\s*\(", body):
            arguments = _split(_parenthesis(body, call.end() - 1))
            if name in arguments:
                for callee, _ in functions.get(call[1], []):
                    if len(callee) == len(arguments):
                        found = _direction(functions, call[1], callee[arguments.index(name)], depth + 1)
                        if found:
                            return found
    if depth == 0:
        raise SystemExit(f"no function reads or writes the stream '{name}'")
    return ""


def _parenthesis(text: str, start: int) -> str:
    depth = 0
    for position in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return text[start + 1 : position]
    return ""


if __name__ == "__main__":
    {"compile": compile_testbench, "ports": write_ports}[sys.argv[1]](*sys.argv[2:])
