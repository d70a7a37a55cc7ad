"""``proofcheck derive`` and ``proofcheck figure`` as their users meet them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from proofcheck import derive_cli
from proofcheck.cli import app
from proofcheck.derive import Derivation, derive
from tests.cli_helpers import proofcheck

LEAST_SQUARES = (
    "0.5 * norm2(A @ x - b)",
    "--given",
    "A: n d",
    "--given",
    "x: d",
    "--given",
    "b: n",
    "--wrt",
    "x",
)


def run(*arguments: str) -> Any:
    return app(list(arguments), standalone_mode=False, prog_name="proofcheck")


def test_a_gradient_in_a_process_of_its_own(tmp_path: Path) -> None:
    done = proofcheck(tmp_path, "derive", "loss-gradient")
    assert done.returncode == 0
    assert "∂L/∂X = A1ᵀ p A2 / d" in done.stdout
    assert done.stdout.rstrip().endswith("PROVED: every line above holds for all n, d ≥ 1.")
    assert done.stderr.startswith("proofcheck: loss-gradient: PROVED in ")


def test_unscaled(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("derive", "loss-gradient", "--unscaled", "--quiet") == 0
    captured = capsys.readouterr()
    assert "∂L/∂X = A1ᵀ p A2\n" in captured.out
    assert captured.err == ""


def test_an_expression(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("derive", *LEAST_SQUARES) == 0
    text = capsys.readouterr().out
    for words in ("Loss: 0.5 * norm2(A @ x - b)", "by the rules alone", "simplified", "∂L/∂x = Aᵀ c"):
        assert words in text


def test_an_expression_that_begins_with_a_minus(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("derive", "--given", "x: d", "--wrt", "x", "--", "-norm2(x)") == 0
    assert "∂L/∂x = −2 x" in capsys.readouterr().out


def test_what_is_outside_the_calculus_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("derive", "tanh(x)", "--given", "x: d", "--wrt", "x") == 1
    captured = capsys.readouterr()
    assert "UNKNOWN: outside the calculus: tanh(x)" in captured.out
    assert "UNKNOWN" in captured.err


def test_a_line_that_is_not_proved(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Doubted(Derivation):
        proved = False  # type: ignore[assignment]

    proved = derive("y-gradient")
    doubted = Doubted(proved.target, proved.loss, proved.inputs, proved.definitions, proved.parts)
    monkeypatch.setattr(derive_cli, "_derivation", lambda *_: (doubted, ""))
    assert run("derive", "y-gradient") == 1
    assert "UNKNOWN: not every line above is proved" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gradient",), "'gradient' is none of loss-gradient"),
        (("loss-gradient", "--wrt", "X"), "--given and --wrt are for expressions"),
        ((*LEAST_SQUARES, "--unscaled"), "--unscaled is about the paper's loss"),
        (("norm2(A", "--given", "A: n d", "--wrt", "A"), "column 6: '(' was never closed"),
        (("norm2(A)", "--given", "A; n d", "--wrt", "A"), "expected a name, a colon"),
        (("norm2(A)", "--given", "A: n d"), "--wrt (missing)"),
        (("loss-gradient", "-o", "nowhere/file"), "cannot write 'nowhere/file'"),
    ],
)
def test_bad_input_is_told_in_one_line(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("derive", *arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("proofcheck: error: ")
    assert captured.err.count("\n") == 1
    assert words in captured.err


@pytest.mark.parametrize(
    ("format", "words"),
    [
        ("text", "∂L/∂Y = (f A3)ᵀ c"),
        ("latex", r"\begin{align*}"),
        ("markdown", r"\begin{aligned}"),
        ("notebook", "from proofcheck.derive import as_text, derive"),
    ],
)
def test_formats_go_to_files(
    format: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out"
    assert run("derive", "y-gradient", "--format", format, "-o", str(target)) == 0
    first = target.read_bytes()
    assert words in first.decode()
    assert capsys.readouterr().out == ""
    assert run("derive", "y-gradient", "--format", format, "-o", str(target)) == 0
    assert target.read_bytes() == first
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == ["out"]


def test_the_notebook_of_an_expression_derives_it_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("derive", *LEAST_SQUARES, "--format", "notebook", "-q") == 0
    cells = json.loads(capsys.readouterr().out)["cells"]
    namespace: dict[str, Any] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), namespace)
    assert namespace["derivation"].proved
    assert namespace["derivation"].form.text() == "Aᵀ c"


def test_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in ("1", "2"):
        target = tmp_path / f"figure-{number}.svg"
        assert run("figure", number, "-o", str(target)) == 0
        assert f"Figure {number}" in target.read_text(encoding="utf-8")
    assert "wrote" in capsys.readouterr().err
    assert run("figure", "3", "-o", str(tmp_path / "figure-3.svg")) == 2
    assert "no figure 3" in capsys.readouterr().err
    assert not (tmp_path / "figure-3.svg").exists()
