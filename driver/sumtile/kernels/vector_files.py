# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A folder of test vectors, as a C++ testbench reads it (``hls/testbench/vectors.hpp``).

It has one file for each stream port, ``features.bin`` or ``vectors.bin``, ``weights_0.bin`` and so on, ``residual.bin`` and
``result.bin``, with the bytes of all calls one after the other, and ``index.txt``::

    sumtile-vectors 1
    calls 12 weight_streams 1 beat_bytes 16
    probe 0 0 0 320 0 0

The last line stands for one call of the top function: name, value of the registers ``status`` and ``layers`` after it, then the
bytes of ``features`` or ``vectors``, of each weight port, of ``residual`` and of ``result``. TLAST is on the last beat of each of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sumtile.errors import SumtileError
from sumtile.overlay import Engine, FcEngine
from sumtile.overlay.design import weight_ports

OK, BAD_STAMP = 0, 2
"""Values of an engine's register ``status``."""

NOTHING = np.empty(0, np.uint8)


@dataclass(frozen=True)
class Call:
    """One call of the top function: what goes into its ports, and what must come out (contiguous uint8)."""

    name: str
    status: int
    layers: int
    source: np.ndarray
    weights: dict[str, np.ndarray]
    residual: np.ndarray
    result: np.ndarray


def write_calls(calls: Sequence[Call], engine: Engine | FcEngine, folder: Path) -> None:
    """Writes a folder of vectors.

    Raises:
        SumtileError: the folder cannot be written.
    """
    ports = {port: [call.weights[port] for call in calls] for port in weight_ports(engine)}
    ports["features" if isinstance(engine, Engine) else "vectors"] = [call.source for call in calls]
    ports |= {name: [getattr(call, name) for call in calls] for name in ("residual", "result")}
    lines = ["sumtile-vectors 1", f"calls {len(calls)} weight_streams {engine.weight_streams} beat_bytes {engine.stream_bytes}"]
    for call in calls:
        sizes = (call.source, next(iter(call.weights.values())), call.residual, call.result)
        lines.append(" ".join([call.name, str(call.status), str(call.layers), *(str(data.nbytes) for data in sizes)]))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for port, data in ports.items():
            (folder / f"{port}.bin").write_bytes(np.concatenate(data).tobytes())
        (folder / "index.txt").write_text("\n".join(lines) + "\n")
    except OSError as error:
        raise SumtileError(f"the folder {folder} cannot be written ({error.strerror}); make it writable or name another.") from None
