"""Run claims through checks: in worker processes that can be stopped, with a cache.

Every form is first checked for being well-formed; the other levels run only on forms that are.
Random numbers depend on the seed, the claim, the form and the level, never on the order of work.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from proofcheck.cache import Cache
from proofcheck.checks.ball import check_ball
from proofcheck.checks.cost import check_cost
from proofcheck.checks.counterexample import check_counterexample
from proofcheck.checks.exact import check_exact
from proofcheck.checks.family import check_family
from proofcheck.checks.finite_difference import check_finite_difference
from proofcheck.checks.generic import check_generic
from proofcheck.checks.numeric import check_numeric
from proofcheck.checks.well_formed import check_well_formed
from proofcheck.claims.claim import Claim, Form
from proofcheck.claims.graph import Graph
from proofcheck.claims.verdict import Level, Outcome, Verdict
from proofcheck.errors import UserInputError
from proofcheck.files import cache_directory
from proofcheck.loading import LoadedModule, discover, load, one_line, toolkit_digest
from proofcheck.results import Report, assemble, broken_module, environment
from proofcheck.streams import Progress
from proofcheck.workers import Failed, Stopped, Workers

__all__ = ["CHECKS", "DEFAULT_TIMEOUT", "check_form", "generator", "level_named", "verify"]

DEFAULT_TIMEOUT = 60.0
CHECKS: dict[Level, Callable[[Form, np.random.Generator], Verdict]] = {
    Level.WELL_FORMED: check_well_formed,
    Level.EXACT: check_exact,
    Level.BALL: check_ball,
    Level.GENERIC: check_generic,
    Level.FAMILY: check_family,
    Level.COUNTEREXAMPLE: check_counterexample,
    Level.FINITE_DIFFERENCE: check_finite_difference,
    Level.NUMERIC: check_numeric,
    Level.COST: lambda form, rng: check_cost(form),
}


def generator(seed: int, *words: str) -> np.random.Generator:
    """Random numbers that depend on the seed and on what they are for, never on the order of work."""
    digest = hashlib.sha256("|".join((str(seed), *words)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def check_form(claim: Claim, form: str, level: Level, seed: int = 0) -> Verdict:
    """Run one check on one form of a claim, in this process.

    Args:
        claim: the claim.
        form: ``"printed"`` or ``"mended"``.
        level: which check.
        seed: of the random inputs.

    Raises:
        KeyError: the claim has no such form.
    """
    start = time.perf_counter()
    target = claim.forms()[form]
    try:
        verdict = CHECKS[level](target, generator(seed, claim.id, form, level.value))
    except (Exception, SystemExit) as error:
        # A bug in a statement is a finding about the statement: error, never refuted or ill-formed.
        verdict = Verdict(level, Outcome.ERROR, one_line(error))
    return replace(verdict, seconds=time.perf_counter() - start)


def _work(reference: str, id: str, form: str, level: str, seed: int) -> dict[str, Any]:
    """One check in a worker process, which imports the claim module for itself."""
    claim = next(claim for module in load([reference]) for claim in module.claims if claim.id == id)
    return check_form(claim, form, Level(level), seed).to_json()


@dataclass(frozen=True)
class _Task:
    reference: str
    digest: str
    claim: Claim
    form: str
    level: Level

    @property
    def label(self) -> str:
        return f"{self.claim.id} {self.form} {self.level.value}"


class _Runner:
    """Runs tasks, each at most once, through the cache."""

    def __init__(
        self, seed: int, jobs: int, timeout: float, cache: Cache | None, progress: Progress | None
    ) -> None:
        self._seed, self._jobs, self._timeout = seed, jobs, timeout
        self._cache, self._progress = cache, progress
        self._workers = Workers(jobs, timeout)
        self.done = self.total = 0

    def run(self, tasks: Sequence[_Task]) -> dict[_Task, Verdict]:
        """The verdict of every task."""
        self.total += len(tasks)
        found: dict[_Task, Verdict] = {}
        missing = []
        for task in tasks:
            cached = self._cache.get(self._key(task)) if self._cache is not None and task.digest else None
            if cached is None:
                missing.append(task)
            else:
                found[task] = cached
                self._advance(task)
        for task, verdict, final in self._in_process(missing) if not self._jobs else self._in_pool(missing):
            found[task] = verdict
            if self._cache is not None and task.digest:
                self._cache.put(self._key(task), verdict, final=final)
            self._advance(task)
        return found

    def _key(self, task: _Task) -> str:
        words = (task.reference, task.digest, task.claim.id, task.form, task.level.value, str(self._seed))
        return "|".join(words)

    def _advance(self, task: _Task) -> None:
        self.done += 1
        if self._progress is not None:
            self._progress(self.done, self.total, task.label)

    def _in_process(self, tasks: Sequence[_Task]) -> Iterable[tuple[_Task, Verdict, bool]]:
        for task in tasks:
            yield task, check_form(task.claim, task.form, task.level, self._seed), True

    def _in_pool(self, tasks: Sequence[_Task]) -> Iterable[tuple[_Task, Verdict, bool]]:
        arguments = [(t.reference, t.claim.id, t.form, t.level.value, self._seed) for t in tasks]
        for number, answer in self._workers.run(_work, arguments):
            task = tasks[number]
            if isinstance(answer, Stopped):
                stopped = Verdict(task.level, Outcome.UNKNOWN, str(answer), seconds=self._timeout)
                yield task, stopped, False
            elif isinstance(answer, Failed):
                yield task, Verdict(task.level, Outcome.ERROR, str(answer)), False
            else:
                yield task, Verdict.from_json(answer), True

    def close(self, *, now: bool = False) -> None:
        """End the worker processes; ``now`` without waiting for running checks."""
        self._workers.close(now=now)


def verify(
    *modules: str,
    claims: Sequence[Claim] = (),
    select: Sequence[str] = (),
    levels: Sequence[Level | str] = (),
    jobs: int = 0,
    timeout: float = DEFAULT_TIMEOUT,
    seed: int = 0,
    cache: bool = True,
    progress: Progress | None = None,
) -> Report:
    """Check claims and compute their statuses.

    Args:
        modules: dotted names or ``.py`` paths of claim modules; none means all that are installed
            (entry point group ``proofcheck.claims``), unless ``claims`` are given.
        claims: claims made in this session, for example in a notebook.
        select: report only these ids; what they use is checked too.
        levels: run only these levels (well-formedness always runs).
        jobs: worker processes; 0 runs everything in this process, where ``timeout`` has no effect.
        timeout: seconds after which a check is stopped and answers UNKNOWN.
        seed: of all random inputs.
        cache: read and write verdicts of earlier runs.
        progress: called with (done, total, label) after each check.

    Raises:
        UserInputError: an unknown module or claim id (the nearest ids are named), a bad level.
    """
    if jobs < 0 or not timeout > 0:
        raise UserInputError(f"jobs={jobs}, timeout={timeout}: expected jobs ≥ 0 and timeout > 0")
    wanted = {level_named(word) for word in levels}
    loaded = load(modules or (() if claims else discover()))
    if claims:
        # Workers could not import these, and their source may change under the same name.
        loaded.append(LoadedModule("", tuple(claims), None, ""))
        jobs = 0
    given: list[Claim] = []
    home: dict[str, LoadedModule] = {}
    faults: dict[tuple[str, str], list[Verdict]] = {}
    for module in loaded:
        given += module.claims
        home.update({claim.id: module for claim in module.claims})
        if module.error is not None:
            claim, verdict = broken_module(module.reference, module.error)
            given.append(claim)
            faults[claim.id, ""] = [verdict]
    graph = Graph(given)
    for (id, _), (verdict,) in faults.items():
        graph.faults[id] = verdict.detail
    try:
        chosen = graph.select(select) if select else tuple(graph.claims)
    except UserInputError as error:
        broken = [f"; {one.reference} could not be imported: {one.error}" for one in loaded if one.error]
        raise UserInputError("".join((str(error), *broken))) from error
    needed = {one for id in chosen for one in (id, *graph.ancestors(id), *graph.hypotheses(id))}
    digest = toolkit_digest()
    facts = environment(seed, digest)
    generation = hashlib.sha256(repr((digest, facts["packages"], facts["python"])).encode()).hexdigest()
    runner = _Runner(seed, jobs, timeout, Cache(cache_directory(), generation) if cache else None, progress)
    try:
        verdicts = _run_levels(runner, graph, home, needed, wanted)
    except BaseException:
        runner.close(now=True)
        raise
    runner.close()
    return assemble(graph, verdicts, chosen, facts)


def _run_levels(
    runner: _Runner, graph: Graph, home: dict[str, LoadedModule], needed: set[str], wanted: set[Level]
) -> dict[tuple[str, str], list[Verdict]]:
    def tasks(id: str, form: str, levels: Iterable[Level]) -> list[_Task]:
        module = home[id]
        claim = graph.claims[id]
        return [_Task(module.reference, module.digest, claim, form, level) for level in levels]

    forms = [
        (id, form)
        for id, claim in graph.claims.items()
        if id in needed and id not in graph.faults
        for form in claim.forms()
    ]
    first = runner.run([task for id, form in forms for task in tasks(id, form, [Level.WELL_FORMED])])
    verdicts = {(task.claim.id, task.form): [verdict] for task, verdict in first.items()}
    later = [level for level in CHECKS if level is not Level.WELL_FORMED and (not wanted or level in wanted)]
    sound = [key for key in forms if verdicts[key][0].outcome is Outcome.HOLDS]
    second = [task for level in later for id, form in sound for task in tasks(id, form, [level])]
    found = runner.run(second)
    for task in second:
        if found[task].outcome is not Outcome.NOT_RUN:
            verdicts[task.claim.id, task.form].append(found[task])
    return verdicts


def level_named(word: Level | str) -> Level:
    """A level by its name.

    Raises:
        UserInputError: there is no such level.
    """
    try:
        return Level(word)
    except ValueError:
        names = ", ".join(level.value for level in Level)
        raise UserInputError(f"level {word!r}: expected one of {names}") from None
