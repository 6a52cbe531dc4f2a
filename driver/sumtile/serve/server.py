# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The process: a socket, uvicorn with bounds on connections, and an end on SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from sumtile.errors import SumtileError
from sumtile.serve.app import make_app
from sumtile.serve.guard import names_loopback
from sumtile.serve.limits import Limits
from sumtile.serve.switch import ProgramSwitch


def listen(host: str, port: int) -> socket.socket:
    """A socket on which clients can queue from now on.

    Args:
        host: address or name of this machine to listen on.
        port: TCP port; 0 takes a free one.

    Raises:
        SumtileError: the port is taken or not allowed, or the address is none of this machine.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SumtileError(f"'{host}' is no address to listen on ({getattr(error, 'strerror', None) or error}); give --host 127.0.0.1, or 0.0.0.0 for all networks.") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise SumtileError(f"port {port} of {host} is taken by another program; choose one with --port, or end that program.") from None
        if error.errno == errno.EACCES:
            raise SumtileError(f"port {port} may only be opened by root; choose one above 1023 with --port.") from None
        raise SumtileError(f"{host} port {port} cannot be listened on ({os.strerror(error.errno or 0)}); give an address of this machine with --host, such as 127.0.0.1.") from None
    return listener


def is_loopback(listener: socket.socket) -> bool:
    """Whether only this machine reaches a socket."""
    name = listener.getsockname()[0]
    return names_loopback(f"[{name}]" if ":" in name else name)


def address(listener: socket.socket) -> str:
    """The address of the page, as a browser on this machine takes it."""
    name, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"


def make_server(switch: ProgramSwitch, limits: Limits, listener: socket.socket) -> uvicorn.Server:
    """A server for a socket; ``run(sockets=[listener])`` serves until its ``should_exit`` is true, and closes the accelerator."""
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # what clients do wrong is in our own log
    config = uvicorn.Config(
        make_app(switch, limits, loopback=is_loopback(listener)),
        http=_protocol(limits.head_s),
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=limits.connections,
        timeout_keep_alive=round(limits.idle_s),
        timeout_graceful_shutdown=round(limits.closing_s),
    )
    return uvicorn.Server(config)


def run(switch: ProgramSwitch, limits: Limits, listener: socket.socket) -> None:
    """Serves until SIGTERM or SIGINT, and logs to stderr; requests that wait then get ``limits.closing_s`` to end."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    server = make_server(switch, limits, listener)
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}  # uvicorn raises it again when it has ended
    try:
        server.run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        listener.close()
        switch.close()


def _protocol(head_s: float) -> type[H11Protocol]:
    """uvicorn's protocol, which closes a connection whose next head does not arrive in time."""

    class Protocol(H11Protocol):
        _head: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget()
            super().connection_lost(exc)

        def _watch(self) -> None:
            if self.conn.their_state is not h11.IDLE:
                self._forget()
            elif self._head is None:
                self._head = self.loop.call_later(head_s, self._late)

        def _forget(self) -> None:
            if self._head is not None:
                self._head.cancel()
            self._head = None

        def _late(self) -> None:
            self._head = None
            if self.conn.their_state is h11.IDLE:
                self.transport.close()

    return Protocol
