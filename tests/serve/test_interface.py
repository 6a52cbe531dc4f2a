# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What honest clients ask for: the page, results as JSON, health, metrics."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest
from tests.serve.conftest import PICTURE, HeldSwitch

from sumtile import Accelerator
from sumtile.serve.guard import HEADERS, names_loopback

STAGES = {"image", "input", "network", "output"}


def classify(client: httpx.Client, *programs: str, **query: object) -> list[dict]:
    """The results for the picture."""
    answer = client.post("/api/classify", params={"program": programs, **query}, content=PICTURE, headers={"Content-Type": "image/png"})
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


def test_the_page_and_all_that_it_loads(client):
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8" and page.text.startswith("<!DOCTYPE html>")
    loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    assert len(loaded) == 3
    for address in loaded:
        assert client.get(address).status_code == 200, address
    assert "//" not in re.sub(r"<!--.*?-->", "", page.text).replace("<!DOCTYPE html>", ""), "the page names another host"


@pytest.mark.parametrize("address", ["/", "/static/page.js", "/samples/00018_bag.png", "/api", "/health", "/metrics", "/nothing", "/api/classify"])
def test_every_answer_is_guarded(client, address):
    answer = client.get(address)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])


def test_what_is_here(client, programs):
    here = client.get("/api").json()
    assert [(found["name"], found["overlay"], found["board"], found["input"]) for found in here["programs"]] == [
        ("adder", "adder", "zcu102", [28, 28, 1]),
        ("fixed", "fixed8", "zcu102", [28, 28, 1]),
    ]
    assert here["programs"][0]["classes"] == list(programs["adder"].classes)
    assert len(here["samples"]) == 20 and client.get(f"/samples/{here['samples'][14]}").content == PICTURE
    assert here["emulated"] is True and here["limits"]["bytes"] == 16 << 20


@pytest.mark.parametrize("name", ["adder", "fixed"])
def test_a_result_is_the_accelerators(client, programs, name, tmp_path):
    (tmp_path / "bag.png").write_bytes(PICTURE)
    with Accelerator(programs[name].overlay) as accelerator:
        accelerator.load(programs[name])
        expected = accelerator.classify(tmp_path / "bag.png", top=3)
        where = accelerator.where
    (result,) = classify(client, name, top=3)
    assert [(found["class"], found["probability"]) for found in result["classes"]] == expected.labels
    assert (result["program"], result["where"]) == (name, where)
    assert set(result["seconds"]) == STAGES | {"load"}  # the first picture of a program
    assert [layer["name"] for layer in result["layers"]] == [step.name for step in programs[name].steps]


def test_a_form_is_as_good_as_a_body(client):
    form = client.post("/api/classify?program=adder", files={"image": ("../../a.png", PICTURE, "image/png")}, data={"note": "ignored"})
    assert form.json()["results"][0]["classes"] == classify(client, "adder")[0]["classes"]


def test_two_programs_stand_in_the_order_asked(client):
    both = classify(client, "fixed", "adder")
    assert [result["program"] for result in both] == ["fixed", "adder"]
    assert [result["classes"] for result in both] == [classify(client, name)[0]["classes"] for name in ("fixed", "adder")]
    assert "mac_conv" in both[0]["where"] and "adder_conv" in both[1]["where"]


def test_a_program_stays_loaded(client):
    assert "load" in classify(client, "adder")[0]["seconds"]
    assert "load" not in classify(client, "adder")[0]["seconds"]
    assert "load" in classify(client, "fixed")[0]["seconds"]
    assert metric(client, "sumtile_overlay_changes_total") == 2


def test_health_and_metrics(client):
    assert client.get("/health").json()["status"] == "ok"
    before = metric(client, 'sumtile_requests_total{status="404"}')
    client.get("/nothing")
    classify(client, "adder")
    health = client.get("/health").json()
    assert (health["program"], health["overlay"], health["queue"], health["failures"]) == ("adder", "adder", 0, 0)
    text = client.get("/metrics")
    assert text.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert all(re.fullmatch(r'# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"\})? [-+.e\d]+', line) for line in text.text.splitlines())
    assert metric(client, 'sumtile_requests_total{status="404"}') == before + 1
    assert metric(client, 'sumtile_pictures_total{program="adder"}') == 1
    assert metric(client, 'sumtile_stage_seconds_total{stage="network"}') > 0
    assert metric(client, "sumtile_queue_length") == 0 and metric(client, "process_resident_memory_bytes") > 1 << 20


def metric(client: httpx.Client, name: str) -> float:
    """The value of a metric; 0 where there is none yet."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", client.get("/metrics").text, re.MULTILINE)
    return float(found[1]) if found else 0.0


@pytest.mark.parametrize("asked", ["a", "load-7.x_1", 64 * "z"])
def test_a_request_keeps_its_name(client, asked):
    assert client.get("/health", headers={"X-Request-ID": asked}).headers["x-request-id"] == asked


@pytest.mark.parametrize("asked", ["", 65 * "z", "a b", 'a"', "a/b"])
def test_a_strange_name_is_replaced(client, asked):
    assert re.fullmatch(r"[0-9a-f]{16}", client.get("/health", headers={"X-Request-ID": asked}).headers["x-request-id"])


def test_hosts_of_this_machine():
    assert all(map(names_loopback, ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "127.1.2.3", "[::1]", "[::1]:8000"]))
    assert not any(map(names_loopback, ["", "attacker.example", "localhost.attacker.example:8000", "10.0.0.1", "127.0.0.1.attacker.example", "[::2]:8000"]))


def test_a_server_for_a_network_answers_to_any_name(open_client: Callable[..., httpx.Client]):
    assert open_client(loopback=False).get("/health", headers={"Host": "pynq.local:8000"}).status_code == 200


def test_one_line_of_log_a_request(client, caplog):
    with caplog.at_level("INFO", "sumtile.serve"):
        client.get('/a"b%0Ac', headers={"X-Request-ID": "named"})
    (line,) = [record.getMessage() for record in caplog.records if record.name == "sumtile.serve"]
    assert re.fullmatch(r'named testclient "GET /a\?b\?c" 404 \d+\.\d ms', line)


def test_a_mistake_of_the_server_stays_in_its_log(open_client, programs, caplog):
    switch = HeldSwitch(programs)
    switch.gate.set()
    client = open_client(switch)
    del switch.state  # whatever looks at it now fails as nobody has foreseen
    answer = client.get("/health", headers={"X-Request-ID": "named"})
    assert (answer.status_code, answer.json()) == (500, {"error": "the server made a mistake; its log tells more at request named."})
    assert "AttributeError" in caplog.text
    switch.state = type(switch).__mro__[1](programs).state
