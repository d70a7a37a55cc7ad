"""The plugin of pytest: the fixture and the marker ``gradcheck``, and what it costs those who use neither."""

from __future__ import annotations

import inspect

import pytest

import proofcheck.gradcheck.run  # not to be forgotten with what a run in this process imports
from proofcheck import gradcheck

pytest_plugins = "pytester"

SETTINGS = """
[pytest]
addopts = --strict-markers --strict-config -p proofcheck -p no:cacheprovider
filterwarnings = error
"""
FUNCTIONS = """
import numpy as np
import pytest

x = np.array([0.5, -1.0, 2.0])

def loss(x):
    return np.sum(np.exp(x)) / 2

def right(x):
    return np.exp(x) / 2

def doubled(x):
    return np.exp(x)

def kinked(x):
    return np.sum(np.abs(x - 0.5))

def signs(x):
    return np.sign(x - 0.5)
"""


@pytest.fixture(autouse=True)
def _no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def run(pytester: pytest.Pytester, tests: str, *arguments: str) -> pytest.RunResult:
    pytester.makeini(SETTINGS)
    pytester.makepyfile(test_them=FUNCTIONS + tests)
    return pytester.runpytest_inprocess("-o", "filterwarnings=", *arguments)


def test_a_gradient_that_is_certified_passes_and_gives_the_report(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
def test_it(gradcheck):
    report = gradcheck(loss, right, x)
    assert report and report.verdict == "CERTIFIED" and report.seed == 0
""",
    )
    done.assert_outcomes(passed=1)
    assert "proofcheck: seed" not in done.stdout.str()
    assert "not decided" not in done.stdout.str()


def test_a_wrong_gradient_fails_the_test_at_its_line(pytester: pytest.Pytester) -> None:
    done = run(
        pytester, "\ndef test_it(gradcheck):\n    gradcheck(loss, doubled, x)\n", "--proofcheck-seed=7"
    )
    done.assert_outcomes(failed=1)
    text = done.stdout.str()
    report = gradcheck_of_doubled(seed=7)
    assert "proofcheck: seed 7" in text
    assert ">   " in text
    assert "gradcheck(loss, doubled, x)" in text
    assert f"gradcheck: REFUTED doubled: {report.summary}" in text
    assert "seed: 7 (--proofcheck-seed)" in text
    assert "pytest_plugin.py" not in text
    if report.attribution is not None:
        assert f"explained by: {report.attribution}" in text
    assert report.reproducer is None or report.reproducer.splitlines()[0] in text


def gradcheck_of_doubled(seed: int) -> proofcheck.GradcheckReport:
    namespace: dict[str, object] = {}
    exec(FUNCTIONS, namespace)
    return gradcheck(namespace["loss"], namespace["doubled"], namespace["x"], seed=seed)


def test_what_is_not_decided_fails_unless_the_test_allows_it(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
def test_strict(gradcheck):
    gradcheck(kinked, signs, x)

@pytest.mark.gradcheck(allow_undecided=True)
def test_lenient(gradcheck):
    report = gradcheck(kinked, signs, x)
    assert not report

@pytest.mark.gradcheck(allow_undecided=True)
def test_wrong(gradcheck):
    gradcheck(loss, doubled, x)
""",
    )
    done.assert_outcomes(passed=1, failed=2)
    text = done.stdout.str()
    assert "UNDECIDED signs" in text
    assert "REFUTED doubled" in text
    done.stdout.fnmatch_lines(["*gradients that were not decided*", "test_them.py::test_lenient: signs: *"])
    assert "test_strict: signs" not in text


def test_options_of_the_call_go_before_those_of_the_nearest_marker(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
pytestmark = pytest.mark.gradcheck(seed=1, rtol=1e-3)

def slightly_off(x):
    return right(x) * (1 + 1e-5)

def test_module(gradcheck):
    assert gradcheck(loss, slightly_off, x).seed == 1

@pytest.mark.gradcheck(seed=2)
class TestThem:
    def test_class(self, gradcheck):
        assert gradcheck(loss, slightly_off, x).seed == 2

    @pytest.mark.gradcheck(seed=3)
    def test_function(self, gradcheck):
        assert gradcheck(loss, slightly_off, x).seed == 3
        assert gradcheck(loss, slightly_off, x, seed=4).seed == 4

    def test_without(self, gradcheck):
        gradcheck(loss, slightly_off, x, rtol=None)
""",
        "--proofcheck-seed=9",
    )
    done.assert_outcomes(passed=3, failed=1)
    assert "REFUTED slightly_off" in done.stdout.str()


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        ("rtoll=1e-3", "unknown option 'rtoll'; expected one of seed, rtol, names, terms, domain, "),
        ("1e-3", "unexpected argument 0.001; options are given by name"),
    ],
)
def test_a_marker_that_says_nothing_known_is_an_error(
    pytester: pytest.Pytester, marker: str, words: str
) -> None:
    tests = f"\n@pytest.mark.gradcheck({marker})\ndef test_it(gradcheck):\n    gradcheck(loss, right, x)\n"
    done = run(pytester, tests)
    done.assert_outcomes(errors=1)
    assert f"marker gradcheck of test_them.py::test_it: {words}" in done.stdout.str()
    assert "Traceback" not in done.stdout.str()


def test_a_marker_of_others_with_the_same_name_is_left_alone(pytester: pytest.Pytester) -> None:
    done = run(pytester, '\n@pytest.mark.gradcheck("slow", tries=3)\ndef test_it():\n    pass\n')
    done.assert_outcomes(passed=1)


def test_a_fixture_of_others_with_the_same_name_goes_first(pytester: pytest.Pytester) -> None:
    fixture = "\n@pytest.fixture\ndef gradcheck():\n    return 5\n"
    done = run(pytester, f"{fixture}\ndef test_it(gradcheck):\n    assert gradcheck == 5\n")
    done.assert_outcomes(passed=1)


def test_the_fixture_takes_every_option_of_the_function(pytester: pytest.Pytester) -> None:
    names = [
        one.name for one in inspect.signature(gradcheck).parameters.values() if one.kind is one.KEYWORD_ONLY
    ]
    values = {"seed": 1, "names": ["x"], "domain": (-30.0, 30.0), "rtol": 1e-3, "evaluations": 1000}
    known = {name: value for name, value in values.items() if name in names}
    assert {"seed", "rtol", "domain"} <= set(known)
    done = run(pytester, f"\ndef test_it(gradcheck):\n    gradcheck(loss, right, x, **{known!r})\n")
    done.assert_outcomes(passed=1)


def test_a_loss_that_cannot_be_used_is_told_in_one_line(pytester: pytest.Pytester) -> None:
    done = run(pytester, "\ndef test_it(gradcheck):\n    gradcheck(right, right, x)\n")
    done.assert_outcomes(failed=1)
    text = done.stdout.str()
    assert "gradcheck: loss returned an array of shape (3,)" in text
    assert "pytest_plugin.py" not in text


NOTHING_LOADED = """
import sys

def test_it():
    assert "proofcheck.integrations.pytest_plugin" in sys.modules
    heavy = {"numpy", "sympy", "mpmath", "flint", "rich", "typer", "torch", "jax"}
    assert heavy & set(sys.modules) == set()
    assert [name for name in sys.modules if name.startswith("proofcheck.")] == [
        "proofcheck.integrations", "proofcheck.integrations.pytest_plugin"
    ]
"""


def test_who_does_not_use_it_does_not_notice(pytester: pytest.Pytester) -> None:
    pytester.makeini(SETTINGS)
    pytester.makepyfile(test_them=NOTHING_LOADED)
    done = pytester.runpytest_subprocess("-W", "error")
    done.assert_outcomes(passed=1)
    lines = [line for line in done.outlines if not line.startswith("plugins:")]
    assert "proofcheck" not in "\n".join(lines)


def test_it_comes_with_the_package_and_can_be_turned_off(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    pytester.makepyfile(test_them="def test_it():\n    pass\n")
    assert "--proofcheck-seed" in pytester.runpytest_subprocess("--help").stdout.str()
    done = pytester.runpytest_subprocess("-p", "no:proofcheck", "-W", "error")
    done.assert_outcomes(passed=1)
    assert pytester.runpytest_subprocess("-p", "no:proofcheck", "--proofcheck-seed=1").ret == 4
