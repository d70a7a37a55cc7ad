"""The blueprint in a real browser, without a network: what a reader clicks, types and sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from proofcheck.claims.graph import Graph
from proofcheck.report.blueprint import to_blueprint_text
from proofcheck.report.blueprint_graph import edges_of
from proofcheck.results import ClaimResult, assemble
from tests.browser import chromium, needs_browser, requests
from tests.report.blueprint_samples import EVIL, EVIL_ID, paper_claims, small_report
from tests.report.errata_samples import STANDS

pytestmark = needs_browser


def paper_page() -> str:
    """The paper's claims as if every printed form were proved: its graph and formulas, without the checks."""
    graph = Graph(paper_claims())
    verdicts = {(id, form): STANDS for id, claim in graph.claims.items() for form in claim.forms()}
    environment = {"sources": 64 * "a"}  # as wide as a digest
    return to_blueprint_text(assemble(graph, verdicts, tuple(graph.claims), environment))


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    texts = {"small": to_blueprint_text(small_report()), "paper": paper_page()}
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


def _open(driver: webdriver.Chrome, page: Path, id: str = "", *, script: bool = True) -> None:
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not script})
    driver.get("about:blank")
    requests(driver)
    driver.get_log("browser")
    driver.get(page.as_uri() + (f"#{quote(id)}" if id else ""))


def _shown(driver: webdriver.Chrome) -> list[str]:
    """Ids of the panels that are seen."""
    articles = driver.find_elements(By.CSS_SELECTOR, "article")
    return [str(one.get_dom_attribute("id")) for one in articles if one.is_displayed()]


def _node(driver: webdriver.Chrome, id: str) -> WebElement:
    nodes = driver.find_elements(By.CSS_SELECTOR, "a.node")
    return next(node for node in nodes if node.get_dom_attribute("data-id") == id)


def _soon(driver: webdriver.Chrome, expected: list[str]) -> None:
    WebDriverWait(driver, 5).until(lambda _: _shown(driver) == expected)


def _silent(driver: webdriver.Chrome, page: Path) -> None:
    """Nothing was fetched but the page, and nothing complained."""
    assert requests(driver) == [page.as_uri()]
    assert driver.get_log("browser") == []


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_click_shows_the_claims_panel_and_back_leads_back(
    driver: webdriver.Chrome, pages: dict[str, Path], script: bool
) -> None:
    _open(driver, pages["paper"], script=script)
    overview = driver.find_element(By.CSS_SELECTOR, ".panels > section")
    assert _shown(driver) == []
    assert overview.is_displayed()
    _node(driver, "lem:B.1.5").click()
    _soon(driver, ["lem:B.1.5"])
    assert not overview.is_displayed()
    assert "Derivative of f" in driver.find_element(By.CSS_SELECTOR, "article:target h2").text
    driver.find_element(By.CSS_SELECTOR, "article:target a[href='#def:3.4']").click()
    _soon(driver, ["def:3.4"])
    driver.back()
    _soon(driver, ["lem:B.1.5"])
    driver.back()
    _soon(driver, [])
    assert overview.is_displayed()
    _silent(driver, pages["paper"])


def test_the_keyboard_is_enough(driver: webdriver.Chrome, pages: dict[str, Path]) -> None:
    _open(driver, pages["paper"])
    reached = []
    for _ in range(30):
        driver.switch_to.active_element.send_keys(Keys.TAB)
        focused = driver.switch_to.active_element
        if focused.get_dom_attribute("data-id") is not None:
            reached.append(str(focused.get_dom_attribute("data-id")))
        if len(reached) == 3:
            break
    assert reached == [claim.id for claim in paper_claims()][:3]
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    _soon(driver, reached[-1:])
    # What is read next is the panel.
    assert driver.switch_to.active_element.get_dom_attribute("id") == reached[-1]
    driver.switch_to.active_element.send_keys(Keys.TAB)
    inside = "return document.activeElement.closest('article')?.id"
    assert driver.execute_script(inside) == reached[-1]


def test_the_script_marks_neighbours_and_filters(driver: webdriver.Chrome, pages: dict[str, Path]) -> None:
    _open(driver, pages["paper"], "def:C.3")
    edges = edges_of(_bare_results())
    near = {a for a, b, _ in edges if b == "def:C.3"} | {b for a, b, _ in edges if a == "def:C.3"}
    marked = driver.find_elements(By.CSS_SELECTOR, ".node.near")
    assert {node.get_dom_attribute("data-id") for node in marked} == near | {"def:C.3"}
    (chosen,) = driver.find_elements(By.CSS_SELECTOR, ".node[aria-current]")
    assert chosen.get_dom_attribute("data-id") == "def:C.3"
    on = driver.find_elements(By.CSS_SELECTOR, ".edge.on")
    assert len(on) == sum("def:C.3" in edge[:2] for edge in edges)
    assert driver.title.startswith("def:C.3")
    _open(driver, pages["small"])
    box = driver.find_element(By.CSS_SELECTOR, ".filter input[value=defined]")
    box.click()
    off = driver.find_elements(By.CSS_SELECTOR, ".node.off")
    assert [node.get_dom_attribute("data-id") for node in off] == ["b:stands"]
    assert len(driver.find_elements(By.CSS_SELECTOR, ".edge.off")) == 3
    assert not driver.find_element(By.CSS_SELECTOR, "tr[data-id='b:stands']").is_displayed()
    box.click()
    assert driver.find_elements(By.CSS_SELECTOR, ".off") == []


def _bare_results() -> tuple[ClaimResult, ...]:
    graph = Graph(paper_claims())
    return assemble(graph, {}, tuple(graph.claims), {}).results


def test_formulas_take_place(driver: webdriver.Chrome, pages: dict[str, Path]) -> None:
    _open(driver, pages["paper"])
    boxes = driver.execute_script(
        """
        for (const article of document.querySelectorAll("article")) article.style.display = "block";
        const size = (one) => one.getBoundingClientRect();
        return [...document.querySelectorAll("article math")].map((one) => [
            one.closest("article").id, size(one).width, size(one).height,
            [...one.querySelectorAll("mi, mn, mo, mtext")].filter(
                (leaf) => leaf.textContent.trim() && !size(leaf).height).length,
            [...one.querySelectorAll("mfrac")].map(
                (one) => size(one.lastChild).top - size(one.firstChild).bottom)]);
        """
    )
    assert [box[0] for box in boxes] == [claim.id for claim in paper_claims() if claim.formula]
    for id, width, height, flat, fractions in boxes:
        assert width > 15, id
        assert height > 15, id
        assert flat == 0, id
        assert all(gap > 0 for gap in fractions), id  # numerators are above denominators


def test_markup_in_claims_stays_text(driver: webdriver.Chrome, pages: dict[str, Path]) -> None:
    _open(driver, pages["small"], EVIL_ID)
    assert _shown(driver) == [EVIL_ID]
    quoted = driver.find_element(By.CSS_SELECTOR, "article:target blockquote").text
    assert quoted == EVIL.replace("\x1b", "\ufffd")
    assert driver.title == f"{EVIL_ID}: Blueprint"
    assert driver.find_elements(By.CSS_SELECTOR, "img, svg svg, [onload], [onerror], b:not(.legend b)") == []
    assert len(driver.find_elements(By.CSS_SELECTOR, "script")) == 1
    _silent(driver, pages["small"])


def test_the_policy_stops_what_is_not_the_pages_own(
    driver: webdriver.Chrome, pages: dict[str, Path], tmp_path: Path
) -> None:
    pierced = tmp_path / "pierced.html"
    text = pages["small"].read_text(encoding="utf-8")
    own = "<script>document.title = 'owned'</script><img src='file:///nowhere.png' onerror='alert(1)'>"
    pierced.write_text(text.replace("<header>", f"<header>{own}", 1), encoding="utf-8")
    _open(driver, pierced)
    assert driver.title == "Blueprint"
    messages = [entry["message"] for entry in driver.get_log("browser")]
    assert sum("Content Security Policy" in message for message in messages) >= 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1500])
def test_the_page_fits_and_shows_in_both_schemes(
    driver: webdriver.Chrome, pages: dict[str, Path], tmp_path: Path, scheme: str, width: int
) -> None:
    feature = {"name": "prefers-color-scheme", "value": scheme}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        for id in ("", "lem:3.10"):
            _open(driver, pages["paper"], id)
            assert driver.execute_script("return document.documentElement.scrollWidth") <= width
        ground = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") is (scheme == "light")
        overflowing = driver.execute_script(
            """
            return [...document.querySelectorAll(".node")].filter((node) => {
                const shape = node.querySelector(".shape").getBBox();
                return [...node.querySelectorAll("text")].some((text) => {
                    const box = text.getBBox();
                    return box.x < shape.x + 2 || box.x + box.width > shape.x + shape.width - 2;
                });
            }).map((node) => node.dataset.id);
            """
        )
        assert overflowing == []
        assert driver.save_screenshot(str(tmp_path / "page.png"))
        assert (tmp_path / "page.png").stat().st_size > 20_000
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
