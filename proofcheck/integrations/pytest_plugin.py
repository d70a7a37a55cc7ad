"""The pytest plugin: the fixture ``gradcheck`` and its marker, and claims that are collected as tests.

pytest loads this module at every start, in projects too that have nothing to do with proofcheck: it imports
the rest of the package only where something asks for it, and changes nothing where nothing does.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from proofcheck.gradcheck import GradcheckReport
    from proofcheck.integrations.pytest_claims import Plan

__all__ = [
    "gradcheck",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_configure_node",
    "pytest_report_header",
    "pytest_terminal_summary",
    "pytest_unconfigure",
]

_PLAN: pytest.StashKey[Plan] = pytest.StashKey()
_UNDECIDED = "gradcheck undecided"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options and settings of the plugin."""
    group = parser.getgroup("proofcheck")
    group.addoption("--proofcheck-seed", type=int, metavar="S", help="of all random inputs; default: 0")
    group.addoption(
        "--proofcheck-claims",
        action="append",
        default=[],
        metavar="MODULE",
        help="check the claims of this module, a dotted name or a .py file; may be repeated",
    )
    parser.addini("proofcheck_claims", "claim modules: dotted names, or .py files from the rootdir", "args")
    parser.addini("proofcheck_timeout", "seconds after which a check of a claim is stopped", default="60")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and find out which claim modules this run is about."""
    config.addinivalue_line(
        "markers",
        "gradcheck(**options): options of the fixture gradcheck, among them seed, rtol and allow_undecided",
    )
    configured, asked = config.getini("proofcheck_claims"), config.getoption("proofcheck_claims")
    if not configured and not asked:
        return
    from proofcheck.integrations.pytest_claims import Plan

    config.stash[_PLAN] = Plan.of(config, configured, asked, seed=_seed(config), timeout=_timeout(config))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what the processes of pytest-xdist shared."""
    plan = config.stash.get(_PLAN, None)
    if plan is not None:
        plan.close()


def pytest_report_header(config: pytest.Config) -> str | None:
    """The seed and the claim modules, where the run has to do with them."""
    plan = config.stash.get(_PLAN, None)
    names = plan.names if plan is not None else ()
    if not names and config.getoption("proofcheck_seed") is None:
        return None
    modules = f", claims: {', '.join(names)}" if names else ""
    return f"proofcheck: seed {_seed(config)}{modules}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add a test for every claim, before others select among the tests."""
    plan = config.stash.get(_PLAN, None)
    if plan is not None:
        items.extend(plan.collect(session))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the workers share what they found."""
    plan = node.config.stash.get(_PLAN, None)
    if plan is not None:
        plan.share(node.workerinput)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name the gradients that were not decided and that a test allowed to be so."""
    undecided = [
        (report.nodeid, what)
        for report in terminalreporter.getreports("passed")
        for name, what in report.user_properties
        if name == _UNDECIDED
    ]
    if undecided:
        terminalreporter.section("gradients that were not decided")
    for nodeid, what in undecided:
        terminalreporter.line(f"{nodeid}: {what}")


@pytest.fixture
def gradcheck(request: pytest.FixtureRequest) -> Callable[..., GradcheckReport]:
    """A function ``gradcheck(loss, grad, inputs, **options)``: it fails the test if no certificate is found.

    It takes what :func:`proofcheck.gradcheck.gradcheck` takes, and returns its report. Options come from the
    call, else from the marker ``gradcheck`` of the test, its class or its module; the seed, else from
    ``--proofcheck-seed``. One option is the fixture's own: with ``allow_undecided=True`` a gradient that was
    not decided does not fail the test, and is named at the end of the run.
    """
    from proofcheck.errors import UserInputError
    from proofcheck.gradcheck import gradcheck as run

    parameters = inspect.signature(run).parameters.values()
    known = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY] + ["allow_undecided"]
    marked = _marked(request.node, known)
    seed = _seed(request.config)

    def check(loss: Any, grad: Any, inputs: Any, **options: Any) -> GradcheckReport:
        __tracebackhide__ = True
        chosen = {"seed": seed, **marked, **options}
        allowed = chosen.pop("allow_undecided", False)
        try:
            report = run(loss, grad, inputs, **chosen)
        except UserInputError as error:
            fault = str(error)
        else:
            if report:
                return report
            if allowed and report.verdict == "UNDECIDED":
                request.node.user_properties.append((_UNDECIDED, f"{report.grad.name}: {report.summary}"))
                return report
            fault = _words(report)
        # Not in the except block, which would be shown as the cause with its traceback.
        pytest.fail(f"gradcheck: {fault}")

    return check


def _marked(node: Any, known: Iterable[str]) -> dict[str, Any]:
    """Options from markers, those nearest to the test first."""
    options: dict[str, Any] = {}
    for marker in node.iter_markers("gradcheck"):
        for name in marker.kwargs:
            if name not in known:
                words = f"unknown option {name!r}; expected one of {', '.join(known)}"
                pytest.fail(f"marker gradcheck of {node.nodeid}: {words}", pytrace=False)
        if marker.args:
            words = f"unexpected argument {marker.args[0]!r}; options are given by name"
            pytest.fail(f"marker gradcheck of {node.nodeid}: {words}", pytrace=False)
        options = {**marker.kwargs, **options}
    return options


def _words(report: GradcheckReport) -> str:
    """What ``proofcheck gradcheck`` shows, after a line for the summary of the tests."""
    from proofcheck.command import rendered
    from proofcheck.report.gradcheck import print_gradcheck

    head = f"{report.verdict} {report.grad.name}: {report.summary}"
    text = rendered(partial(print_gradcheck, report), to_file=True)
    return f"{head}\n\n{text}seed: {report.seed} (--proofcheck-seed)"


def _seed(config: pytest.Config) -> int:
    seed: int | None = config.getoption("proofcheck_seed")
    return 0 if seed is None else seed


def _timeout(config: pytest.Config) -> float:
    text: str = config.getini("proofcheck_timeout")
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise pytest.UsageError(f"proofcheck_timeout = {text!r}: expected a number of seconds greater than 0")
    return seconds
