# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The files of the page and the sample pictures, read once at the start: no request reaches the file system, whatever its path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from starlette.responses import Response

from sumtile.evaluation.samples import load_samples

PAGE = Path(__file__).with_name("page")

_TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".png": "image/png", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class File:
    """A file in memory with its media type."""

    content: bytes
    media_type: str
    cache: str

    def response(self) -> Response:
        """The answer that carries it."""
        return Response(self.content, media_type=self.media_type, headers={"Cache-Control": self.cache})


def load() -> tuple[File, dict[str, File], dict[str, File]]:
    """The page, what it loads by name, and the sample pictures by name.

    Raises:
        SumtileError: the samples are not where they were installed.
    """
    static = {path.name: _read(path, "no-cache") for path in sorted(PAGE.iterdir()) if path.suffix in _TYPES}
    _, samples = load_samples()
    return static.pop("index.html"), static, {sample.path.name: _read(sample.path, "max-age=3600") for sample in samples}


def _read(path: Path, cache: str) -> File:
    return File(path.read_bytes(), _TYPES[path.suffix], cache)
