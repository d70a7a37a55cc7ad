"""Claims as tests of pytest: a collector for each claim module, an item for each claim.

All the claims of a run are checked at once, when the first of their items is run; under pytest-xdist by the
worker that comes first, while the others wait for what it finds.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Any

import pytest

from proofcheck.errors import UserInputError

__all__ = ["ClaimItem", "ClaimModule", "Plan"]

_ROOT = "proofcheck"
_SHARED = "proofcheck_directory"
_LONGEST_WAIT = 86_400.0  # seconds, for another worker: its checks have time limits of their own


@dataclass(frozen=True)
class _Outcome:
    """What was found about one claim: whether it passes, its status, and all that is to be said."""

    passed: bool
    status: str
    text: str


@dataclass
class Plan:
    """Which claims a run is about, and what was found about them.

    Attributes:
        references: by the name in node ids, what :func:`proofcheck.loading.load` takes. All are checked
            together, since claims of one may use those of another.
        names: of those whose claims are tests of this run.
        selected: node ids, or their beginnings, that were asked for; none means all.
        directory: from where the references lead.
        seed: of all random inputs.
        timeout: seconds after which a check is stopped.
        shared: where workers of pytest-xdist find what others found; None without them.
        processes: how many of them share this machine.
    """

    references: dict[str, str]
    names: tuple[str, ...]
    selected: list[str]
    directory: Path
    seed: int
    timeout: float
    shared: Path | None = None
    processes: int = 1
    _found: Mapping[str, _Outcome] | None = None
    _temporary: tempfile.TemporaryDirectory[str] | None = None

    @classmethod
    def of(
        cls,
        config: pytest.Config,
        configured: Iterable[str],
        asked: Iterable[str],
        *,
        seed: int,
        timeout: float,
    ) -> Plan:
        """The plan of a run; node ids of claims are taken from the paths that pytest is to collect.

        Args:
            config: of the run.
            configured: modules of the setting ``proofcheck_claims``, files relative to the rootdir. Their
                claims are no tests where the paths on the command line leave them out.
            asked: modules of the command line, files relative to the current directory.
            seed: of all random inputs.
            timeout: seconds after which a check is stopped.
        """
        here, root = config.invocation_params.dir, config.rootpath
        # From a directory below the rootdir, pytest shows them with a path before.
        selected = [arg for arg in config.args if "::" in arg and PurePath(arg.split("::")[0]).name == _ROOT]
        config.args = [arg for arg in config.args if arg not in selected]
        narrowed = config.args_source is pytest.Config.ArgsSource.ARGS
        places = [(here / arg.partition("::")[0]).resolve() for arg in config.args if "::" not in arg]
        references: dict[str, str] = {}
        names: list[str] = []
        for module in configured:
            references |= (named := _named(module, root, root, here))
            place = (root / module).resolve() if module.endswith(".py") else root
            if selected or not narrowed or any(place.is_relative_to(one) for one in places):
                names += named
        for module in asked:
            references |= (named := _named(module, here, root, here))
            names += named
        ids = [f"{_ROOT}::{arg.partition('::')[2]}" for arg in selected]
        worker: Mapping[str, Any] = getattr(config, "workerinput", {})
        shared = worker.get(_SHARED)
        return cls(
            references,
            tuple(dict.fromkeys(names)),
            ids,
            here,
            seed,
            timeout,
            # A worker on another machine does not have the directory, and checks for itself.
            Path(shared) if shared is not None and Path(shared).is_dir() else None,
            int(worker.get("workercount", 1)),
        )

    def collect(self, session: pytest.Session) -> Iterator[pytest.Item]:
        """An item for every claim that was asked for.

        Raises:
            pytest.UsageError: a node id was asked for that no claim has.
        """
        seen: set[str] = set()
        missing = set(self.selected)
        for name in self.names:
            reference = self.references[name]
            module: ClaimModule = ClaimModule.from_parent(
                session, name=name, nodeid=f"{_ROOT}::{name}", path=_path_of(reference, self.directory)
            )
            if not self._wants(module.nodeid, below=True):
                continue
            module.plan, module.reference, module.seen = self, reference, seen
            for item in session.genitems(module):
                if self._wants(item.nodeid):
                    missing -= {one for one in missing if _is_below(item.nodeid, one)}
                    yield item
            if not module.loaded:  # it is an error by now
                missing -= {one for one in missing if _is_below(one, module.nodeid)}
        if missing:
            raise pytest.UsageError(*(f"not found: {one}" for one in sorted(missing)))

    def _wants(self, nodeid: str, *, below: bool = False) -> bool:
        return not self.selected or any(
            _is_below(nodeid, one) or (below and _is_below(one, nodeid)) for one in self.selected
        )

    def share(self, workerinput: MutableMapping[str, Any]) -> None:
        """Have a worker of pytest-xdist find what others found."""
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="proofcheck-")
        workerinput[_SHARED] = self._temporary.name

    def close(self) -> None:
        """Remove what was shared."""
        if self._temporary is not None:
            self._temporary.cleanup()

    def outcome(self, session: pytest.Session, id: str) -> _Outcome:
        """What was found about a claim; the first call checks all the claims of the run.

        Raises:
            UserInputError: the claims cannot be checked together.
        """
        if self._found is None:
            ids = [item.name for item in session.items if isinstance(item, ClaimItem)]
            self._found = self._check(ids) if self.shared is None else self._checked_once(ids, self.shared)
        return self._found[id]

    def _checked_once(self, ids: Sequence[str], directory: Path) -> Mapping[str, _Outcome]:
        # A process that dies gives up its lock on a database, and with it what it had not written to the end.
        database = sqlite3.connect(directory / "outcomes.sqlite", timeout=_LONGEST_WAIT, isolation_level=None)
        with contextlib.closing(database):
            database.execute("BEGIN EXCLUSIVE")
            database.execute("CREATE TABLE IF NOT EXISTS outcomes (id TEXT PRIMARY KEY, outcome TEXT)")
            rows = database.execute("SELECT id, outcome FROM outcomes").fetchall()
            if not rows:
                rows = [(id, json.dumps(vars(one))) for id, one in self._check(ids).items()]
                database.executemany("INSERT INTO outcomes VALUES (?, ?)", rows)
            database.execute("COMMIT")
        return {id: _Outcome(**json.loads(text)) for id, text in rows}

    def _check(self, ids: Sequence[str]) -> Mapping[str, _Outcome]:
        from proofcheck.command import rendered, usable_cpus
        from proofcheck.report.table import print_table
        from proofcheck.results import Report
        from proofcheck.verify import verify

        # A test may have left the directory in which the references are.
        with contextlib.chdir(self.directory):
            report = verify(
                *self.references.values(),
                select=ids,
                jobs=max(1, usable_cpus() // self.processes),
                timeout=self.timeout,
                seed=self.seed,
            )
        found = {}
        for result in report.results:
            alone = Report((result,), report.environment)
            text = rendered(partial(print_table, alone), to_file=True)
            found[result.claim.id] = _Outcome(result.passed, str(result.status), text)
        return found


class ClaimModule(pytest.Collector):
    """A claim module, whose claims become items."""

    plan: Plan
    reference: str
    seen: set[str]
    loaded = False

    def collect(self) -> Iterable[ClaimItem]:
        """The claims in the order of the module, without those that an earlier module brought along.

        Raises:
            CollectError: the module cannot be imported or has no claims.
        """
        from proofcheck.loading import load

        try:
            with contextlib.chdir(self.plan.directory), contextlib.redirect_stdout(sys.stderr):
                modules = load([self.reference])
        except UserInputError as error:  # there is no such module
            del self.plan.references[self.name]
            raise self.CollectError(str(error)) from error
        for module in modules:
            if module.error is not None:
                raise self.CollectError(
                    f"claim module {module.reference!r} cannot be imported: {module.error}"
                )
        claims = [claim for module in modules for claim in module.claims]
        if not claims:
            raise self.CollectError(
                f"no claims in {self.reference!r}: importing a claim module makes Claim(...) objects"
            )
        self.loaded = True
        for claim in claims:
            if claim.id in self.seen:
                continue
            self.seen.add(claim.id)
            forms = claim.forms()
            standing = forms.get("mended", forms.get("printed"))
            file, line = (None, None) if standing is None else standing.place
            item: ClaimItem = ClaimItem.from_parent(
                self, name=claim.id, path=self.path if file is None else Path(file)
            )
            item.plan, item.line = self.plan, line
            yield item


class ClaimItem(pytest.Item):
    """A claim, which passes as a test if it passes in the form that stands."""

    plan: Plan
    line: int | None

    def runtest(self) -> None:
        """Fail with what ``proofcheck verify`` shows for the claim, unless it passes."""
        try:
            outcome = self.plan.outcome(self.session, self.name)
        except UserInputError as error:
            pytest.fail(str(error), pytrace=False)
        self.user_properties.append(("status", outcome.status))
        if not outcome.passed:
            file, line, _ = self.reportinfo()
            place = os.path.relpath(file, self.config.rootpath) + ("" if line is None else f":{line + 1}")
            words = f"{self.name} is {outcome.status}\n\n{outcome.text}"
            pytest.fail(f"{words}\n{place}, seed: {self.plan.seed} (--proofcheck-seed)", pytrace=False)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """File and line of the statement, counted from 0 as pytest does, and the claim's id."""
        return self.path, None if self.line is None else self.line - 1, self.name


def _named(module: str, base: Path, root: Path, here: Path) -> dict[str, str]:
    """The name of a module in node ids, from the rootdir, and the reference to it for a command here."""
    if not module.endswith(".py"):
        return {module: module}
    path = os.path.normpath(base / module)
    # The same words as on a command line, under which verdicts are cached.
    reference = os.path.relpath(path, here) if Path(path).is_relative_to(here) else path
    name = os.path.relpath(path, root) if Path(path).is_relative_to(root) else path
    return {PurePath(name).as_posix(): reference}


def _path_of(reference: str, directory: Path) -> Path:
    return directory / reference if reference.endswith(".py") else directory


def _is_below(nodeid: str, other: str) -> bool:
    return nodeid == other or nodeid.startswith(f"{other}::")
