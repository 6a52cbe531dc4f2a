# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What a person does on the page, and what the person then sees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException, TimeoutException
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait
from visit.browser import WAIT_S, set_window

REPLACED = (NoSuchElementException, StaleElementReferenceException)  # by a newer result, between one look and the next


class Page:
    """The page in a browser.

    Args:
        driver: the browser.
        url: address of the server.
    """

    def __init__(self, driver: Chrome, url: str) -> None:
        self.driver, self.url = driver, url
        self.refused = 0  # answers with an error that a test has provoked; the browser logs each of them

    def open(self, width: int = 1280, height: int = 900, mobile: bool = False, dark: bool = False) -> None:
        """Loads it in a window of that size, and waits for programs and samples."""
        for log in ("browser", "performance"):
            self.driver.get_log(log)
        set_window(self.driver, width, height, mobile=mobile, dark=dark)
        self.driver.get(self.url)
        self.until(lambda: len(self.all("#samples button")) > 0 and len(Select(self.one("#program-a")).options) > 0)

    def one(self, selector: str) -> WebElement:
        """The element that a CSS selector names."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        """All elements that a CSS selector names."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def until(self, condition: Any) -> Any:
        """Waits, with a bound, until the condition gives something true, and returns that."""
        try:
            return WebDriverWait(self.driver, WAIT_S, ignored_exceptions=REPLACED).until(lambda _: condition())
        except TimeoutException:
            raise AssertionError(f"nothing came within {WAIT_S:g} s; the message is '{self.message}', and the page shows:\n{self.one('body').text[:2000]}") from None

    def upload(self, file: Path) -> None:
        """Chooses a file."""
        self.one("#file").send_keys(str(file))

    def choose(self, side: str, program: str) -> None:
        """Selects a program for side a or b."""
        Select(self.one(f"#program-{side}")).select_by_value(program)

    def result(self, side: str = "a") -> Result:
        """Waits for the result of a side."""
        self.until(lambda: self.all(f"#result-{side} .class") and not self.busy)
        return Result(self.one(f"#result-{side}"))

    def press(self, *keys: str) -> None:
        """Presses keys one after the other, wherever the focus is."""
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def tab_to(self, selector: str) -> None:
        """Presses the tabulator until the focus is on an element that the selector names."""
        for _ in range(60):
            self.press(Keys.TAB)
            if self.driver.execute_script("return document.activeElement.matches(arguments[0])", selector):
                return
        raise AssertionError(f"60 tabulators did not lead to '{selector}'")

    @property
    def busy(self) -> bool:
        """Whether it waits for an answer."""
        return bool(self.all("[aria-busy=true]"))

    @property
    def message(self) -> str:
        """The line that tells what happens or what went wrong."""
        return self.one("#message").text

    def assert_quiet(self) -> None:
        """No request went to another host, and the console has no errors but the refusals that the test provoked."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        requested = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
        elsewhere = [url for url in requested if urlsplit(url).scheme in ("http", "https", "ws", "wss") and not url.startswith(f"{self.url}/")]
        assert (elsewhere, f"{self.url}/" in requested) == ([], True)
        errors = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
        refusals = [error for error in errors if "Failed to load resource" in error and "/api/classify" in error]
        assert len(refusals) == self.refused and errors == refusals, errors


class Result:
    """A result as it stands on the page.

    Args:
        element: ``#result-a`` or ``#result-b``.
    """

    def __init__(self, element: WebElement) -> None:
        self._element = element

    @property
    def classes(self) -> list[str]:
        """The text of each row of a class, the best first."""
        return [row.text for row in self._parts(".class")]

    @property
    def bars(self) -> list[float]:
        """How wide the bar of each class is drawn, in CSS pixels."""
        return [bar.rect["width"] for bar in self._parts(".class .bar")]

    def text(self, part: str) -> str:
        """The text of ``.where``, ``.stages`` or ``.layers``; of a closed <details> too."""
        return str(self._element.find_element(By.CSS_SELECTOR, part).get_attribute("textContent"))

    def _parts(self, selector: str) -> list[WebElement]:
        return self._element.find_elements(By.CSS_SELECTOR, selector)
