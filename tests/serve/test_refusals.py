# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What the server refuses, with a status and one sentence; what needs a socket is in test_sockets.py."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from tests.serve.conftest import PICTURE

from sumtile.serve.rate import MOST_CLIENTS, RateLimit

FORM = "multipart/form-data; boundary=x"
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 28 28\n%%EndComments\nshowpage\n"


def png(width: int, height: int) -> bytes:
    """A black picture."""
    buffer = io.BytesIO()
    Image.new("1", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


def part(name: str, content: bytes = PICTURE) -> bytes:
    """A form with one file."""
    return f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="a.png"\r\n\r\n'.encode() + content + b"\r\n--x--\r\n"


PICTURES = [
    (b"", "image/png", 400, "the picture is empty"),
    (b"no picture", "image/png", 400, "is not an image that pillow can read; send JPEG, PNG, WEBP, GIF or BMP"),
    (EPS, "image/x-eps", 400, "is not an image that pillow can read"),
    (PICTURE[:200], "image/png", 400, "the picture is damaged or truncated"),
    (png(6400, 6400), "image/png", 422, "has 6400 x 6400 pixels, but 40,000,000 is the limit"),
    (png(20000, 20000), "image/png", 422, "the picture is too large"),
    (bytes((1 << 20) + 1), "image/png", 413, "at most 1 MiB"),
    (b"{}", "application/json", 415, "of type application/json"),
    (PICTURE, "application/x-www-form-urlencoded", 415, "of type application/x-www-form-urlencoded"),
    (part("picture"), FORM, 400, "has no field 'image'"),
    (part("image", b""), FORM, 400, "the picture is empty"),
    (part("image"), "multipart/form-data", 400, "boundary"),
    (part("image"), "multipart/form-data; boundary=y", 400, "the form cannot be read"),
    (part("image").removesuffix(b"--x--\r\n") + part("image"), FORM, 400, "the form cannot be read (Too many files"),
    (b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\ntext\r\n--x--\r\n', FORM, 400, "has no field 'image' with a file"),
]


@pytest.mark.parametrize(("content", "kind", "status", "sentence"), PICTURES)
def test_a_body_that_is_no_picture(open_client, content, kind, status, sentence):
    client = open_client(picture_bytes=1 << 20)
    answer = client.post("/api/classify?program=adder", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status and sentence in answer.json()["error"], answer.text
    assert client.post("/api/classify?program=adder", content=PICTURE).status_code == 200


def test_a_body_without_a_length_is_bounded_too(open_client):
    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield bytes(1 << 15)

    answer = open_client(picture_bytes=1 << 20).post("/api/classify?program=adder", content=chunks(), headers={"Content-Type": "image/png"})
    assert answer.status_code == 413


QUERIES = [
    ("", 400, "0 programs were asked for"),
    ("program=adder&program=adder&program=adder", 400, "3 programs were asked for, but a request takes 1 to 2"),
    ("program=lenet9", 404, "there is no program 'lenet9'; choose adder or fixed"),
    ("program=" + 1000 * "x", 404, "there is no program"),
    ("program=adder&depth=3", 400, "there is no parameter 'depth'"),
    ("program=adder&top=0", 400, "top must be"),
    ("program=adder&top=all", 400, "top must be"),
    ("program=adder&top=-1", 400, "top must be"),
    ("program=adder&top=%C2%B2", 400, "top must be"),
    ("program=adder&top=1&top=2", 400, "top must be"),
    ("program=%ff", 400, "not UTF-8"),
    ("&".join(9 * ["program=adder"]), 400, "more than 8 parameters"),
]


@pytest.mark.parametrize(("query", "status", "sentence"), QUERIES)
def test_a_query_that_makes_no_sense(client, query, status, sentence):
    answer = client.post(f"/api/classify?{query}", content=PICTURE)
    assert answer.status_code == status and sentence in answer.json()["error"], answer.text
    assert len(answer.json()["error"]) < 300


ADDRESSES = [
    ("GET", "/static/", 404, "there is nothing at /static/"),
    ("GET", "/static/%2e%2e%2fapp.py", 404, "there is nothing at"),
    ("GET", "/static/index.html", 404, "there is nothing at"),
    ("GET", "/samples/%2Fetc%2Fpasswd", 404, "there is nothing at"),
    ("GET", "/samples/%00.png", 404, "there is nothing at"),
    ("GET", "/api/", 404, "there is nothing at"),
    ("GET", "/api/classify", 405, "/api/classify takes POST, not GET"),
    ("POST", "/health", 405, "/health takes GET"),
    ("BREW", "/api/classify", 405, "takes POST, not BREW"),
]


@pytest.mark.parametrize(("method", "address", "status", "sentence"), ADDRESSES)
def test_an_address_that_is_not_there(client, method, address, status, sentence):
    answer = client.request(method, address)
    assert answer.status_code == status and sentence in answer.json()["error"], answer.text


def test_pages_of_others_are_kept_out(client):
    rebound = client.get("/", headers={"Host": "attacker.example:8000"})
    assert rebound.status_code == 400 and "host 'attacker.example:8000'" in rebound.json()["error"]
    foreign = client.post("/api/classify?program=adder", content=PICTURE, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    assert client.post("/api/classify?program=adder", content=PICTURE, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_a_host_that_is_none(open_client):
    assert open_client(loopback=False).get("/nothing", headers={"Host": "["}).status_code == 404


def test_no_picture_touches_the_disk(open_client, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))  # a file could not be made there
    large = io.BytesIO()
    Image.effect_noise((1500, 1500), 80).save(large, "PNG")
    assert len(large.getvalue()) > 2 << 20  # more than the form parser's own buffer
    assert open_client().post("/api/classify?program=adder", files={"image": large.getvalue()}).status_code == 200
    assert not Path(tmp_path / "none").exists()


def test_a_client_that_sends_too_many_is_told_when_to_come_back(open_client):
    client = open_client(rate=0.5, burst=2)
    assert [client.post("/api/classify?program=adder", content=PICTURE).status_code for _ in range(3)] == [200, 200, 429]
    refused = client.post("/api/classify?program=adder", content=PICTURE)
    assert 1 <= int(refused.headers["Retry-After"]) <= 2 and "0.5 pictures a second" in refused.json()["error"]
    assert client.get("/health").status_code == 200


def test_the_bucket_of_a_client_fills_again():
    now = 100.0
    limit = RateLimit(rate=2.0, burst=3, clock=lambda: now)
    assert [limit.take("a") for _ in range(4)] == [0, 0, 0, pytest.approx(0.5)]
    assert limit.take("b") == 0
    now += 0.25
    assert limit.take("a") == pytest.approx(0.25)  # asking costs nothing
    now += 0.25
    assert (limit.take("a"), limit.take("a")) == (0, pytest.approx(0.5))
    now += 1000
    assert [limit.take("a") for _ in range(4)][:3] == [0, 0, 0]
    for index in range(2 * MOST_CLIENTS):
        limit.take(str(index))
    assert len(limit._buckets) == MOST_CLIENTS
