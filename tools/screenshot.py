# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Takes the README's picture of the page: ``python tools/screenshot.py docs/serve.png``.

It starts ``sumtile serve`` with the networks that come with sumtile, on an emulated board, and classifies a sample with two programs in Debian's Chromium.
"""

from __future__ import annotations

import io
import sys
import tempfile
from base64 import b64decode
from pathlib import Path

from PIL import Image
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait
from visit.browser import WAIT_S, open_browser, set_window
from visit.server import open_server

WIDTH, SCALE = 1280, 1.5
"""CSS pixels, and pixels of the picture in each."""

COLOURS = 256
SAMPLES = ("trouser", "coat")
"""Shown one after the other; the first answer of a server takes longer, the last one is in the picture."""


def main(target: Path) -> None:
    """Writes the picture as a PNG with a palette."""
    with tempfile.TemporaryDirectory() as folder, open_server(log=Path(folder) / "log") as server, open_browser() as driver:
        set_window(driver, WIDTH, 800, SCALE)
        driver.get(server.url)
        classify(driver)
        drawn = Image.open(io.BytesIO(capture(driver))).convert("RGB")
    drawn.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    print(f"{target}: {drawn.width} x {drawn.height}, {target.stat().st_size / 1e3:.0f} kB")


def classify(driver: Chrome) -> None:
    """Two programs side by side on samples."""
    wait = WebDriverWait(driver, WAIT_S)
    wait.until(lambda _: driver.find_elements(By.CSS_SELECTOR, "#samples button"))
    for side, index in (("a", 0), ("b", 2)):  # the first program; of the second, 'none' is the first option
        Select(driver.find_element(By.ID, f"program-{side}")).select_by_index(index)
    for sample in SAMPLES:
        next(button for button in driver.find_elements(By.CSS_SELECTOR, "#samples button") if sample in button.accessible_name).click()
        wait.until(lambda _: all(driver.find_elements(By.CSS_SELECTOR, f"#result-{side} .class") for side in "ab"))
        wait.until(lambda _: not driver.find_elements(By.CSS_SELECTOR, "[aria-busy=true]"))
    driver.execute_script("document.activeElement.blur();")


def capture(driver: Chrome) -> bytes:
    """The whole page, however long it is, as PNG."""
    height = driver.execute_script("return document.documentElement.scrollHeight")
    area = {"x": 0, "y": 0, "width": WIDTH, "height": height, "scale": 1}
    return b64decode(driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": area})["data"])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python tools/screenshot.py PICTURE.png")
    main(Path(sys.argv[1]))
