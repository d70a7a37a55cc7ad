"""Claims as tests of pytest: what is collected, how it is selected, and what a failure shows."""

from __future__ import annotations

import os
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import ModuleType

import pytest

# What runs in this process forgets the modules that it is the first to import: these must not be forgotten.
import proofcheck.verify  # noqa: F401
from proofcheck.loading import source_digest
from tests.cli_helpers import CRASH, ENDLESS, GOOD, HEAD, WRONG
from tests.cli_helpers import proofcheck as proofcheck_command

pytest_plugins = "pytester"

SETTINGS = """
[pytest]
addopts = --strict-markers --strict-config -p proofcheck -p no:cacheprovider
filterwarnings = error
proofcheck_claims = claims/mine.py
"""
LINE = re.compile(r"^claims/mine\.py:(\d+), seed: (\d+) \(--proofcheck-seed\)$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which take most of the time of a run; the entry point has a test of its own."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A test and two claims, one of them wrong."""
    pytester.makeini(SETTINGS)
    pytester.makepyfile(test_own="def test_own():\n    pass\n")
    write(pytester, "claims/mine.py", GOOD, WRONG)
    return pytester


def write(pytester: pytest.Pytester, name: str, *parts: str) -> None:
    file = pytester.path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(HEAD + "".join(parts), encoding="utf-8")


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(*arguments)


def collected(pytester: pytest.Pytester, *arguments: str) -> list[str]:
    """The node ids of a run that only collects: in this process, since importing takes the most time."""
    done = pytester.runpytest_inprocess("--collect-only", "-q", "-o", "filterwarnings=", *arguments)
    return [line for line in done.outlines if "::" in line]


def test_a_claim_is_a_test_that_passes_iff_the_claim_does(project: pytest.Pytester) -> None:
    done = run(project, "-v", "--junitxml=found.xml", "--proofcheck-seed=3")
    done.assert_outcomes(passed=2, failed=1)
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    text = done.stdout.str()
    assert "proofcheck: seed 3, claims: claims/mine.py" in text
    assert "collected 3 items" in text
    assert re.search(r"^proofcheck::claims/mine\.py::a:good PASSED", text, re.MULTILINE)
    assert re.search(r"^proofcheck::claims/mine\.py::a:wrong FAILED", text, re.MULTILINE)
    # What `proofcheck verify` shows, and where the statement is.
    assert "a:wrong is refuted" in text
    assert "relation 1 fails, left = right, at entry (1):" in text
    assert "a:good  t" not in text
    found = LINE.search(text)
    assert found is not None
    source = (project.path / "claims" / "mine.py").read_text(encoding="utf-8").splitlines()
    assert source[int(found[1]) - 1] == '@claim("a:wrong").printed'
    assert found[2] == "3"
    cases = {
        case.get("name"): case for case in ElementTree.parse(project.path / "found.xml").iter("testcase")
    }
    assert set(cases) == {"test_own", "a:good", "a:wrong"}
    assert [one.tag for one in cases["a:wrong"]] == ["properties", "failure"]
    words = {
        one.get("value", "").split(" [")[0]
        for one in ElementTree.parse(project.path / "found.xml").iter("property")
    }
    assert words == {"proved", "refuted"}


BOTH = ["proofcheck::claims/mine.py::a:good", "proofcheck::claims/mine.py::a:wrong"]


def test_claims_are_collected_where_the_paths_of_the_command_line_contain_them(
    project: pytest.Pytester,
) -> None:
    assert collected(project) == ["test_own.py::test_own", *BOTH]
    assert collected(project, ".") == ["test_own.py::test_own", *BOTH]
    assert collected(project, "test_own.py") == ["test_own.py::test_own"]
    assert collected(project, "claims") == BOTH
    assert collected(project, "-k", "good") == BOTH[:1]


def test_a_claim_is_selected_by_its_node_id(project: pytest.Pytester) -> None:
    assert collected(project, BOTH[1]) == BOTH[1:]
    assert collected(project, "proofcheck::claims/mine.py") == BOTH
    assert collected(project, "test_own.py", BOTH[0]) == ["test_own.py::test_own", BOTH[0]]
    for missing in ("proofcheck::claims/mine.py::a:go", "proofcheck::claims/yours.py"):
        done = project.runpytest_inprocess("-o", "filterwarnings=", missing)
        assert done.ret == pytest.ExitCode.USAGE_ERROR
        done.stderr.fnmatch_lines([f"ERROR: not found: {missing}"])


def test_claims_of_the_command_line_come_beside_those_of_the_settings(project: pytest.Pytester) -> None:
    write(project, "more.py", GOOD.replace("a:good", "b:good"))
    write(project, "all_of_it.py")
    (project.path / "all_of_it.py").write_text('MODULES = ("more",)\n')
    more = ["proofcheck::more.py::b:good"]
    assert collected(project, "test_own.py", "--proofcheck-claims", "more.py")[1:] == more
    assert collected(project, "--proofcheck-claims=more.py")[1:] == BOTH + more
    # The module of a module is the same one.
    dotted = collected(project, "--proofcheck-claims=all_of_it", "--proofcheck-claims=more")
    assert dotted[1:] == [*BOTH, "proofcheck::all_of_it::b:good"]


def test_claims_are_checked_with_those_that_they_use(project: pytest.Pytester) -> None:
    facts = 'kind=Kind.LEMMA, title="t", source="s", quote="q", given={"x": Real("n"), "y": Real("n")}'
    uses = GOOD.replace('claim("a:good")', f'Claim("b:uses", {facts}, uses=("a:good",))')
    write(project, "above/uses.py", uses)
    project.makeini(SETTINGS + "    above/uses.py\n")
    done = run(project, "-v", "above")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(
        ["proofcheck: seed 0, claims: above/uses.py", "proofcheck::above/uses.py::b:uses PASSED*"]
    )
    assert "proofcheck: seed" not in run(project, "test_own.py").stdout.str()


def test_from_a_directory_below(project: pytest.Pytester) -> None:
    os.chdir(project.path / "claims")
    done = project.runpytest_inprocess("-o", "filterwarnings=", "-v", f"../{BOTH[0]}")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["../proofcheck::claims/mine.py::a:good PASSED*"])


def test_what_failed_is_run_again(project: pytest.Pytester) -> None:
    project.makeini(SETTINGS.replace(" -p no:cacheprovider", ""))
    run(project).assert_outcomes(passed=2, failed=1)
    done = run(project, "--lf", "-v")
    done.assert_outcomes(failed=1, deselected=2)
    done.stdout.fnmatch_lines(["proofcheck::claims/mine.py::a:wrong FAILED*"])


def test_workers_share_what_one_of_them_found(project: pytest.Pytester) -> None:
    write(
        project,
        "claims/mine.py",
        GOOD,
        WRONG,
        ENDLESS.replace("write_text(str(os.getpid()))", "open('a').write('.')"),
    )
    project.makeini(SETTINGS + "proofcheck_timeout = 6\n")
    done = run(project, "-p", "xdist", "-n", "2")
    done.assert_outcomes(passed=2, failed=2)
    text = done.stdout.str()
    assert "stopped after 6 s" in text
    assert "relation 1 fails" in text
    # A check that is stopped is in no cache: it was shared, or this would be twice.
    assert (project.path / "started").read_text() == "."
    run(project, "-p", "xdist", "-n", "2", BOTH[0]).assert_outcomes(passed=1)


def test_a_check_that_ends_its_process_is_a_failure(project: pytest.Pytester) -> None:
    write(project, "claims/mine.py", CRASH)
    done = run(project)
    done.assert_outcomes(passed=1, failed=1)
    assert "the check's process died (exit code 3)" in done.stdout.str()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import no_such_module\n", "claim module 'claims/mine.py' cannot be imported: ModuleNotFoundError"),
        ("x = 1 / 0\n", "claim module 'claims/mine.py' cannot be imported: ZeroDivisionError"),
        ("x = 1\n", "no claims in 'claims/mine.py'"),
        (None, "claim module 'claims/mine.py': there is no such file"),
    ],
)
def test_a_module_without_claims_is_one_error(project: pytest.Pytester, text: str | None, words: str) -> None:
    file = project.path / "claims" / "mine.py"
    file.unlink() if text is None else file.write_text(text)
    done = project.runpytest_inprocess("-o", "filterwarnings=")
    done.assert_outcomes(errors=1)
    assert done.ret == pytest.ExitCode.INTERRUPTED
    assert "ERROR proofcheck::claims/mine.py" in done.stdout.str()
    assert words in done.stdout.str()
    assert "Traceback" not in done.stdout.str()


def test_others_are_checked_beside_a_module_that_is_not_there(project: pytest.Pytester) -> None:
    done = run(project, "--proofcheck-claims=absent.py", "--continue-on-collection-errors")
    done.assert_outcomes(passed=2, failed=1, errors=1)


def test_a_test_that_leaves_the_directory_does_no_harm(project: pytest.Pytester, tmp_path: Path) -> None:
    project.makepyfile(test_own=f"import os\ndef test_own():\n    os.chdir({str(tmp_path)!r})\n")
    run(project).assert_outcomes(passed=2, failed=1)


@pytest.mark.parametrize("value", ["soon", "0", "-1", "inf", "nan"])
def test_a_time_limit_is_a_number_of_seconds(pytester: pytest.Pytester, value: str) -> None:
    pytester.makeini(f"{SETTINGS}proofcheck_timeout = {value}\n")
    done = pytester.runpytest_inprocess("-o", "filterwarnings=")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([f"ERROR: proofcheck_timeout = '{value}': expected a number of seconds*"])


def test_the_command_and_the_plugin_share_a_cache(project: pytest.Pytester) -> None:
    project.makeini(SETTINGS.replace("claims/mine.py", "mine"))
    project.makeconftest("import pytest\npytest.register_assert_rewrite('mine')\n")
    write(project, "mine.py", GOOD)
    assert proofcheck_command(project.path, "verify", "mine").returncode == 0
    evaluations = (project.path / "evaluated").read_text()
    assert evaluations
    run(project).assert_outcomes(passed=2)
    assert (project.path / "evaluated").read_text() == evaluations
    run(project, "--proofcheck-seed=1").assert_outcomes(passed=2)
    assert len((project.path / "evaluated").read_text()) > len(evaluations)


def test_what_pytest_adds_to_a_module_is_no_part_of_its_sources(tmp_path: Path) -> None:
    own, others = ModuleType("own"), ModuleType("others")
    for module in (own, others):
        file = tmp_path / f"{module.__name__}.py"
        file.write_text("x = 1\n")
        module.__file__ = str(file)
    before = source_digest(own)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "others", others)
        vars(own)["@pytest_ar"] = others
        vars(own)["__loader__"] = type("Loader", (), {"__module__": "others"})()
        assert source_digest(own) == before
        vars(own)["used"] = others
        assert source_digest(own) != before
