"""The page of the probe, and its pictures, are those of the probe that is shipped."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from reductions.probe import shipped

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "probe.md"


@pytest.fixture(scope="module")
def benchmark() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "benchmarks" / "probe.py"))


def test_the_tables_are_those_of_the_shipped_probe(benchmark: dict[str, Any]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == benchmark["page"](text, shipped().rows), "run: python benchmarks/probe.py --keep"
    for name in benchmark["tables"](shipped().rows):
        (between,) = re.findall(rf"<!-- {name} -->\n(.*?)<!-- end of {name} -->", text, re.S)
        assert between.strip(), name


def test_a_table_that_was_edited_is_seen(benchmark: dict[str, Any]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    edited = text.replace("<!-- end of crossings -->", "| edited |\n<!-- end of crossings -->")
    assert edited != text
    assert benchmark["page"](edited, shipped().rows) == text


def test_a_page_without_a_place_is_refused(benchmark: dict[str, Any]) -> None:
    with pytest.raises(SystemExit, match=r"probe\.md has 0 places for machine"):
        benchmark["page"]("# A page\n", shipped().rows)


def test_the_shipped_probe_is_of_the_grid(benchmark: dict[str, Any]) -> None:
    grid = benchmark["GRID"]
    found = [(row.cell, row.eps, row.seed, row.budget) for row in shipped()]
    assert found == [(cell, eps, grid.seed, grid.budget) for cell in grid.cells() for eps in grid.eps]


def test_the_pictures_are_there(benchmark: dict[str, Any]) -> None:
    shown = re.findall(r"\]\(images/(probe-.*?)\.svg\)", PAGE.read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(f"probe-{name}" for name in benchmark["SHOWN"])
    assert all((ROOT / "docs" / "images" / f"{name}.svg").exists() for name in shown)


def test_what_the_page_says_of_the_data() -> None:
    rows = shipped().rows
    soft = [row for row in rows if row.family != "hard" and row.eps == 1e-2]
    # The degree passes the budget between 0.5 and 1.5 in every soft family.
    assert all(row.degree is None for row in soft if row.b >= 1.5)
    for family in {row.family for row in soft}:
        assert any(row.degree is not None for row in soft if row.family == family and row.b == 0.5)
    # Entries of ±B take at least the degree of uniform ones.
    degrees = {(row.n, row.d, row.b, row.family, row.eps): row.degree or 99 for row in rows}
    for (n, d, b, family, eps), degree in degrees.items():
        assert family != "uniform" or degree <= degrees[n, d, b, "signs", eps]
    # Hard inputs whose thresholds leave room: the exact gradient decides all, the fast one certifies none.
    apart = [row for row in rows if row.instances and row.separated == row.instances]
    assert apart
    assert all(row.exact_right == row.instances for row in apart)
    assert all(row.right == 0 for row in apart)
    assert all(row.wrong == row.exact_wrong == 0 for row in rows if row.instances)
    # The ε-rank of hard inputs is small where the fast method fails.
    failing = [row for row in rows if row.family == "hard" and row.degree is None and row.eps == 1e-2]
    ranks = [row.rank for row in failing if row.exists and row.rank is not None]
    assert ranks
    assert max(ranks) < 10
    # At d = 8 degree 2 goes through all values of the scores up to B = 4 √ln n.
    easy = [row for row in rows if (row.family, row.d) == ("hard", 8) and row.exists and row.b <= 4]
    assert easy
    assert {row.degree for row in easy} == {2}
