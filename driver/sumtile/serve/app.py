# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The addresses of the server: the page, the JSON interface, health and metrics."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, NoReturn, TypeVar
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sumtile.overlay.host import on_real_board
from sumtile.serve import files
from sumtile.serve.answers import as_dict, program_facts
from sumtile.serve.guard import Guard
from sumtile.serve.limits import Limits, RefusalError
from sumtile.serve.metrics import CONTENT_TYPE, Metrics
from sumtile.serve.rate import RateLimit
from sumtile.serve.service import Service
from sumtile.serve.switch import ProgramSwitch
from sumtile.serve.upload import Uploads

T = TypeVar("T")

_TOP = 5


def make_app(switch: ProgramSwitch, limits: Limits, *, loopback: bool = True) -> Starlette:
    """The server as an ASGI application. Its shutdown closes the accelerator of ``switch``.

    Args:
        switch: programs and their accelerator.
        limits: of pictures, queue and clients.
        loopback: it will be reached from this machine only; see :class:`~sumtile.serve.guard.Guard`.
    """
    addresses = _Addresses(switch, limits, Metrics())
    routes = [
        Route("/", addresses.page),
        Route("/static/{name}", addresses.static),
        Route("/samples/{name}", addresses.sample),
        Route("/api", addresses.api),
        Route("/api/classify", addresses.classify, methods=["POST"]),
        Route("/health", addresses.health),
        Route("/metrics", addresses.metrics_text),
    ]
    guard = Middleware(Guard, loopback=loopback, count=addresses.metrics.count_request)
    app = Starlette(routes=routes, middleware=[guard], exception_handlers={HTTPException: _refuse}, lifespan=addresses.lifespan)
    app.router.redirect_slashes = False
    return app


class _Addresses:
    def __init__(self, switch: ProgramSwitch, limits: Limits, metrics: Metrics) -> None:
        self.switch, self.limits, self.metrics = switch, limits, metrics
        self.service = Service(switch, limits)
        self._uploads = Uploads(limits)
        self._rate = None if limits.rate is None else RateLimit(limits.rate, limits.burst)
        self._page, self._static, self._samples = files.load()
        self._programs = [program_facts(name, program) for name, program in switch.programs.items()]
        self._begin = time.monotonic()

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        yield
        self.service.close()

    async def page(self, request: Request) -> Response:
        return self._page.response()

    async def static(self, request: Request) -> Response:
        return _named(self._static, request)

    async def sample(self, request: Request) -> Response:
        return _named(self._samples, request)

    async def api(self, request: Request) -> Response:
        limits = self.limits
        told = {"bytes": limits.picture_bytes, "pixels": limits.pixels, "programs": limits.programs, "queue": limits.queue, "timeout": limits.timeout_s, "rate": limits.rate}
        where = {"where": self.switch.state.where, "emulated": not on_real_board()}
        return JSONResponse({**where, "programs": self._programs, "samples": list(self._samples), "limits": told})

    async def classify(self, request: Request) -> Response:
        programs, top = self._asked(request)
        self._check_rate(request)
        async with self._uploads.read(request) as picture:
            answers = await self._bounded(self.service.classify(picture, programs, top), request)
        self.metrics.count_answers(answers)
        return JSONResponse({"results": [as_dict(answer, answers.queued) for answer in answers.answers]})

    async def health(self, request: Request) -> Response:
        state, service = self.switch.state, self.service
        status = "failed" if state.broken else "busy" if service.full else "ok"
        facts: dict[str, Any] = {"status": status, "where": state.where, "program": state.program, "overlay": state.overlay, "queue": service.queue}
        facts |= {"failures": state.failures, "seconds": round(time.monotonic() - self._begin, 3)}
        if state.failures:
            ago = round(time.time() - state.last_failure_at, 1)
            facts["last_failure"] = {"error": state.last_failure, "seconds_ago": ago, "reopened": not state.broken}
        return JSONResponse(facts, 503 if state.broken else 200)

    async def metrics_text(self, request: Request) -> Response:
        return PlainTextResponse(self.metrics.text(self.service), media_type=CONTENT_TYPE)

    def _asked(self, request: Request) -> tuple[list[str], int]:
        """The programs and the number of classes in the query."""
        query = _query(request)
        if unknown := [name for name, _ in query if name not in ("program", "top")]:
            raise RefusalError(400, f"there is no parameter '{unknown[0][:40]}'; give program, once or twice, and top.")
        programs, tops = ([value for name, value in query if name == wanted] for wanted in ("program", "top"))
        if not 1 <= len(programs) <= self.limits.programs:
            raise RefusalError(400, f"{len(programs)} programs were asked for, but a request takes 1 to {self.limits.programs}; give ?program=NAME, and another for a comparison.")
        for name in programs:
            if name not in self.switch.programs:
                raise RefusalError(404, f"there is no program '{name[:40]}'; choose {' or '.join(self.switch.programs)}.")
        if len(tops) > 1 or not all(top.isascii() and top.isdigit() and 1 <= int(top[:9]) for top in tops):
            raise RefusalError(400, "top must be one whole number of at least 1; leave it out for 5 classes.")
        return programs, min(int(tops[0][:9]), 1000) if tops else _TOP

    def _check_rate(self, request: Request) -> None:
        client = request.client.host if request.client else ""
        wait = self._rate.take(client) if self._rate else 0.0
        if wait:
            raise RefusalError(429, f"{client} sends more than {self.limits.rate:g} pictures a second; wait {wait:.1f} s.", {"Retry-After": str(math.ceil(wait))})

    async def _bounded(self, work: Awaitable[T], request: Request) -> T:
        """The result of ``work``, unless time is up or the client goes before; then it is cancelled."""
        task = asyncio.ensure_future(work)
        gone = asyncio.ensure_future(_disconnected(request))
        try:
            await asyncio.wait({task, gone}, timeout=self.limits.timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            if gone.done():
                raise ClientDisconnect
            raise RefusalError(
                504, f"there was no result within {self.limits.timeout_s:g} s; send the picture again when fewer wait ({self.service.queue} do now).", {"Retry-After": "5"}
            )
        finally:
            task.cancel()
            gone.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _refuse(request: Request, error: Exception) -> NoReturn:
    """What the router refuses, as the rest is refused."""
    assert isinstance(error, HTTPException)
    path = request.scope["path"][:80]
    if error.status_code == 405:
        allowed = ", ".join(sorted((error.headers or {}).get("Allow", "GET").split(", ")))
        sentence = f"{path} takes {allowed}, not {request.method[:20]}; docs/serve.md lists the addresses."
    elif error.status_code == 404:
        sentence = f"there is nothing at {path}; the page is at /, and what can be asked at /api."
    else:
        sentence = error.detail
    raise RefusalError(error.status_code, sentence, error.headers or {})


def _named(known: dict[str, files.File], request: Request) -> Response:
    file = known.get(request.path_params["name"])
    if file is None:
        raise HTTPException(404)
    return file.response()


def _query(request: Request) -> list[tuple[str, str]]:
    try:
        return parse_qsl(request.scope["query_string"].decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=8)
    except UnicodeError:
        raise RefusalError(400, "the query is not UTF-8; percent-encode the names in it.") from None
    except ValueError:
        raise RefusalError(400, "the query has more than 8 parameters; give program, once or twice, and top.") from None
