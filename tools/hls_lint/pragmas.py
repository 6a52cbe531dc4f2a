# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The ``#pragma HLS`` lines of a source. A compiler for a PC passes over all of them, the misspelt ones too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from hls_lint.directives import COUNT, DIRECTIVES, NAME, NUMBER, Directive, Kind
from hls_lint.finding import Finding

NAMES_OF_THE_FILE = ("variable", "port")
"""Options that name something which the code around the pragma has."""


@dataclass(frozen=True)
class Pragma:
    """A line that is right in itself; names and words in lower case, but for the values that are names."""

    path: Path
    line: int
    name: str
    options: dict[str, str]
    flags: frozenset[str]

    @property
    def directive(self) -> Directive:
        return DIRECTIVES[self.name]


class _WrongError(Exception):
    """With the sentence."""


def read_pragmas(path: Path) -> tuple[list[Pragma], list[Finding]]:
    """The pragmas of a file, and what is wrong with the others."""
    text = without_comments(path.read_text(encoding="utf-8"))
    code = "\n".join("" if line.lstrip().startswith("#pragma") else line for line in text.splitlines())
    known = set(re.findall(r"\w+", code))
    pragmas, findings = [], []
    for line, body in _pragma_lines(text):
        try:
            pragma = _parse(path, line, body, known)
        except _WrongError as wrong:
            findings.append(Finding(path, line, str(wrong)))
        else:
            pragmas += [pragma] if pragma else []
    return pragmas, findings


def without_comments(text: str) -> str:
    """C++ with every comment replaced by blanks, so that lines keep their numbers."""

    def blank(match: re.Match[str]) -> str:
        return match[0] if match[0][0] in "\"'" else re.sub(r"[^\n]", " ", match[0])

    return re.sub(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'|//[^\n]*|/\*.*?\*/", blank, text, flags=re.DOTALL)


def _pragma_lines(text: str) -> Iterator[tuple[int, str]]:
    """Line number and text behind ``#pragma``; lines that a backslash continues are one."""
    lines = text.splitlines()
    for index, line in enumerate(lines):
        match = re.match(r"\s*#\s*pragma\b(.*)", line)
        operator = re.search(r'\b_Pragma\s*\(\s*"(.*)"\s*\)', line)
        if match:
            body, end = match[1], index
            while body.endswith("\\") and end + 1 < len(lines):
                end += 1
                body = body[:-1] + lines[end]
            yield index + 1, body.strip()
        elif operator:
            yield index + 1, operator[1].strip()


def _parse(path: Path, line: int, body: str, known: set[str]) -> Pragma | None:
    """One pragma; None for ``#pragma once``."""
    kind, *words = re.sub(r"\s*=\s*", "=", body).split() or [""]
    if kind == "once" and not words:
        return None
    if kind != "HLS":
        raise _WrongError(f"'#pragma {kind}' is none that the kernels use, so it would be passed over; write '#pragma HLS'.")
    if not words:
        raise _WrongError("'#pragma HLS' has no directive.")
    name, *words = words
    name = name.lower()
    if name not in DIRECTIVES:
        raise _WrongError(f"there is no directive '{name}'{_meant(name, DIRECTIVES)}.")
    directive = DIRECTIVES[name]
    options: dict[str, str] = {}
    flags = set()
    for word in words:
        option, has_value, value = word.partition("=")
        option = option.lower()
        if not has_value:
            owner = next((key for key in directive.bare if option in directive.options[key]), None)
            if owner is None:
                if option not in directive.flags:
                    raise _WrongError(_unknown_word(name, directive, option))
                flags.add(option)
                continue
            option, value = owner, option
        if option not in directive.options:
            raise _WrongError(f"{name} has no option '{option}'{_meant(option, directive.options)}.")
        if option in options:
            raise _WrongError(f"{name} has '{option}' twice.")
        options[option] = _value(name, option, value, directive.options[option], known)
    missing = [option for option in directive.needs if option not in options]
    if missing:
        raise _WrongError(f"{name} needs {missing[0]}=...")
    wrong = directive.check(options)
    if wrong:
        raise _WrongError(f"{name}: {wrong}.")
    return Pragma(path, line, name, options, frozenset(flags))


def _unknown_word(name: str, directive: Directive, word: str) -> str:
    if word in directive.options:
        return f"{name} needs a value behind '{word}='."
    choices = {*directive.flags, *(value for key in directive.bare for value in directive.options[key])}
    return f"{name} does not take the word '{word}'{_meant(word, {*choices, *directive.options})}."


def _value(name: str, option: str, value: str, kind: Kind, known: set[str]) -> str:
    if isinstance(kind, frozenset):
        if value.lower() not in kind:
            raise _WrongError(f"{name} {option}= is '{value}', but must be one of {', '.join(sorted(kind))}{_meant(value.lower(), kind)}.")
        return value.lower()
    if not value:
        raise _WrongError(f"{name} needs a value behind '{option}='.")
    if kind == NAME and not re.fullmatch(r"[A-Za-z_]\w*(?:(?:\.|->)\w+)*", value):
        raise _WrongError(f"{name} {option}= is '{value}', which is no name.")
    first = re.split(r"\W", value)[0]
    if option in NAMES_OF_THE_FILE and first not in known | {"return"}:
        raise _WrongError(f"{name} names '{first}', but the file has no such name{_meant(first, known)}.")
    if kind in (NUMBER, COUNT):
        _check_number(name, option, value, 1 if kind == COUNT else 0, known)
    return value.lower() if option in ("impl", "storage_impl") else value


def _check_number(name: str, option: str, value: str, least: int, known: set[str]) -> None:
    if re.fullmatch(r"-?\d+", value):
        if int(value) < least:
            raise _WrongError(f"{name} {option}= is {value}, but must be at least {least}.")
        return
    constants = re.findall(r"[A-Za-z_]\w*", value)
    unknown = [constant for constant in constants if constant not in known]
    if not constants or re.search(r"[^\w:+\-*/%()<>,]", value):
        raise _WrongError(f"{name} {option}= is '{value}', which is no number.")
    if unknown:
        raise _WrongError(f"{name} {option}= is '{value}', but the file has no '{unknown[0]}'.")


def _meant(word: str, words: object) -> str:
    close = get_close_matches(word, list(words), 1)  # type: ignore[call-overload]
    return f"; '{close[0]}' is meant, it seems" if close else ""
