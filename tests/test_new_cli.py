"""``proofcheck new``: what is laid out works, and what cannot be laid out leaves nothing behind."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from importlib.metadata import files as installed_files
from pathlib import Path

import pytest

from proofcheck import project
from proofcheck.errors import UserInputError
from proofcheck.project import lay_out
from tests.cli_helpers import claims_in, proofcheck, run

FILES = {
    ".github/workflows/claims.yml",
    ".gitignore",
    "README.md",
    "pyproject.toml",
    "sparse_claims/__init__.py",
    "sparse_claims/claims.py",
    "sparse_claims/model.py",
    "tests/test_model.py",
}
TITLE = 'Sparse "attention" \\ α'


def found_in(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}


def test_what_is_laid_out_verifies_and_passes_its_tests(tmp_path: Path) -> None:
    done = proofcheck(tmp_path, "new", "Sparse-claims", "--paper", TITLE)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "pip install -e '.[test]'; proofcheck verify sparse_claims.claims --format json" in done.stderr
    laid = tmp_path / "Sparse-claims"
    assert found_in(laid) == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["Sparse-claims"]

    settings = tomllib.loads((laid / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["project"]["name"] == "Sparse-claims"
    assert settings["project"]["description"] == f"The claims of {TITLE}, checked"
    assert settings["project"]["dependencies"][0] == "proofcheck"
    points = settings["project"]["entry-points"]["proofcheck.claims"]
    assert points == {"sparse_claims": "sparse_claims.claims"}

    # The commands of its README, in the order of its workflow.
    verify = ("verify", points["sparse_claims"])
    done = proofcheck(laid, *verify, "--format", "json", "-o", "baseline.json")
    assert done.returncode == 0, done.stderr
    claims = claims_in((laid / "baseline.json").read_text(encoding="utf-8"))
    assert {id: claim["printed"]["status"] for id, claim in claims.items()} == {"gradient": "proved"}
    assert claims["gradient"]["source"].startswith(TITLE)
    done = proofcheck(laid, *verify, "--baseline", "baseline.json", "--format", "junit", "-o", "claims.xml")
    assert done.returncode == 0, done.stderr
    done = run(laid, [sys.executable, "-m", "pytest", "--junitxml=tests.xml"])
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout
    assert "proofcheck: seed 0, claims: sparse_claims.claims" in done.stdout


def test_its_tests_can_fail(tmp_path: Path) -> None:
    lay_out(tmp_path / "mine_too")
    model = tmp_path / "mine_too" / "mine_too" / "model.py"
    text = model.read_text(encoding="utf-8")
    assert text.count("weights / np.sum(weights)") == 1
    model.write_text(text.replace("weights / np.sum(weights)", "weights"), encoding="utf-8")
    done = run(tmp_path / "mine_too", [sys.executable, "-m", "pytest", "tests"])
    assert done.returncode == 1
    assert "gradcheck: REFUTED gradient" in done.stdout


def test_every_file_is_filled_in(tmp_path: Path) -> None:
    assert lay_out(tmp_path / "sparse.claims", paper=TITLE, requirement="proofcheck @ git+https://a.b/c") == (
        "sparse_claims"
    )
    laid = tmp_path / "sparse.claims"
    assert found_in(laid) == FILES
    for name in FILES:
        text = (laid / name).read_text(encoding="utf-8")
        assert re.search("@[A-Z_]+@", name + text) is None
        if name.endswith(".py"):
            ast.parse(text)
    settings = tomllib.loads((laid / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["project"]["dependencies"][0] == "proofcheck @ git+https://a.b/c"
    readme = (laid / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"proofcheck verify (\S+)", readme)
    assert set(commands) == {"sparse_claims.claims"}
    workflow = (laid / ".github/workflows/claims.yml").read_text(encoding="utf-8")
    assert workflow.count("proofcheck verify sparse_claims.claims ") == 3
    assert "--baseline baseline.json" in workflow
    assert "${{ !cancelled() }}" in workflow


def test_every_option_in_the_workflow_exists(tmp_path: Path) -> None:
    lay_out(tmp_path / "mine_too")
    workflow = (tmp_path / "mine_too" / ".github/workflows/claims.yml").read_text(encoding="utf-8")
    for command in ("verify", "diff"):
        known = proofcheck(tmp_path, command, "--help", COLUMNS="200").stdout
        used = re.findall(rf"proofcheck {command} (.*?)(?: \|\||$)", workflow, re.MULTILINE)
        assert used
        for option in re.findall(r"(?<!\S)--?[a-z-]+", " ".join(used)):
            assert re.search(rf"(?<![\w-]){option}\b", known), option


def test_an_empty_directory_is_filled_and_another_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty_one").mkdir()
    assert lay_out(tmp_path / "empty_one") == "empty_one"
    before = found_in(tmp_path)
    with pytest.raises(UserInputError, match="is not empty; name a directory to be made"):
        lay_out(tmp_path / "empty_one")
    assert found_in(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "expected letters, digits"),
        ("-a", "expected letters, digits"),
        ("a b", "expected letters, digits"),
        ("../a", "expected letters, digits"),
        ("a\nb", "expected letters, digits"),
        ("ä", "expected letters, digits"),
        ("a" * 201, "expected letters, digits"),
        ("2402.04497", "no package can be called '2402_04497'"),
        ("class", "no package can be called 'class'"),
        ("json", "there is a module 'json' already"),
        ("NumPy", "there is a module 'numpy' already"),
        ("proofcheck", "there is a module 'proofcheck' already"),
        ("tests", "there is a module 'tests' already"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(UserInputError) as caught:
        lay_out(tmp_path / "somewhere", name=name)
    assert f"name {name!r}: {words}" in str(caught.value)
    assert str(caught.value).endswith("choose another with --name")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [
        {"paper": ""},
        {"paper": "two\nlines"},
        {"paper": "\x1b[31m"},
        {"paper": "x" * 201},
        {"requirement": "proof-check"},
        {"requirement": "proofchecker>=1"},
        {"requirement": "proofcheck\n"},
    ],
    ids=repr,
)
def test_text_that_cannot_be_used_is_refused(tmp_path: Path, options: dict[str, str]) -> None:
    with pytest.raises(UserInputError, match=f"^--{next(iter(options))} "):
        lay_out(tmp_path / "somewhere", **options)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_used_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a_file").touch()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for place, words in (
        (Path("../a_file"), "is not a directory"),
        (Path("../a_file/mine_too"), "is no directory"),
        (Path("../absent/mine_too"), "is no directory"),
        (Path(), "is the current directory"),
        (Path("x" * 300), "File name too long"),
    ):
        with pytest.raises(UserInputError, match=words):
            lay_out(place, name="mine_too")
    assert found_in(tmp_path) == {"a_file"}


def test_what_is_interrupted_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(text: str, values: dict[str, str]) -> str:
        if "def loss" in text:
            raise KeyboardInterrupt
        return filled(text, values)

    filled = project._filled
    monkeypatch.setattr(project, "_filled", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lay_out(tmp_path / "mine_too")
    assert list(tmp_path.iterdir()) == []


def test_a_users_mistake_is_one_line(tmp_path: Path) -> None:
    done = proofcheck(tmp_path, "new", "class")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert json.dumps(done.stderr).count("Traceback") == 0


def test_the_templates_are_those_that_are_used() -> None:
    directory = Path(project.__file__).parent / "templates"
    assert {path.name for path in directory.iterdir()} == {
        f"{one}.template" for one in project._FILES.values()
    }
    listed = [str(path) for path in installed_files("proofcheck") or ()]
    if any(path.endswith("proofcheck/project.py") for path in listed):  # not an editable installation
        assert sum(path.endswith(".template") for path in listed) == len(project._FILES)
