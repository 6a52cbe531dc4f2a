# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Debian's Chromium without a screen, driven by Selenium. It reaches the loopback and nothing else."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from sumtile.cli.process_family import ProcessFamily

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
MISSING = "" if CHROMIUM and DRIVER else "there is no chromium or no chromedriver (Debian: sudo apt install chromium chromium-driver)"
"""Why there is no browser here; empty where there is one."""

WAIT_S = 30.0
"""Seconds that a page, a script or a result may take."""

_OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # it may be started by root in a container
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@contextmanager
def open_browser() -> Iterator[Chrome]:
    """A browser with a new, empty profile, which logs requests and console; at the end its processes and its profile are gone.

    Raises:
        RuntimeError: it is not installed.
    """
    if MISSING:
        raise RuntimeError(MISSING)
    with tempfile.TemporaryDirectory(prefix="sumtile-chromium-", ignore_cleanup_errors=True) as profile:
        options = ChromeOptions()
        options.binary_location = str(CHROMIUM)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        options.add_experimental_option("perfLoggingPrefs", {"enableNetwork": True, "enablePage": False})
        for option in (*_OPTIONS, f"--user-data-dir={profile}"):
            options.add_argument(option)
        service = ChromeService(str(DRIVER), popen_kw={"start_new_session": True})
        try:
            driver = Chrome(options, service)
            driver.set_page_load_timeout(WAIT_S)
            driver.set_script_timeout(WAIT_S)
            driver.get("about:blank")  # away from the browser's own first page
            yield driver
            driver.quit()
        finally:
            if process := getattr(service, "process", None):  # else it could not even be started
                ProcessFamily(process.pid, process.poll).end(grace=5.0)


def set_window(driver: Chrome, width: int, height: int, scale: float = 1.0, mobile: bool = False, dark: bool = False) -> None:
    """The window that pages see: CSS pixels, device pixels in each, a phone's or a desktop's, in light or dark."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": mobile})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
