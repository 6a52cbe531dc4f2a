# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Takes a picture from a request into memory: bounded in bytes and in time, as the body itself or as a field of a form, never on disk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from python_multipart.exceptions import FormParserError
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from sumtile.serve.limits import Limits, RefusalError

FIELD = "image"
"""Name of the form's field that holds the picture."""

_FORM = "multipart/form-data"


class Uploads:
    """Reads pictures; together they take a bounded amount of memory while they arrive.

    Args:
        limits: of one picture and of all.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held = 0

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytes]:
        """The picture that a request brings; it counts as held until the context ends.

        Raises:
            RefusalError: a wrong type, too many bytes, a client that is too slow, or a form without the picture.
            ClientDisconnect: the client has gone.
        """
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind and kind not in (_FORM, "application/octet-stream") and not kind.startswith("image/"):
            raise RefusalError(
                415,
                f"the body is of type {kind[:80]}, but a picture is needed; send it as image/..., as application/octet-stream, or in the field '{FIELD}' of a form.",
            )
        body = bytearray()
        try:
            await self._receive(request, body)
            picture = await _from_form(request.headers, bytes(body)) if kind == _FORM else bytes(body)
            if not picture:
                raise RefusalError(400, f"the picture is empty; send the content of an image file, as the body or in the field '{FIELD}' of a form.")
            yield picture
        finally:
            self._held -= len(body)

    async def _receive(self, request: Request, body: bytearray) -> None:
        limits, begin = self._limits, time.monotonic()
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limits.picture_bytes:
            raise self._too_large()
        more = True
        while more:
            patience = begin + limits.upload_s + len(body) / limits.upload_rate - time.monotonic()
            try:
                message = await asyncio.wait_for(request.receive(), max(0.0, patience))
            except asyncio.TimeoutError:
                raise RefusalError(
                    408,
                    f"the picture did not arrive within {limits.upload_s:g} s and {limits.upload_rate / 1024:g} KiB a second; send a smaller one, or over a faster network.",
                ) from None
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            chunk, more = message.get("body", b""), message.get("more_body", False)
            body += chunk
            self._held += len(chunk)
            if len(body) > limits.picture_bytes:
                raise self._too_large()
            if self._held > limits.uploads_bytes:
                raise RefusalError(503, "too many pictures are arriving at once; send this one again in a moment.", {"Retry-After": "2"})

    def _too_large(self) -> RefusalError:
        return RefusalError(413, f"the picture is too large: at most {self._limits.picture_bytes / (1 << 20):g} MiB are taken; scale it down or save it as JPEG.")


async def _from_form(headers: Headers, body: bytes) -> bytes:
    async def whole() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        form = await _FormInMemory(headers, whole(), max_files=1, max_fields=8, max_part_size=1 << 10).parse()
    except (MultiPartException, FormParserError) as error:
        found = getattr(error, "message", str(error)).rstrip(".")
        raise RefusalError(400, f"the form cannot be read ({found[:200]}); send one multipart/form-data with its boundary, the field '{FIELD}' and few other fields.") from None
    field = form.get(FIELD)
    if not isinstance(field, UploadFile):
        raise RefusalError(400, f"the form has no field '{FIELD}' with a file; put the picture there.")
    return await field.read()


class _FormInMemory(MultiPartParser):
    spool_max_size = 1 << 30  # more than any body that is taken: no temporary file
