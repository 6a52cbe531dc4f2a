# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What no honest client sends, kind by kind, and the answer that each kind gets. docs/serve.md has the same table."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import repeat

from PIL import Image
from tests.faces.conftest import SAMPLES
from tests.faces.raw import bomb, form, png, request, zeros

PICTURE = SAMPLES[0].read_bytes()
INVALID = "Invalid HTTP request received."
FORM = "multipart/form-data; boundary=boundary"


@dataclass(frozen=True)
class Hostile:
    """A kind of input.

    Attributes:
        kind, status, sentence: its row in docs/serve.md; status 0 is a connection that is closed without an answer.
        parts: what is sent, part by part, until an answer comes.
        pause_s: seconds between parts.
    """

    kind: str
    status: int
    sentence: str
    parts: Callable[[], Iterable[bytes]]
    pause_s: float = 0.0


def picture(content: bytes, target: str = "/api/classify?program=adder", **headers: object) -> Callable[[], list[bytes]]:
    """A whole request that brings a picture."""
    return lambda: [request("POST", target, content, **{"content_type": "image/png", **headers})]


def fetch(target: str | bytes, method: str = "GET", **headers: object) -> Callable[[], list[bytes]]:
    """A whole request without a body."""
    return lambda: [request(method, target, **headers)]  # type: ignore[arg-type]


def jpeg() -> bytes:
    """A sample as a JPEG file."""
    buffer = io.BytesIO()
    Image.open(SAMPLES[0]).resize((200, 200)).save(buffer, "JPEG")
    return buffer.getvalue()


def crowded() -> bytes:
    """A form with ten thousand fields before the picture."""
    return 10000 * b'--boundary\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n' + form(PICTURE)


def endless() -> Iterable[bytes]:
    """Chunks of a body for ever."""
    yield request(transfer_encoding="chunked", content_type="image/png")
    yield from repeat(b"10000\r\n" + bytes(1 << 16) + b"\r\n")


def pieces(whole: bytes) -> Iterable[bytes]:
    """A request in pieces, so that its answer is seen before the server closes on what is still to come."""
    return (whole[start : start + 4096] for start in range(0, len(whole), 4096))


def dripping_body() -> Iterable[bytes]:
    """A picture, byte by byte."""
    yield request(content_length=len(PICTURE), content_type="image/png")
    yield from (bytes([value]) for value in PICTURE)


def dripping_head() -> Iterable[bytes]:
    """Header lines for ever."""
    yield request().removesuffix(b"\r\n")
    yield from repeat(b"X-More: again\r\n")


INPUTS = [
    Hostile("decompression bomb, a PNG of 30000 x 30000", 422, "the picture is too large", lambda: picture(bomb(30000))()),
    Hostile("PNG that claims 2147483647 x 2147483647", 422, "the picture is too large", picture(png(2**31 - 1, 2**31 - 1))),
    Hostile("PNG of 8000 x 8000", 422, "the picture has 8000 x 8000 pixels, but 40,000,000 is the limit", lambda: picture(bomb(8000))()),
    Hostile("PNG whose comment unpacks to 1 GB", 400, "has a damaged header", lambda: picture(png(28, 28, zeros(28 * 29), zeros(1 << 30)))()),
    Hostile("truncated PNG", 400, "is damaged or truncated", picture(PICTURE[: len(PICTURE) // 2])),
    Hostile("truncated JPEG", 400, "is damaged or truncated", lambda: picture(jpeg()[:1500], content_type="image/jpeg")()),
    Hostile("text", 400, "is not an image that pillow can read", picture(b"GET /etc/passwd\n")),
    Hostile("text in a form", 400, "is not an image that pillow can read", picture(form(b"GET /etc/passwd\n"), content_type=FORM)),
    Hostile("empty body", 400, "the picture is empty", picture(b"")),
    Hostile("form without a picture", 400, "the form has no field 'image' with a file", picture(form(PICTURE, field="other"), content_type=FORM)),
    Hostile("form without its boundary", 400, "the form cannot be read", picture(form(PICTURE), content_type="multipart/form-data")),
    Hostile("form of another boundary", 400, "the form cannot be read", picture(form(PICTURE), content_type="multipart/form-data; boundary=other")),
    Hostile("form of 10000 fields", 400, "the form cannot be read", lambda: picture(crowded(), content_type=FORM)()),
    Hostile("declared length of 10 GB", 413, "at most 16 MiB are taken", fetch("/api/classify?program=adder", "POST", content_type="image/png", content_length=10**10)),
    Hostile("length that is no number", 400, INVALID, fetch("/api/classify?program=adder", "POST", content_type="image/png", content_length="many")),
    Hostile("endless body in chunks", 413, "at most 16 MiB are taken", endless),
    Hostile("body that drips", 408, "did not arrive within 5 s", dripping_body, 0.2),
    Hostile("head that drips", 0, "", dripping_head, 0.2),
    Hostile("path out of the folder", 404, "there is nothing at", fetch("/static/../../../../../../etc/passwd")),
    Hostile("encoded path out of the folder", 404, "there is nothing at", fetch("/static/%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2fetc/passwd")),
    Hostile("absolute path", 404, "there is nothing at", fetch("/samples/%2Fetc%2Fpasswd")),
    Hostile("path with a zero byte", 404, "there is nothing at", fetch("/samples/%00.png")),
    Hostile("folder as a file", 404, "there is nothing at", fetch("/static/")),
    Hostile("wrong method", 405, "takes POST, not GET", fetch("/api/classify?program=adder")),
    Hostile("method that does not exist", 405, "takes POST, not BREW", fetch("/api/classify?program=adder", "BREW")),
    Hostile("wrong content type", 415, "the body is of type application/json, but a picture is needed", picture(b"{}", content_type="application/json")),
    Hostile("unknown program", 404, "there is no program 'lenet9'", picture(PICTURE, "/api/classify?program=lenet9")),
    Hostile("no program", 400, "0 programs were asked for, but a request takes 1 to 2", picture(PICTURE, "/api/classify")),
    Hostile("fifty programs", 400, "the query has more than 8 parameters", picture(PICTURE, "/api/classify?" + "&".join(50 * ["program=adder"]))),
    Hostile("top of zero", 400, "top must be one whole number of at least 1", picture(PICTURE, "/api/classify?program=adder&top=0")),
    Hostile("top that is no number", 400, "top must be one whole number of at least 1", picture(PICTURE, "/api/classify?program=adder&top=all")),
    Hostile("unknown parameter", 400, "there is no parameter 'depth'", picture(PICTURE, "/api/classify?program=adder&depth=3")),
    Hostile("query that is not UTF-8", 400, "the query is not UTF-8", picture(PICTURE, "/api/classify?program=%ff%fe")),
    Hostile("raw bytes in the target", 400, INVALID, fetch(b"/api/classify?program=\xff\xfe", "POST")),
    Hostile("ten thousand headers", 400, INVALID, lambda: pieces(request("GET", "/", **{f"x_{index}": "y" for index in range(10000)})), 0.05),  # type: ignore[arg-type]
    Hostile("header of a megabyte", 400, INVALID, lambda: pieces(request("GET", "/", x_long=(1 << 20) * "y")), 0.05),
    Hostile("wrong host", 400, "this server answers to localhost and 127.0.0.1 only", fetch("/", host="attacker.example")),
    Hostile("page of another site that sends", 403, "a page of another site sent this request", picture(PICTURE, sec_fetch_site="cross-site")),
    Hostile("no HTTP", 400, INVALID, lambda: [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n"]),
]
