"""Every page of the documentation in a real browser, without a network, on a wide and on a narrow screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser import chromium, events, needs_browser

pytestmark = needs_browser

NARROW = 360
# What is wrong with a page as it is shown, in words.
FAULTS = r"""
const size = (one) => one.getBoundingClientRect();
const found = [];
for (const formula of document.querySelectorAll("math")) {
    const flat = [...formula.querySelectorAll("mi, mn, mo, mtext")].filter(
        (leaf) => leaf.textContent.replace(/[\s\u2061-\u2064\u200b]/g, "") && !size(leaf).height);
    if (size(formula).width < 2 || size(formula).height < 4 || flat.length)
        found.push(`a formula takes no place: ${formula.textContent}`);
}
for (const holder of document.querySelectorAll(".formula"))
    if (!holder.querySelector("math")) found.push(`no formula: ${holder.outerHTML}`);
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
    const parent = texts.currentNode.parentElement;
    const text = texts.currentNode.textContent;
    if (parent.closest("pre, code, script, style, template, noscript, svg")) continue;
    if (/\$[^$]+\$|\\\(|\\\[|\\[a-zA-Z]{2,}\b/.test(text)) found.push(`LaTeX is left as it is: ${text}`);
}
for (const picture of document.images)
    if (!picture.complete || !picture.naturalWidth) found.push(`a picture is missing: ${picture.src}`);
return found;
"""
WIDE = """
const width = document.documentElement.scrollWidth;
if (width <= arguments[0]) return [];
const past = [...document.querySelectorAll("article *")].filter(
    (one) => one.getBoundingClientRect().right > arguments[0]);
return [`${width} pixels wide: ${past.slice(0, 3).map((one) => one.outerHTML.slice(0, 80)).join(" | ")}`];
"""


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def _open(driver: webdriver.Chrome, address: str, width: int = 1400) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    events(driver)
    driver.get_log("browser")
    driver.get(address)


def _faults(driver: webdriver.Chrome, root: Path) -> list[str]:
    """What the page asked for in vain or from elsewhere, what it complained of, and what is not shown."""
    faults = [entry["message"] for entry in driver.get_log("browser")]
    for event in events(driver):
        parameters: dict[str, Any] = event["params"]
        if event["method"] == "Network.loadingFailed":
            faults.append(f"a request failed: {parameters}")
        elif event["method"] == "Network.requestWillBeSent":
            address = parameters["request"]["url"]
            if not address.startswith((f"{root.as_uri()}/", "data:")):
                faults.append(f"a request goes elsewhere: {address}")
    return faults + driver.execute_script(FAULTS)


def test_every_page_shows_what_it_has(driver: webdriver.Chrome, documentation: Path) -> None:
    pages = sorted(documentation.rglob("*.html"))
    assert len(pages) > 40
    faults = {}
    for page in pages:
        _open(driver, page.as_uri())
        found = _faults(driver, documentation)
        metrics = {"width": NARROW, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        found += driver.execute_script(WIDE, NARROW)
        if found:
            faults[str(page.relative_to(documentation))] = found
    assert faults == {}


def test_there_are_formulas_on_pages_and_in_notebooks(driver: webdriver.Chrome, documentation: Path) -> None:
    for page in ("docs/errata.html", "notebooks/01_problem_and_gradient.html"):
        _open(driver, (documentation / page).as_uri())
        assert len(driver.find_elements(By.TAG_NAME, "math")) > 20


def test_searching_needs_no_network(driver: webdriver.Chrome, documentation: Path) -> None:
    _open(driver, f"{(documentation / 'search.html').as_uri()}?q=softmax")
    results = "#search-results li a"
    WebDriverWait(driver, 60).until(lambda _: driver.find_elements(By.CSS_SELECTOR, results))
    assert _faults(driver, documentation) == []
    _open(driver, str(driver.find_elements(By.CSS_SELECTOR, results)[0].get_attribute("href")))
    assert "softmax" in driver.find_element(By.TAG_NAME, "article").text.lower()


def test_a_page_with_faults_is_found_out(driver: webdriver.Chrome, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        "<!doctype html><meta charset=utf-8><script src='https://example.org/a.js'></script>"
        "<article style='width: 900px'><p>so $x^2$ holds<p><math><mrow></mrow></math>"
        "<span class=formula>x</span><img src='nothing.png'></article>",
        encoding="utf-8",
    )
    _open(driver, (tmp_path / "page.html").as_uri(), NARROW)
    faults = "\n".join(_faults(driver, tmp_path) + driver.execute_script(WIDE, NARROW))
    for words in (
        "goes elsewhere",
        "LaTeX",
        "takes no place",
        "no formula",
        "picture is missing",
        "pixels wide",
    ):
        assert words in faults
