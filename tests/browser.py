"""Chromium without a network, in which HTML is tried."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # which needs a kernel feature that containers lack
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--window-size=1500,1000",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)

needs_browser = pytest.mark.skipif(
    (BROWSER is None or DRIVER is None) and "CI" not in os.environ,
    reason="chromium and chromedriver are not installed (Debian: chromium, chromium-driver)",
)


@contextmanager
def chromium(profile: Path) -> Iterator[webdriver.Chrome]:
    """A browser that is offline and keeps what it asks for and complains of."""
    assert BROWSER is not None, "CI needs chromium"
    assert DRIVER is not None, "CI needs chromedriver"
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # The path given, Selenium looks for no driver and downloads none.
    browser = webdriver.Chrome(options=options, service=Service(executable_path=DRIVER))
    try:
        browser.execute_cdp_cmd("Network.enable", {})
        offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
        browser.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
        yield browser
    finally:
        browser.quit()


def events(driver: webdriver.Chrome) -> list[dict[str, Any]]:
    """What happened on the network since this, or :func:`requests`, was last called."""
    return [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]


def requests(driver: webdriver.Chrome) -> list[str]:
    """What was asked for since this was last called."""
    sent = (event for event in events(driver) if event["method"] == "Network.requestWillBeSent")
    return [event["params"]["request"]["url"].partition("#")[0] for event in sent]
