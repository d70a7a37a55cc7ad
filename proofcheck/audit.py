"""An audit of the checks: what do they say of claims that were changed so as to be wrong?

Every mutant of every form that stands goes through the same checks as the form.  It is

* *killed* when a level refutes it;
* *equivalent* when GENERIC or EXACT proves its sides equal to the original's;
* *weaker* when it is proved, and proved to follow from the original;
* *slack* when it is proved but not seen to follow, or when a hypothesis was weakened and nothing refutes it;
* a *survivor* otherwise: a defect of the checks, or of the way the claim is encoded.

Mutants that are ill-typed are not counted: to notice them takes no check of values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from proofcheck.claims.claim import Claim
from proofcheck.claims.verdict import Level, Outcome, Relation
from proofcheck.classification import REFUTES, Fate, check_mutant, judge, search_longer
from proofcheck.errors import UserInputError
from proofcheck.loading import discover, load
from proofcheck.mutation import Mutant, mutants
from proofcheck.streams import Progress
from proofcheck.verify import DEFAULT_TIMEOUT, level_named, verify
from proofcheck.workers import Failed, Workers

__all__ = ["Audit", "Finding", "audit"]

_JUDGE, _SEARCH = "judge", "search"


@dataclass(frozen=True)
class Finding:
    """One mutant and what became of it.

    Attributes:
        claim: the claim's id.
        mutation: where the change is, and ``before → after``.
        fate: what became of it.
        reason: the proof of an equivalent mutant; why a mutant that was not killed is none; else empty.
        killed_by: the levels that refute it, each alone.
    """

    claim: str
    mutation: str
    fate: Fate
    reason: str = ""
    killed_by: tuple[Level, ...] = ()


@dataclass(frozen=True)
class Audit:
    """The outcome of an audit.

    Attributes:
        findings: one for each mutant that counts, by claim and in the order of the source.
        levels: the levels that were asked.
        left_out: the status of claims that do not stand, by id; their mutants do not count.
        environment: versions, machine, seed and source hash.
    """

    findings: tuple[Finding, ...]
    levels: tuple[Level, ...]
    left_out: Mapping[str, str]
    environment: Mapping[str, Any]

    def of(self, fate: Fate) -> tuple[Finding, ...]:
        """The mutants with this fate."""
        return tuple(one for one in self.findings if one.fate is fate)

    @property
    def by_level(self) -> dict[Level, int]:
        """How many mutants each level kills, were it the only one."""
        counts = Counter(level for one in self.findings for level in one.killed_by)
        return {level: counts[level] for level in self.levels}

    @property
    def passed(self) -> bool:
        """Whether there are mutants and none survives."""
        return bool(self.findings) and not self.of(Fate.SURVIVOR)

    def to_json(self) -> dict[str, Any]:
        """Plain data in the schema of ``proofcheck audit --format json``."""

        def listed(fate: Fate, name: str) -> list[dict[str, str]]:
            return [{"claim": one.claim, "mutation": one.mutation, name: one.reason} for one in self.of(fate)]

        return {
            "mutants": len(self.findings),
            "killed": len(self.of(Fate.KILLED)),
            "equivalent": listed(Fate.EQUIVALENT, "proof"),
            "weaker": listed(Fate.WEAKER, "reason"),
            "slack": listed(Fate.SLACK, "reason"),
            "survivors": listed(Fate.SURVIVOR, "reason"),
            "by_level": {level.value: count for level, count in self.by_level.items()},
            "environment": dict(self.environment),
        }


def audit(
    *modules: str,
    claims: Sequence[Claim] = (),
    select: Sequence[str] = (),
    levels: Sequence[Level | str] = (),
    jobs: int = 0,
    timeout: float = DEFAULT_TIMEOUT,
    seed: int = 0,
    progress: Progress | None = None,
) -> Audit:
    """Make the mutants of all forms that stand, and check them.

    Args:
        modules: dotted names or ``.py`` paths of claim modules; none means all that are installed,
            unless ``claims`` are given.
        claims: claims made in this session, for example in a notebook.
        select: only the mutants of these claims.
        levels: only what these levels refute is killed; proofs of equivalence are always tried.
        jobs: worker processes; 0 runs everything in this process, where ``timeout`` has no effect.
        timeout: seconds after which one check of one mutant is stopped.
        seed: of all random inputs.
        progress: called with (done, total, label) after each check.

    Raises:
        UserInputError: an unknown module or claim id, a level that refutes nothing, a statement whose
            source cannot be read.
    """
    asked = {level_named(word) for word in levels}
    if unfit := asked - set(REFUTES):
        names = ", ".join(level.value for level in REFUTES)
        raise UserInputError(f"level {min(unfit).value!r} refutes no mutant; choose from {names}")
    used = tuple(level for level in REFUTES if not asked or level in asked)
    report = verify(
        *modules, claims=claims, select=select, jobs=jobs, timeout=timeout, seed=seed, progress=progress
    )
    if not report.results:
        raise UserInputError("no claims to audit: name a module that makes Claim(...) objects")
    homes = {
        claim.id: module.reference
        for module in load(modules or (() if claims else discover()))
        for claim in module.claims
    }
    runner = _Runner(0 if claims else jobs, timeout, seed, progress)
    left_out = {}
    for result in report.results:
        form = result.mended or result.printed
        if form is None or not result.passed:
            left_out[result.claim.id] = str(result.status)
            continue
        runner.cases += [
            _Case(result.claim, homes.get(result.claim.id, ""), number, mutant)
            for number, mutant in enumerate(_mutants(result.claim))
        ]
    try:
        findings = runner.findings(used)
    except BaseException:
        runner.workers.close(now=True)
        raise
    runner.workers.close()
    return Audit(tuple(findings), used, left_out, report.environment)


def _mutants(claim: Claim) -> list[Mutant]:
    """The mutants of the claim's standing form."""
    return mutants(list(claim.forms().values())[-1], f"claim {claim.id!r}")


@dataclass(frozen=True, eq=False)
class _Case:
    """One mutant: number ``number`` of a claim that is imported from ``reference``."""

    claim: Claim
    reference: str
    number: int
    mutant: Mutant


class _Runner:
    """Runs one step after the other on the mutants that need it."""

    def __init__(self, jobs: int, timeout: float, seed: int, progress: Progress | None) -> None:
        self._jobs, self._seed, self._progress = jobs, seed, progress
        self.workers = Workers(jobs, timeout)
        self.cases: list[_Case] = []
        self._done = self._total = 0

    def findings(self, levels: Sequence[Level]) -> list[Finding]:
        """What becomes of each mutant that counts."""
        typed = self._answers([(case, Level.WELL_FORMED.value) for case in self.cases])
        relations: dict[_Case, frozenset[Relation]] = {}
        for (case, _), answer in typed.items():
            if isinstance(answer, Failed):
                relations[case] = frozenset(Relation)  # nothing is known of it yet
            elif answer is not None and answer.outcome is Outcome.HOLDS:
                relations[case] = answer.relations
            # Else it is not well-formed, or a Python error: no statement at all.
        tasks = [
            (case, level.value)
            for case, kinds in relations.items()
            for level in levels
            if kinds & REFUTES[level]
        ]
        found = self._answers(tasks)
        killed: dict[_Case, list[Level]] = {case: [] for case in relations}
        for (case, step), answer in found.items():
            if answer is None:
                killed.pop(case, None)
            elif case in killed and not isinstance(answer, Failed) and answer.outcome is Outcome.REFUTED:
                killed[case].append(Level(step))
        judged = self._answers([(case, _JUDGE) for case, by in killed.items() if not by])
        fates = {case: _fate(answer) for (case, _), answer in judged.items()}
        # A search is random, and that it found nothing says nothing: the last ones get a longer one.
        left = [case for case, (fate, _) in fates.items() if fate is Fate.SURVIVOR]
        searched = self._answers([(case, _SEARCH) for case in left if Level.COUNTEREXAMPLE in levels])
        for (case, _), answer in searched.items():
            if answer is True:
                killed[case] = [Level.COUNTEREXAMPLE]
        findings = []
        for case, by in killed.items():
            fate, reason = (Fate.KILLED, "") if by else fates[case]
            order = tuple(level for level in levels if level in by)
            findings.append(Finding(case.claim.id, case.mutant.description, fate, reason, order))
        return findings

    def _answers(self, tasks: Sequence[tuple[_Case, str]]) -> dict[tuple[_Case, str], Any]:
        """The answer to each task, in the order of the tasks."""
        self._total += len(tasks)
        answers: dict[tuple[_Case, str], Any] = dict.fromkeys(tasks)
        for number, answer in self._in_process(tasks) if not self._jobs else self._in_pool(tasks):
            case, step = tasks[number]
            answers[case, step] = answer
            self._done += 1
            if self._progress is not None:
                self._progress(self._done, self._total, f"mutants: {case.claim.id} {step}")
        return answers

    def _in_process(self, tasks: Sequence[tuple[_Case, str]]) -> Iterator[tuple[int, Any]]:
        for number, (case, step) in enumerate(tasks):
            yield number, _step(case.mutant, step, self._seed, case.claim.id, str(case.number))

    def _in_pool(self, tasks: Sequence[tuple[_Case, str]]) -> Iterator[tuple[int, Any]]:
        arguments = [(case.reference, case.claim.id, case.number, step, self._seed) for case, step in tasks]
        return self.workers.run(_work, arguments)


def _fate(answer: Any) -> tuple[Fate, str]:
    return (Fate.SURVIVOR, str(answer)) if isinstance(answer, Failed) else answer


def _work(reference: str, id: str, number: int, step: str, seed: int) -> Any:
    """One step in a worker process, which imports the claim module for itself."""
    return _step(_imported(reference, id)[number], step, seed, id, str(number))


@cache
def _imported(reference: str, id: str) -> list[Mutant]:
    """The mutants of a claim, made once in a worker for all its tasks."""
    return _mutants(next(claim for module in load([reference]) for claim in module.claims if claim.id == id))


def _step(mutant: Mutant, step: str, seed: int, *words: str) -> Any:
    if step == _JUDGE:
        return judge(mutant, seed, *words)
    if step == _SEARCH:
        return search_longer(mutant, seed, *words)
    return check_mutant(mutant, Level(step), seed, *words)
