# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""An overlay back to the JSON file that describes it, and its board beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any

from sumtile.errors import SumtileError
from sumtile.overlay.description import Overlay
from sumtile.overlay.engine import Array, Engine
from sumtile.overlay.fc_engine import FcEngine


def overlay_file(overlay: Overlay, summary: str) -> dict[str, Any]:
    """The keys of the JSON file that describes an overlay for its board alone."""
    file: dict[str, Any] = {"name": overlay.name, "summary": summary, "clock_mhz": overlay.clock_mhz, "engines": [_engine(engine) for engine in overlay.engines]}
    if overlay.fc is not None:
        file["fc"] = _fc(overlay.fc)
    return {**file, "boards": {overlay.board.name: {}}}


def write_overlays(folder: Path, overlays: Sequence[tuple[Overlay, str]]) -> list[Path]:
    """Writes overlays with their summaries, and their boards, as a folder of descriptions that ``SUMTILE_OVERLAYS`` may name.

    Returns:
        the files of the overlays, in order.

    Raises:
        SumtileError: the folder cannot be written.
    """
    paths = [folder / f"{overlay.name}.json" for overlay, _ in overlays]
    try:
        (folder / "boards").mkdir(parents=True, exist_ok=True)
        for path, (overlay, summary) in zip(paths, overlays):
            path.write_text(_text(overlay_file(overlay, summary)), encoding="utf-8")
            (folder / "boards" / f"{overlay.board.name}.json").write_text(_text(asdict(overlay.board)), encoding="utf-8")
    except OSError as error:
        raise SumtileError(f"overlays cannot be written to {folder} ({error.strerror or error}); name another folder.") from None
    return paths


def _engine(engine: Engine) -> dict[str, Any]:
    return {
        "name": engine.name,
        "top": engine.top,
        "data_bits": engine.data_bits,
        "stream_bits": engine.stream_bits,
        "lanes": {"ti": engine.ti, "to": engine.to, "tp": engine.tp},
        "arrays": [_array(array) for array in engine.arrays],
        "scale_fold": engine.scale_fold,
        "weight_streams": engine.weight_streams,
        "limits": {"kernel": engine.kernel_max, "reduction": engine.reduction_max, "channels": engine.channels_max},
        "buffers": {name: getattr(engine, name) for name in ("feature_words", "weight_tiles", "reorder_words", "pool_beats")},
    }


def _array(array: Array) -> dict[str, Any]:
    """What differs from the defaults."""
    return {field.name: getattr(array, field.name) for field in fields(array) if field.default is MISSING or getattr(array, field.name) != field.default}


def _fc(fc: FcEngine) -> dict[str, Any]:
    return {"weight_streams": fc.weight_streams, "weight_bits": list(fc.weight_bits), "inputs_max": fc.inputs_max, "middle_max": fc.middle_max, "batch": fc.batch}


def _text(content: dict[str, Any]) -> str:
    """A key a line; what lies deeper in one line."""
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"
