"""verify() and its cache: what is read back, what is computed anew, and a cache that is no use."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proofcheck import verify
from proofcheck.claims import Level
from proofcheck.verify import check_form
from tests.claim_modules import CHAIN, CRASHING, GOOD, WRONG_B_1_5, reloaded, without_seconds, words


class Counted:
    """Counts the checks that really run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runs = 0

        def counted(*args: Any) -> Any:
            self.runs += 1
            return check_form(*args)

        monkeypatch.setattr(sys.modules["proofcheck.verify"], "check_form", counted)

    def since(self) -> int:
        runs, self.runs = self.runs, 0
        return runs


def test_a_second_run_reads_the_cache(
    module: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    counted = Counted(monkeypatch)
    path = module(GOOD, WRONG_B_1_5)
    first = reloaded(path)
    runs = counted.since()
    assert runs == 2 * len(Level)
    assert len(list((tmp_path / "cache").rglob("*.json"))) == runs
    second = reloaded(path)
    assert counted.since() == 0
    assert second.to_json() == first.to_json()
    # Nothing of it is used without, or for another seed.
    reloaded(path, cache=False)
    assert counted.since() == runs
    reloaded(path, seed=1)
    assert counted.since() == runs


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: "null",
        lambda text: '{"key": 1}',
        lambda text: text.replace('"verdict": "', '"verdict": "not '),
        lambda text: text.replace('"key": "', '"key": "other '),
        lambda text: text.replace('"sizes": [', '"sizes": [3, '),
        lambda text: "\ud800".encode("utf-8", "surrogatepass"),
    ],
)
def test_a_damaged_cache_file_is_as_if_it_were_not_there(
    damage: Callable[[str], Any],
    module: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    counted = Counted(monkeypatch)
    path = module(GOOD)
    first = reloaded(path)
    runs = counted.since()
    for file in (tmp_path / "cache").rglob("*.json"):
        text = damage(file.read_text(encoding="utf-8"))
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert without_seconds(reloaded(path)) == without_seconds(first)
    assert counted.since() == runs
    reloaded(path)
    assert counted.since() == 0  # and has been replaced


def test_a_changed_source_is_checked_anew(
    module: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(monkeypatch)
    path = module("FACTOR = 2", CHAIN)
    assert set(words(reloaded(path)).values()) == {"proved"}
    counted.since()
    file = Path(path)
    file.write_text(file.read_text(encoding="utf-8").replace("FACTOR = 2", "FACTOR = 3"), encoding="utf-8")
    found = words(reloaded(path))
    assert counted.since() > 0
    assert found["lem:1"] == "refuted"


@pytest.mark.parametrize(
    ("helper", "statement"),
    [
        ("def double(x):\n    return 2 * x\n", "from {0} import double"),
        ("def double(x):\n    return 2 * x\n", "import {0}\ndef double(x):\n    return {0}.double(x)"),
        ("FACTOR = 2\n", "from {0} import FACTOR\ndef double(x):\n    return FACTOR * x"),
        ("FACTORS = {'x': 2}\n", "from {0} import FACTORS as F\ndef double(x):\n    return F['x'] * x"),
    ],
    ids=["function", "module", "number", "dict"],
)
def test_a_changed_helper_module_is_noticed(
    helper: str, statement: str, module: Callable[..., str], tmp_path: Path
) -> None:
    name = f"helper_{uuid.uuid4().hex}"
    file = tmp_path / f"{name}.py"
    file.write_text(helper, encoding="utf-8")
    text = """
    one = claim("lem:one", x=Real("n"))

    @one.printed
    def _(xp, x):
        return equal(x + x, double(x))
    """
    path = module(statement.format(name), text)
    try:
        assert words(reloaded(path)) == {"lem:one": "proved"}
        file.write_text(helper.replace("2", "37"), encoding="utf-8")
        sys.modules.pop(name)
        assert words(reloaded(path)) == {"lem:one": "refuted"}
    finally:
        sys.modules.pop(name, None)


def test_relative_imports_without_a_package_do_no_harm(module: Callable[..., str]) -> None:
    text = """
    try:
        from . import extras
    except ImportError:
        extras = None
    """
    assert verify(module(text, GOOD)).passed


def test_errors_are_not_cached(
    module: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    counted = Counted(monkeypatch)
    path = module(CRASHING)
    reloaded(path)
    runs = counted.since()
    reloaded(path)
    assert 0 < counted.since() < runs  # what did not crash was kept


def test_a_cache_that_cannot_be_written(
    module: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = tmp_path / "a file"
    place.write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("PROOFCHECK_CACHE_DIR", str(place))
    assert verify(module(GOOD)).passed
    assert place.read_text(encoding="utf-8") == "in the way"


def test_a_cached_counterexample_keeps_its_order(module: Callable[..., str]) -> None:
    text = """
    bad = claim("lem:bad", z=Real("n"), a=Real("n"))

    @bad.printed
    def _(xp, z, a):
        return equal(z, a)
    """
    path = module(text)
    runs = [verify(path)["lem:bad"].printed.counterexample for _ in range(2)]
    assert [list(run["inputs"]) for run in runs] == [["z", "a"]] * 2
