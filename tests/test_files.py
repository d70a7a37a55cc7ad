from __future__ import annotations

from pathlib import Path

import pytest

from proofcheck.files import cache_directory


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFCHECK_CACHE_DIR", str(tmp_path / "here"))
    assert cache_directory() == tmp_path / "here"
    monkeypatch.delenv("PROOFCHECK_CACHE_DIR")
    assert cache_directory().name == "proofcheck"
