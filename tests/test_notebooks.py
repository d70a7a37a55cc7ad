"""The notebooks as one course: paired, executed, alike, of public functions; a missing extra is one line."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import jupytext
import matplotlib
import matplotlib.pyplot as plt
import pytest

from proofcheck import plots
from proofcheck.errors import MissingExtraError
from proofcheck.notebook import start
from tests.cli_helpers import environment
from tests.svg import colours, dates, title_words

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted(ROOT.glob("notebooks/[0-9][0-9]_*.py"))
NOTEBOOKS = [script.with_suffix(".ipynb") for script in SCRIPTS]
GREYS = {plots.GREY, "#ffffff", "#b0b0b0", "#cccccc"}  # the last two: matplotlib's grid and frame of a legend
every_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)


def _cells(notebook: Path, kind: str | None = None) -> list[dict[str, Any]]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if kind in (None, cell["cell_type"])]


def _sources(notebook: Path, kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in _cells(notebook, kind)]


def _outputs(notebook: Path) -> list[dict[str, Any]]:
    return [output for cell in _cells(notebook, "code") for output in cell["outputs"]]


def test_every_script_has_its_notebook_and_they_are_numbered() -> None:
    assert sorted(ROOT.glob("notebooks/*.ipynb")) == NOTEBOOKS
    assert [int(notebook.name[:2]) for notebook in NOTEBOOKS] == [1, 2, 3, 4, 5, 6]


@every_notebook
def test_script_and_notebook_have_the_same_cells(notebook: Path) -> None:
    script = jupytext.read(notebook.with_suffix(".py"), fmt="py:percent")
    here = [(cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in script.cells]
    there = [
        (cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags", []))
        for cell in _cells(notebook)
    ]
    assert here == there, (
        f"run: python notebooks/execute.py {notebook.name[:2]} if the script is newer, "
        f"jupytext --sync notebooks/{notebook.name} if the notebook is"
    )


@every_notebook
def test_notebooks_are_committed_as_executed(notebook: Path) -> None:
    data = json.loads(notebook.read_text(encoding="utf-8"))
    code = _cells(notebook, "code")
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = _outputs(notebook)
    assert any(output["output_type"] == "display_data" for output in outputs)
    for output in outputs:
        assert output["output_type"] in ("display_data", "execute_result", "stream"), output
        assert output.get("name") != "stderr", output
    assert set(data["metadata"]) == {"kernelspec", "language_info"}
    marked = [cell["metadata"] for cell in data["cells"] if cell["metadata"]]
    assert marked == [{"tags": ["parameters"]}]
    # Neither paths of the machine it ran on nor addresses in its memory.
    text = json.dumps([output.get("text", output.get("data")) for output in outputs])
    assert (
        re.search(r"(?<![\w.])/(home|root|tmp|usr|work|Users|private)/|[A-Z]:\\\\|0x[0-9a-f]{8}", text)
        is None
    )


@every_notebook
def test_they_open_alike(notebook: Path) -> None:
    at = NOTEBOOKS.index(notebook)
    opening, code = _sources(notebook, "markdown")[0], _sources(notebook, "code")
    assert [cell["cell_type"] for cell in _cells(notebook)[:4]] == ["markdown", "code", "code", "code"]
    assert re.match(rf"# {at + 1}\. \w", opening)
    assert "**What you will see.**" in opening
    assert re.search(r"\*\*Takes\*\* about [\w ]+ (seconds|minute|minutes) on two cores\.", opening)
    (extras,) = re.findall(r"\*\*Needs\*\* `pip install 'proofcheck\[([\w,]+)\]'`", opening)
    named = ", ".join(f'"{extra}"' for extra in extras.split(","))
    assert code[0] == f"from proofcheck.notebook import start\n\nstart({named})"
    assert _links(opening) == _neighbours(at)


@every_notebook
def test_they_close_alike(notebook: Path) -> None:
    closing = _sources(notebook, "markdown")[-1]
    assert _cells(notebook)[-1]["cell_type"] == "markdown"
    _, _, things = closing.partition("## What to try\n")
    numbers = re.findall(r"^(\d)\. ", things, re.M)
    assert 2 <= len(numbers) <= 4
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    pages = re.findall(r"`(docs/\w+\.md)`", things.partition("**In the docs**")[2])
    assert pages
    assert [page for page in pages if not (ROOT / page).is_file()] == []
    assert _links(closing) == _neighbours(NOTEBOOKS.index(notebook))


def _links(text: str) -> list[tuple[str, str]]:
    """Words before and targets of links to notebooks."""
    found = re.findall(r"(Previous|[Nn]ext):\s\[[^]]+\]\((\w+\.ipynb)\)", text)
    assert len(found) == len(re.findall(r"\.ipynb\)", text))
    return [(word.lower(), target) for word, target in found]


def _neighbours(at: int) -> list[tuple[str, str]]:
    before = [("previous", NOTEBOOKS[at - 1].name)] if at else []
    after = [("next", NOTEBOOKS[at + 1].name)] if at + 1 < len(NOTEBOOKS) else []
    return before + after


@every_notebook
def test_links_call_notebooks_by_their_titles(notebook: Path) -> None:
    titles = {one.name: _sources(one, "markdown")[0].splitlines()[0] for one in NOTEBOOKS}
    text = "\n".join(_sources(notebook, "markdown"))
    found = re.findall(r"\[([^]\[]+)\]\((\w+\.ipynb)\)", text)
    assert found
    for words, target in found:
        assert titles[target].startswith(f"# {words}"), words


@every_notebook
def test_parameters_are_literals_that_are_used(notebook: Path) -> None:
    (cell,) = (one for one in _cells(notebook, "code") if one["metadata"].get("tags") == ["parameters"])
    assert cell is not None
    assert _cells(notebook, "code").index(cell) == 1
    names = []
    for statement in ast.parse("".join(cell["source"])).body:
        assert isinstance(statement, ast.Assign)
        ast.literal_eval(statement.value)
        for target in statement.targets:
            names += [one.id for one in ast.walk(target) if isinstance(one, ast.Name)]
    rest = ast.parse("\n".join(_sources(notebook, "code")[2:]))
    read = {one.id for one in ast.walk(rest) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
    assert [name for name in names if name not in read] == []


@every_notebook
def test_they_call_public_names_only(notebook: Path) -> None:
    tree = ast.parse("\n".join(_sources(notebook, "code")))
    imports = [one for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)]
    ours = [one for one in imports if (one.module or "").split(".")[0] in ("proofcheck", "reductions")]
    assert ours
    for one in ours:
        assert one.module is not None
        module = import_module(one.module)
        for alias in one.names:
            submodule = (ROOT / one.module.replace(".", "/") / f"{alias.name}.py").is_file()
            assert submodule or alias.name in module.__all__, f"{one.module}.{alias.name}"
        assert not any(part.startswith("_") for part in one.module.split("."))
    private = [
        one.attr for one in ast.walk(tree) if isinstance(one, ast.Attribute) and one.attr.startswith("_")
    ]
    assert private == []


@every_notebook
def test_plots_have_the_style_and_their_sizes(notebook: Path) -> None:
    svgs = [
        "".join(output["data"]["image/svg+xml"])
        for output in _outputs(notebook)
        if "image/svg+xml" in output.get("data", {})
    ]
    assert svgs
    assert not any("image/png" in output.get("data", {}) for output in _outputs(notebook))
    allowed = {colour.lower() for colour in (*plots.CYCLE, *GREYS)}
    for svg in svgs:
        assert dates(svg) == []
        assert re.search(r"n = \d.*d = ", title_words(svg)), title_words(svg)
        assert colours(svg) <= allowed, colours(svg) - allowed


# --- what they start with ----------------------------------------------------------------------


@pytest.fixture
def settings_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    with matplotlib.rc_context():
        yield


@pytest.mark.usefixtures("settings_kept")
def test_a_start_takes_the_style() -> None:
    start("notebooks", "data")
    assert {name: matplotlib.rcParams[name] for name in plots.settings()} == plots.settings()


def test_notebooks_need_matplotlib_whatever_they_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'proofcheck\[notebooks\]'"):
        start()


RUN = """
import json, sys
import nbformat
from nbclient import NotebookClient
cells = [nbformat.v4.new_code_cell(source) for source in json.load(sys.stdin)]
notebook = nbformat.v4.new_notebook(cells=cells)
NotebookClient(notebook, allow_errors=True, timeout=120).execute()
print(json.dumps([cell.outputs for cell in notebook.cells]))
"""


def _in_a_kernel(cells: list[str], directory: Path) -> list[list[dict[str, Any]]]:
    """The outputs of cells, in a kernel of their own."""
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps(cells),
        env=environment(),
        cwd=directory,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[list[dict[str, Any]]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_without_its_extras_each_stops_in_its_first_cell_with_one_line(tmp_path: Path) -> None:
    hide = "import sys; sys.modules |= dict.fromkeys(['matplotlib', 'pyarrow', 'pysat'])"
    firsts = [_sources(notebook, "code")[0] for notebook in NOTEBOOKS]
    hidden, *found = _in_a_kernel([hide, *firsts], tmp_path)
    assert hidden == []
    for first, outputs in zip(firsts, found, strict=True):
        (output,) = outputs
        assert (output["output_type"], output["ename"]) == ("error", "MissingExtraError")
        (line,) = output["traceback"]
        extras = ",".join(re.findall(r'"(\w+)"', first))
        assert line.endswith(f"pip install 'proofcheck[{extras}]'")
        assert "\n" not in line
        assert "matplotlib" in line


def test_in_a_notebook_plots_are_svg_and_the_same_each_time(tmp_path: Path) -> None:
    plot = 'plt.plot([1, 2], [1, 3], label="a")\nplt.legend()\nplt.show()'
    cells = ['from proofcheck.notebook import start\n\nstart("notebooks")', "import matplotlib.pyplot as plt"]
    *before, first, second = _in_a_kernel([*cells, plot, plot], tmp_path)
    assert before == [[], []]
    (one,), (other,) = first, second
    assert set(one["data"]) == {"image/svg+xml", "text/plain"}
    assert one == other
    assert dates(one["data"]["image/svg+xml"]) == []
    assert plots.BLUE.lower() in colours(one["data"]["image/svg+xml"])


def _run(number: int, **parameters: Any) -> dict[str, Any]:
    """What a notebook's names are after its cells were run with other parameters, as papermill would."""
    code = _sources(NOTEBOOKS[number - 1], "code")
    names: dict[str, Any] = {"__name__": f"notebook_{number}"}
    for at, cell in enumerate(code):
        exec(compile(cell, f"{NOTEBOOKS[number - 1].name}, cell {at + 1}", "exec"), names)
        if at == 1:
            names |= parameters
    return names


UNSATISFIABLE = "p cnf 2 3\n1 2 0\n-1 0\n-2 0\n"


@pytest.mark.usefixtures("settings_kept")
@pytest.mark.parametrize(
    ("number", "parameters", "holds"),
    [
        (
            2,
            {"rank_n": 60, "n": 300, "d": 4, "smallest": 8, "largest": 10, "seed": 3},
            lambda names: names["sizes"] == [256, 512, 1024],
        ),
        (3, {"d": 16, "eps": 1e-4}, lambda names: {(row.d, row.eps) for row in names["own"]} == {(16, 1e-4)}),
        (
            4,
            {"dimacs": UNSATISFIABLE, "most_variables": 8},
            lambda names: names["found"].satisfiable is False,
        ),
        (6, {"n": 60, "steps": 3, "g": 3, "seed": 1}, lambda names: len(names["difference"]) == 3),
    ],
)
def test_they_run_with_other_parameters(
    number: int, parameters: dict[str, Any], holds: Callable[[dict[str, Any]], bool]
) -> None:
    assert holds(_run(number, **parameters))
