"""``proofcheck gradient --demo``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proofcheck import gradient_demo
from tests.gradient_helpers import names_in, run


@pytest.mark.parametrize("more", [(), ("--causal", "--wrt", "A1,A2"), ("--method", "exact")])
def test_a_demonstration(capsys: pytest.CaptureFixture[str], more: tuple[str, ...], tmp_path: Path) -> None:
    assert run("--demo", "n=300", "d=2", "B=0.5", *more) == 0
    text = capsys.readouterr().out
    assert "n = 300, d = 2, float32: A1, A2, A3, E uniform from -0.5 to 0.5, X = Y = I" in text
    assert " s, measured; " in text
    assert names_in(tmp_path) == set()


def test_the_exact_time_of_a_demonstration_may_be_scaled(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gradient_demo, "_SAMPLE_SECONDS", 0.0)
    for causal in ((), ("--causal",)):
        assert run("--demo", "n=400", "d=2", "--format", "json", *causal) == 0
        captured = capsys.readouterr()
        demo = json.loads(captured.out)["demo"]
        exact = demo["exact"]
        assert 0 < exact["rows"] < 400
        share = exact["rows"] / 400
        if causal:
            share *= (exact["rows"] + 1) / 401
        assert exact["seconds"] == pytest.approx(exact["measured_seconds"] / share)
        assert f"scaled from {exact['rows']} of 400 queries" in captured.err
