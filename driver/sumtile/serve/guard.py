# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Stands around all answers: who may ask, what every answer carries, and one line of log a request."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sumtile.serve.limits import RefusalError

log = logging.getLogger("sumtile.serve")

GONE = 499
"""Status in log and metrics of a client that has gone before its answer; none is sent."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""Of every answer. The page loads nothing from elsewhere, and nothing else may show it in a frame or read its answers."""

_SKIP_S, _SKIP_IDLE_S, _SKIP_BYTES = 2.0, 0.3, 64 << 20  # how much of a body is read that nobody wants
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class Guard:
    """ASGI middleware.

    Args:
        app: what answers.
        loopback: the server can be reached from this machine only. A request that names another host then comes from a page
            whose author has pointed a name at this machine (DNS rebinding), and is refused.
        count: takes the status of each request.
    """

    def __init__(self, app: ASGIApp, loopback: bool, count: Callable[[int], None]) -> None:
        self._app, self._loopback, self._count = app, loopback, count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, begin, status = Headers(scope=scope), time.perf_counter(), GONE
        asked = headers.get("x-request-id", "")
        name = asked if _REQUEST_ID.fullmatch(asked) else secrets.token_hex(8)
        body = _Body(headers, receive)

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                carried = MutableHeaders(scope=message)
                carried["X-Request-ID"] = name
                for header, value in HEADERS.items():
                    carried[header] = value
                carried.setdefault("Cache-Control", "no-store")
                if not body.whole:
                    carried["Connection"] = "close"  # nobody will read the rest
            await send(message)

        try:
            self._check(scope, headers)
            await self._app(scope, body.receive, send_with_headers)
        except ClientDisconnect:
            pass
        except RefusalError as refusal:
            await body.skip()
            await error_response(refusal)(scope, receive, send_with_headers)
        except asyncio.CancelledError:  # the server closes, and the time for what was left is over
            if status != GONE:
                raise
            await error_response(RefusalError(503, "the server is closing; send the request again when it is back.", {"Retry-After": "10"}))(scope, receive, send_with_headers)
        except Exception:
            log.exception("request %s: an unexpected error", name)
            if status == GONE:
                await error_response(RefusalError(500, f"the server made a mistake; its log tells more at request {name}."))(scope, receive, send_with_headers)
        finally:
            self._count(status)
            client = scope["client"][0] if scope.get("client") else "-"
            log.info('%s %s "%s %s" %d %.1f ms', name, client, _printable(scope["method"]), _printable(scope["path"]), status, 1e3 * (time.perf_counter() - begin))

    def _check(self, scope: Scope, headers: Headers) -> None:
        host = headers.get("host", "")
        if self._loopback and host and not names_loopback(host):
            raise RefusalError(400, f"the request is for host '{_printable(host)}', but this server answers to localhost and 127.0.0.1 only; open it under one of these names.")
        if scope["method"] not in ("GET", "HEAD") and headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            raise RefusalError(403, "a page of another site sent this request; only the page of this server may.")


class _Body:
    """The body of a request, and how much of it has been read.

    Attributes:
        whole: nothing more will come.
    """

    def __init__(self, headers: Headers, receive: Receive) -> None:
        self.whole = "transfer-encoding" not in headers and headers.get("content-length", "0").strip("0") == ""
        self._receive = receive
        self._waits = "expect" in headers  # for an invitation to send, which the first reading is

    async def receive(self) -> Message:
        message = await self._receive()
        self._waits = False
        self.whole = self.whole or not message.get("more_body", False)
        return message

    async def skip(self) -> None:
        """Reads on for a moment: a client that is still sending would lose the answer if the connection were closed at once."""
        skipped, deadline = 0, time.monotonic() + _SKIP_S
        with suppress(asyncio.TimeoutError):
            while not self.whole and not self._waits and skipped < _SKIP_BYTES:
                message = await asyncio.wait_for(self.receive(), max(0.0, min(_SKIP_IDLE_S, deadline - time.monotonic())))
                skipped += len(message.get("body", b""))


def names_loopback(host: str) -> bool:
    """Whether a Host header, ``name`` or ``name:port``, names this machine."""
    name = host.rpartition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def error_response(refusal: RefusalError) -> JSONResponse:
    """``{"error": "one sentence"}``."""
    return JSONResponse({"error": refusal.sentence}, refusal.status, dict(refusal.headers))


def _printable(text: str) -> str:
    """Of what a client sent, what a line of log or of an answer can take."""
    return "".join(letter if letter.isascii() and letter.isprintable() and letter != '"' else "?" for letter in text[:80])
