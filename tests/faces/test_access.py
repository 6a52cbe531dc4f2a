# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The page for everyone: contrast, names of controls, focus, small windows (WCAG 2.2, level AA)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys
from tests.faces.conftest import SAMPLES
from tests.faces.page import Page

pytestmark = pytest.mark.faces

LOOK = Path(__file__).with_name("look.js").read_text()
TALL = 6000  # a window in which nothing has to be scrolled
CONTROLS = {"button", "combobox", "textbox", "link", "menuitem", "checkbox", "radio", "spinbutton", "listbox", "DisclosureTriangle"}


def look(page: Page, measure: str) -> Any:
    """The result of a function of look.js."""
    return page.driver.execute_script(f"{LOOK}\nreturn {measure}();")


def show_everything(page: Page) -> None:
    """Two results, all details open."""
    page.choose("a", "adder")
    page.choose("b", "msq")
    page.all("#samples button")[0].click()
    page.result("a"), page.result("b")
    page.driver.execute_script("for (const part of document.querySelectorAll('details')) part.open = true;")


def provoke_an_error(page: Page, folder: Path) -> None:
    """The message of a file that is no picture."""
    (folder / "notes.txt").write_text("Not a picture.\n")
    page.upload(folder / "notes.txt")
    page.until(lambda: "is not an image" in page.message)
    page.refused += 1


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_and_bars_stand_out(page: Page, dark: bool, tmp_path: Path) -> None:
    page.open(1280, TALL, dark=dark)
    show_everything(page)
    shown = look(page, "texts")
    assert len(shown) > 40 and max(text["bottom"] for text in shown) < TALL
    assert [text for text in shown if text["contrast"] < 4.5] == []
    bars = look(page, "bars")
    assert len(bars) >= 2 and min(bars) >= 3  # non-text contrast, 1.4.11
    provoke_an_error(page, tmp_path)
    assert [text for text in look(page, "texts") if text["contrast"] < 4.5] == []


def test_both_colour_schemes_differ(page: Page) -> None:
    grounds = []
    for dark in (False, True):
        page.open(dark=dark)
        grounds.append(page.driver.execute_script(f"{LOOK}\nreturn luminance(ground(document.body, 2, 2));"))
    assert grounds[0] > 0.7 and grounds[1] < 0.1


def test_every_control_has_a_name(page: Page) -> None:
    show_everything(page)
    nodes = [node for node in page.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"] if not node["ignored"]]
    controls = [(node["role"]["value"], node.get("name", {}).get("value", "").strip()) for node in nodes if node["role"]["value"] in CONTROLS]
    assert len(controls) >= len(SAMPLES) + 3, controls  # samples, two programs, the file
    assert [role for role, name in controls if not name] == []
    buttons = [name for role, name in controls if role == "button"]
    assert len(set(buttons)) == len(buttons), buttons  # each sample is told apart
    assert [node for node in nodes if node["role"]["value"] in ("image", "img") and not node.get("name", {}).get("value")] == []


def test_the_document_has_a_structure(page: Page) -> None:
    assert page.one("html").get_attribute("lang") and page.driver.title
    assert len(page.all("h1")) == len(page.all("main")) == 1
    assert page.one("#message").get_attribute("role") in ("status", "alert") or page.one("#message").get_attribute("aria-live")


def test_the_focus_is_seen_on_each_control(page: Page) -> None:
    reached = []
    for _ in range(60):
        page.press(Keys.TAB)
        tag = page.driver.execute_script("return document.activeElement === document.body ? '' : document.activeElement.outerHTML.slice(0, 80)")
        if not tag or tag in reached[:1]:
            break
        reached.append(tag)
        assert look(page, "focusMark"), tag
    assert len(reached) >= len(SAMPLES) + 2, reached


@pytest.mark.parametrize("width", [390, 320], ids=["phone", "zoomed"])
def test_a_small_window_needs_no_scrolling_sideways(page: Page, width: int, tmp_path: Path) -> None:
    """1.4.10 (reflow) and 2.5.8 (size of targets), before and after a result, and with a long message."""
    page.open(width, 844, mobile=True)
    for change in (lambda: None, lambda: show_everything(page), lambda: provoke_an_error(page, tmp_path)):
        change()
        overflow, inner = page.driver.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
        assert (overflow, inner) == (width, width)
        assert [control for control in look(page, "controls") if min(control["width"], control["height"]) < 24 and 'type="file"' not in control["tag"]] == []


def test_motion_is_left_out_where_it_is_not_wanted(page: Page) -> None:
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]})
    show_everything(page)
    assert page.driver.execute_script("return document.getAnimations().length") == 0
