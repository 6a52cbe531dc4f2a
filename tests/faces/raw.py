# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Requests byte by byte, as no ordinary client sends them."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import time
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from visit.server import HOST, Server

ANSWER_S = 30.0
"""Seconds within which the server must have answered or closed."""


@dataclass(frozen=True)
class Reply:
    """What came back; status 0 where the server closed the connection without an answer."""

    status: int
    error: str
    headers: dict[str, str]


def send(server: Server, parts: Iterable[bytes], *, pause_s: float = 0.0) -> Reply:
    """Sends parts one after the other until they end or the server answers or closes, then reads the answer."""
    deadline = time.monotonic() + ANSWER_S
    with socket.create_connection((HOST, server.port), ANSWER_S) as connection:
        for part in parts:
            if time.monotonic() > deadline:
                raise AssertionError(f"the server still takes what it is sent after {ANSWER_S:g} s")
            try:
                connection.sendall(part)
                if readable(connection, pause_s):
                    break
            except OSError:  # it has answered and closed
                break
        return receive(connection)


def readable(connection: socket.socket, seconds: float) -> bool:
    """Whether an answer, or the end of the connection, comes within that time."""
    connection.settimeout(seconds or 1e-6)
    try:
        return connection.recv(1, socket.MSG_PEEK) is not None
    except (TimeoutError, BlockingIOError):
        return False
    finally:
        connection.settimeout(ANSWER_S)


def receive(connection: socket.socket) -> Reply:
    """The answer that is on its way."""
    answer = http.client.HTTPResponse(connection)
    try:
        answer.begin()
        body = answer.read()
    except (http.client.HTTPException, ConnectionError):
        return Reply(0, "", {})
    text = body.decode()
    with suppress(ValueError, TypeError, KeyError):
        text = json.loads(text)["error"]
    return Reply(answer.status, text, {name.lower(): value for name, value in answer.getheaders()})


def request(method: str = "POST", target: str | bytes = "/api/classify?program=adder", body: bytes | None = None, host: str = "127.0.0.1", **headers: object) -> bytes:
    """The bytes of a request; ``content_type=`` and the like are its headers."""
    fields: dict[str, object] = {"Host": host, "Connection": "close", **{name.replace("_", "-").title(): value for name, value in headers.items()}}
    if body is not None:
        fields.setdefault("Content-Length", len(body))
    target = target if isinstance(target, bytes) else target.encode()
    head = b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in fields.items())
    return method.encode() + b" " + target + b" HTTP/1.1\r\n" + head + b"\r\n" + (body or b"")


def form(content: bytes, *, field: str = "image", boundary: str = "boundary") -> bytes:
    """A form with one file."""
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="../../picture.png"\r\nContent-Type: image/png\r\n\r\n'
    return head.encode() + content + f"\r\n--{boundary}--\r\n".encode()


def png(width: int, height: int, data: bytes = b"", text: bytes = b"") -> bytes:
    """A PNG of 8-bit grey pixels whose header claims a size, with this compressed data, and a compressed comment."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    comment = chunk(b"zTXt", b"Comment\0\0" + text) if text else b""
    return b"\x89PNG\r\n\x1a\n" + header + comment + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def zeros(count: int) -> bytes:
    """A zlib stream (RFC 1950) of that many zero bytes, a thousandth as long; the same deflated mebibyte again and again."""
    mebibyte = _deflated(1 << 20, zlib.Z_FULL_FLUSH)
    checksum = (count % 65521) << 16 | 1  # Adler-32 of zeros
    return b"\x78\xda" + (count >> 20) * mebibyte + _deflated(count & 0xFFFFF, zlib.Z_FINISH) + struct.pack(">I", checksum)


def _deflated(count: int, flush: int) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(bytes(count)) + packer.flush(flush)


def bomb(side: int) -> bytes:
    """A valid PNG of that many grey rows and columns, all black."""
    return png(side, side, zeros(side * (1 + side)))
