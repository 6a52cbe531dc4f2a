# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Programs and results as JSON objects."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sumtile.program import Program
from sumtile.serve.switch import Answer


def program_facts(name: str, program: Program) -> dict[str, Any]:
    """What a client may know of a program."""
    described = {"name": name, "network": program.name, "overlay": program.overlay, "board": program.board, "scheme": program.scheme}
    preprocess = program.preprocess
    return {**described, "classes": _class_names(program), "input": [preprocess.height, preprocess.width, preprocess.channels], "layers": [step.name for step in program.steps]}


def as_dict(answer: Answer, queued: float) -> dict[str, Any]:
    """A result; all times are seconds."""
    found = answer.classification
    classes = [{"class": name, "probability": probability} for name, probability in found.labels]
    layers = [asdict(layer) for layer in answer.layers]
    return {"program": answer.program, "where": found.where, "classes": classes, "seconds": found.seconds, "layers": layers, "queued": queued}


def _class_names(program: Program) -> list[str]:
    """Names of all classes; one without a name is called as results call it."""
    return [program.classes[index] if index < len(program.classes) else f"class {index}" for index in range(program.class_count)]
