# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The page in Chromium, without a screen: a person gives a picture and reads the result."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys
from tests.faces.conftest import SAMPLES
from tests.faces.known import answers
from tests.faces.page import Page

from sumtile.program import Program

pytestmark = pytest.mark.faces

COAT = next(path for path in SAMPLES if path.stem.endswith("coat"))
BOOT = next(path for path in SAMPLES if path.stem.endswith("boot"))
LAYERS = ("conv1", "conv2", "conv3", "fc1", "fc2")

DROP = """
const bytes = Uint8Array.from(atob(arguments[0]), letter => letter.charCodeAt(0));
const carried = new DataTransfer();
carried.items.add(new File([bytes], "picture.png", {type: "image/png"}));
const zone = document.querySelector("#drop");
for (const kind of ["dragenter", "dragover", "drop"])
  zone.dispatchEvent(new DragEvent(kind, {dataTransfer: carried, bubbles: true, cancelable: true}));
"""


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    """A file that is no picture."""
    path = tmp_path / "notes.txt"
    path.write_text("Not a picture.\n")
    return path


def assert_shows(page: Page, program: Program, picture: Path, side: str = "a") -> None:
    """A side shows the five classes of the golden model in their order, each with its per cent and a bar as long as its share."""
    expected = answers(program, [picture])[0]
    result = page.result(side)
    assert [row.splitlines()[0].split(" ")[0] for row in result.classes] == [name.split(" ")[0] for name, _ in expected]
    assert all(name in row and f"{100 * share:.1f}" in row for row, (name, share) in zip(result.classes, expected)), (result.classes, expected)
    widest = max(result.bars)
    assert widest > 0 and result.bars == pytest.approx([widest * share / expected[0][1] for _, share in expected], abs=widest / 20)
    assert "emulated zcu102 (C simulation of" in result.text(".where")
    assert all(stage in result.text(".stages") for stage in ("image", "input", "network", "output"))
    assert all(step.name in result.text(".layers") for step in program.steps)


def test_an_uploaded_picture_is_classified(page: Page, programs: dict[str, Program]) -> None:
    page.choose("a", "adder")
    page.upload(COAT)
    assert_shows(page, programs["adder"], COAT)


def test_a_click_on_a_sample_classifies_it(page: Page, programs: dict[str, Program]) -> None:
    assert len(page.all("#samples button")) == len(SAMPLES)
    page.choose("a", "adder")
    page.all("#samples button")[SAMPLES.index(BOOT)].click()
    assert_shows(page, programs["adder"], BOOT)


def test_a_dropped_picture_is_classified(page: Page, programs: dict[str, Program]) -> None:
    page.choose("a", "adder")
    page.driver.execute_script(DROP, base64.b64encode(BOOT.read_bytes()).decode())
    assert_shows(page, programs["adder"], BOOT)
    assert page.driver.current_url == f"{page.url}/"  # the browser did not open the picture instead


def test_an_error_is_told_and_the_page_goes_on(page: Page, programs: dict[str, Program], text_file: Path) -> None:
    page.choose("a", "adder")
    page.upload(text_file)
    page.until(lambda: "is not an image" in page.message)
    page.refused = 1
    assert not page.busy and not page.all("#result-a .class")
    page.upload(COAT)
    assert_shows(page, programs["adder"], COAT)
    assert "is not an image" not in page.message


def test_two_programs_stand_side_by_side(page: Page, programs: dict[str, Program]) -> None:
    page.choose("a", "adder")
    page.choose("b", "msq")
    page.upload(COAT)
    assert_shows(page, programs["adder"], COAT, "a")
    assert_shows(page, programs["msq"], COAT, "b")
    left, right = page.one("#result-a").rect, page.one("#result-b").rect
    assert left["x"] + left["width"] <= right["x"] and left["y"] == right["y"]
    for part in (".classes", ".stages", "details"):  # what is compared is at the same height
        assert page.one(f"#result-a {part}").rect["y"] == page.one(f"#result-b {part}").rect["y"]
    page.choose("b", "")
    page.until(lambda: not page.one("#result-b").is_displayed())


def test_another_program_classifies_the_same_picture(page: Page, programs: dict[str, Program]) -> None:
    page.choose("a", "adder")
    page.upload(COAT)
    assert_shows(page, programs["adder"], COAT)
    page.choose("a", "fixed")
    page.until(lambda: "mac_conv" in page.one("#result-a .where").text)
    assert_shows(page, programs["fixed"], COAT)


def test_a_keyboard_is_enough(page: Page, programs: dict[str, Program]) -> None:
    page.tab_to("#program-a")
    page.press("f")  # a select goes to the option that begins so
    page.tab_to("#samples button")
    page.press(Keys.ENTER)
    assert_shows(page, programs["fixed"], SAMPLES[0])
    page.tab_to("#samples li:last-child button")
    page.press(Keys.SPACE)
    page.until(lambda: not page.busy)
    page.until(lambda: answers(programs["fixed"], [SAMPLES[-1]])[0][0][0] in page.result().classes[0])


def test_a_file_dialog_opens_by_keyboard(page: Page) -> None:
    page.driver.execute_script("window.opened = 0; document.querySelector('#file').addEventListener('click', event => { window.opened++; event.preventDefault(); })")
    page.tab_to("#file, #drop, #drop *")
    page.press(Keys.ENTER)
    page.until(lambda: page.driver.execute_script("return window.opened") == 1)


def test_the_page_opens_without_its_script(page: Page) -> None:
    """Without JavaScript the page says what it needs, instead of standing there dead."""
    page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.driver.get(page.url)
        assert "JavaScript" in page.one("noscript").get_attribute("textContent") and page.one("h1").text
    finally:
        page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
