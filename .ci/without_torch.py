"""Running the tests on a Python for which there is no torch at hand.

As a program it prints what the extra ``test`` requires but torch, a line each.  As a plugin of pytest
(``-p without_torch``) it skips what fails for want of torch, and only that, saying so.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
REASON = "torch is not installed"
_ABSENT = ("No module named 'torch'", "pip install 'proofcheck[torch]'")


def requirements(extra: str) -> Iterator[str]:
    """What an extra requires, that of the extras it includes among it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for text in project["optional-dependencies"][extra]:
        own = re.fullmatch(r"proofcheck\[([\w,]+)\]", text)
        if own is None:
            yield text
        else:
            for included in own[1].split(","):
                yield from requirements(included)


def _skipped(report: Any, path: Path, line: int) -> None:
    if report.failed and any(words in str(report.longrepr) for words in _ABSENT):
        report.outcome, report.longrepr = "skipped", (str(path), line, REASON)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[Any]:
    """A test that failed for want of torch was skipped."""
    report = yield
    _skipped(report, item.path, (item.location[1] or 0) + 1)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[Any]:
    """And so was a module that could not be imported for want of it."""
    report = yield
    _skipped(report, getattr(collector, "path", ROOT), 1)
    return report


if __name__ == "__main__":
    print("\n".join(text for text in requirements("test") if not text.startswith("torch")))
