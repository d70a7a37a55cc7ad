"""The check itself: the point given in full, other points by a few directions, and the verdict."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from proofcheck.errors import UserInputError
from proofcheck.gradcheck.accuracy import Group, accuracy, error_along, errors_of_coordinates
from proofcheck.gradcheck.attribution import attribute, term_vectors
from proofcheck.gradcheck.comparison import compare_along
from proofcheck.gradcheck.extended import NotAdmittedError, Numbers
from proofcheck.gradcheck.geometry import Domain, Point, checked_domain, directions, far_points
from proofcheck.gradcheck.inputs import Inputs, gather, takes_xp
from proofcheck.gradcheck.locate import locate
from proofcheck.gradcheck.probe import ACCURACY, BEYOND, Coordinates, Probe, unsteady
from proofcheck.gradcheck.reproduce import reproducer
from proofcheck.gradcheck.result import (
    Agreement,
    Attribution,
    Finding,
    FindingKind,
    GradcheckReport,
    GradcheckVerdict,
)
from proofcheck.gradcheck.subject import Subject, UnavailableError
from proofcheck.verify import generator

__all__ = ["gradcheck"]

Values = np.ndarray[Any, Any]
_DIGITS = 60
_OPERATIONS = 800_000
_CALLS_WITH_DIGITS = 9
#: Of the coordinates of one point, all are measured if this many calls of the loss are enough for it.
DEFAULT_EVALUATIONS = 30_000
_CALLS_PER_COORDINATE = 6
_WHOLE_DIRECTIONS = 6
_BLOCK_DIRECTIONS = 4
_MOST_BLOCKS = 8
_FAR_DIRECTIONS = 2
_LADDERS = 32


def gradcheck(
    loss: Callable[..., Any] | Any,
    grad: Callable[..., Any] | Any,
    inputs: Any,
    *,
    seed: int = 0,
    rtol: float | None = None,
    names: Sequence[str] | None = None,
    terms: Mapping[str, Any] | None = None,
    domain: Any = None,
    wrt: Sequence[str] | str | None = None,
    sizes: Mapping[str, int] | None = None,
    evaluations: int = DEFAULT_EVALUATIONS,
    prove: bool = True,
) -> GradcheckReport:
    """Check a gradient against the derivative of its loss, measured with an error that is derived.

    Args:
        loss: gives one real number. A function of NumPy arrays, torch tensors or JAX arrays; a function whose
            first parameter is ``xp``, in the language of statements, which is also checked by proof; or an
            expression of SymPy.
        grad: takes the same and returns arrays in the structure of the inputs; for an expression, a dict of
            expressions by symbol.
        inputs: where to check: one array, a tuple of arrays (positional) or a dict of arrays (keywords); for
            an expression a dict of numbers by symbol.
        seed: of all random numbers.
        rtol: a relative difference that is allowed; None allows none beyond the errors of measurement, and
            asks for an accuracy of 1e-7 to certify.
        names: of the inputs, for the report; by default the loss's own.
        terms: parts of the gradient that it may lack, by name: arrays in the gradient's structure, or
            functions of the inputs that give them.
        domain: where the loss may be evaluated: two numbers (low, high), or a function of the inputs.
        wrt: with a dict, the names that the gradient is in.
        sizes: for a function of ``xp`` that takes sizes: their values by name.
        evaluations: of the loss at most, to measure every coordinate; with more coordinates than that allows,
            directions and a search for the worst coordinates take its place.
        prove: a function of ``xp`` is also checked by proof (levels EXACT and GENERIC).

    Returns:
        The verdict, what was measured, what explains a mismatch and code that shows it.

    Raises:
        UserInputError: the loss, the gradient, the inputs or an option cannot be used; the message says why.
    """
    start = time.perf_counter()
    _check_options(rtol, evaluations)
    if _is_expression(loss):
        from proofcheck.gradcheck.expressions import from_expressions

        loss, grad, inputs, library, symbolic = from_expressions(loss, grad, inputs)
        found = replace(gather(loss, inputs), library=library)
    else:
        for role, function in (("loss", loss), ("grad", grad)):
            if not callable(function):
                raise UserInputError(
                    f"{role} is a {type(function).__name__}; expected a function of the inputs"
                )
        found = gather(loss, inputs, names=names, wrt=wrt, sizes=sizes)
        symbolic = []
    subject = Subject(loss, grad, found)
    with subject.scope():
        run = _Run(subject, checked_domain(found, domain), seed, rtol, evaluations, list(symbolic))
        run.all(terms or {})
    if prove and takes_xp(loss):
        from proofcheck.gradcheck.proofs import proofs

        run.findings += proofs(loss, grad, found, sizes or {}, seed, run.domain.bounds)
    return run.report(time.perf_counter() - start)


def _is_expression(loss: object) -> bool:
    return type(loss).__module__.partition(".")[0] == "sympy" and not callable(
        getattr(loss, "__wrapped__", None)
    )


def _check_options(rtol: float | None, evaluations: int) -> None:
    if rtol is not None and not 0 < rtol < 1:
        raise UserInputError(f"rtol={rtol!r}: expected a number between 0 and 1, or None")
    if evaluations < 1:
        raise UserInputError(f"evaluations={evaluations}: expected a positive number of calls")


@dataclass
class _Run:
    """One check as it proceeds."""

    subject: Subject
    domain: Domain
    seed: int
    rtol: float | None
    evaluations: int
    findings: list[Finding] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    accuracy: float = math.inf
    attribution: Attribution | None = None
    reproducer: str | None = None
    digits: bool = False
    distrust: str = ""
    kinks: Values = field(default_factory=lambda: np.zeros(1, dtype=bool))

    @property
    def inputs(self) -> Inputs:
        return self.subject.inputs

    def note(self, kind: FindingKind, agreement: Agreement, detail: str, **facts: Any) -> None:
        self.findings.append(Finding(kind, agreement, detail, **facts))

    def all(self, terms: Mapping[str, Any]) -> None:
        """Everything that calls the functions."""
        for text in self.inputs.notes:
            self.note(FindingKind.INPUT, Agreement.NOTE, text)
        if not self._deterministic():
            return
        self.subject.compile()
        rng = generator(self.seed, "gradcheck")
        given = Point("given", self.inputs.flat, ours=False)
        term_vectors(self.subject, given, terms)  # whatever is wrong with them is told before the work
        probe = self._probe(given, rng)
        if probe is None:
            return
        self._admit_digits(probe)
        rows = self._given(probe, rng)
        # One wrong point is enough, and the one given is the plainest.
        far = None if self._differs(probe) else self._far(rng)
        wrong = next((one for one in ((probe, rows), far) if one is not None and self._differs(one[0])), None)
        if wrong is not None:
            self._explain(*wrong, terms)

    def _differs(self, probe: Probe) -> bool:
        name = probe.point.name
        return any(f.agreement is Agreement.DIFFERS and f.point == name for f in self.findings)

    # The point given

    def _deterministic(self) -> bool:
        """Whether loss and gradient can be checked at all: same value twice, finite, inputs left alone."""
        subject = self.subject
        loss, again = subject.first_loss(), subject.first_loss()
        if loss != again:
            raise UserInputError(
                f"loss gives {loss!r} and then {again!r} for the same inputs; expected the same "
                "value: fix the seed of what is random in it"
            )
        grads = [subject.first_grad() for _ in range(3)]
        bad = np.flatnonzero(~np.isfinite(grads[0]))
        if bad.size:
            where = self.inputs.coordinate(int(bad[0]))
            text = f"the gradient is {grads[0][bad[0]]} at {where}, where the loss is {loss:.6g}"
            self.note(FindingKind.FINITE, Agreement.DIFFERS, text, place=where)
            return False
        return not self._is_unsteady(unsteady(grads))

    def _is_unsteady(self, found: tuple[float, int] | None, point: str = "given") -> bool:
        """Whether the gradient was seen to give different values for the same inputs; then that is noted."""
        if found is None:
            return False
        spread, worst = found
        where = self.inputs.coordinate(worst)
        text = f"not deterministic: the gradient at {where} differs by {spread:.3g} from call to call"
        self.note(FindingKind.DETERMINISM, Agreement.DIFFERS, text, place=where, point=point)
        self.attribution = Attribution("not deterministic", "the gradient is not deterministic", 0.0)
        return True

    def _probe(self, point: Point, rng: np.random.Generator) -> Probe | None:
        try:
            probe = Probe(self.subject, point, self.domain, rng, self.rtol or 0.0)
            probe.distrust = self.distrust
            return None if self._is_unsteady(probe.unsteady, point.name) else probe
        except UnavailableError as error:
            bad = not point.ours and "the gradient" in str(error)
            agreement = Agreement.DIFFERS if bad else Agreement.NOTE
            kind = FindingKind.FINITE if bad else FindingKind.POINT
            self.note(kind, agreement, f"not checked at {point.name}: {error}", point=point.name)
            return None

    def _admit_digits(self, probe: Probe) -> None:
        """Find out whether the loss can be evaluated with many digits, at a cost that fits."""
        if "extended" not in self.subject.library.levels:
            return
        wanted = _WHOLE_DIRECTIONS + self._blocks_apart() * _BLOCK_DIRECTIONS + 5 * _FAR_DIRECTIONS
        per_call = _OPERATIONS // (wanted * _CALLS_WITH_DIGITS)
        numbers = Numbers(_DIGITS, per_call)
        self.subject.use(numbers)
        try:
            value = self.subject.loss(numbers.array(probe.flat))
            if not probe.compare(numbers.to_float(value)):
                raise NotAdmittedError(probe.distrust)
        except NotAdmittedError as error:
            # What float64 makes of the loss here is nothing to go by anywhere.
            self.distrust = probe.distrust
            text = f"the loss is not evaluated with {_DIGITS} digits: {error}"
            self.note(FindingKind.PRECISION, Agreement.NOTE, text, level="extended")
            return
        self.digits = True
        self._allow()

    def _allow(self) -> None:
        """Operations with many digits for what comes next."""
        if self.digits:
            self.subject.numbers.allow(_OPERATIONS)

    def _blocks_apart(self) -> int:
        """How many inputs get directions of their own."""
        blocks = self.inputs.blocks
        return min(len(blocks), _MOST_BLOCKS) if len(blocks) > 1 else 0

    def _given(self, probe: Probe, rng: np.random.Generator) -> Coordinates | None:
        size = self.inputs.flat.size
        affordable = size * _CALLS_PER_COORDINATE <= self.evaluations
        rows = probe.coordinates(range(size)) if affordable else None
        free = np.ones(size) if rows is None else np.where(rows.kinks, 0.0, 1.0)
        found: list[Group] = []
        if np.any(free):
            for name, pattern in directions(_WHOLE_DIRECTIONS, size, rng):
                found.append(
                    (None, compare_along(probe, f"direction {name}", pattern * free, digits=self.digits))
                )
            for number in range(self._blocks_apart()):
                block = self.inputs.blocks[number]
                for k in range(_BLOCK_DIRECTIONS):
                    pattern = np.zeros(size)
                    gaussian = rng.standard_normal(block.stop - block.start)
                    pattern[block.within] = np.sign(gaussian) * np.clip(np.abs(gaussian), 1 / 16, 4)
                    if np.any(pattern * free):
                        name = f"direction {k + 1} in {block.name}"
                        found.append((number, compare_along(probe, name, pattern * free, digits=self.digits)))
        for _, group in found:
            self.findings += group
        refused = probe.gradient_refused_digits
        if refused:
            text = f"the gradient is not evaluated with {_DIGITS} digits: {refused}"
            self.note(FindingKind.PRECISION, Agreement.NOTE, text, level="extended")
        self._note_noise(probe)
        self.kinks = np.zeros(size, dtype=bool) if rows is None else rows.kinks.copy()
        if rows is not None:
            self._coordinates(probe, rows)
        elif self._differs(probe):
            self.findings += locate(probe, digits=self.digits)
        self.accuracy = accuracy(probe, rows, found, self._blocks_apart())
        return rows

    def _note_noise(self, probe: Probe) -> None:
        if abs(probe.loss) > 0:
            relative = max(probe.noise(), probe.most_noise) / abs(probe.loss)
            text = f"rounding of the loss: {relative:.1e} of its value {probe.loss:.6g}"
            if relative > 2.0**-40:
                text += ", more than float64 needs: is something in it float32 or float16?"
            self.note(FindingKind.NOISE, Agreement.NOTE, text)

    def _coordinates(self, probe: Probe, rows: Coordinates) -> None:
        """Confirm by a full ladder what a few steps made look wrong, or left open."""
        slack = np.zeros(rows.gap.size)
        for block in self.inputs.blocks:
            slack[block.within] = probe.rtol * np.max(np.abs(rows.gradient[block.within]))
        suspects = np.flatnonzero(rows.differs(BEYOND, slack))
        order = suspects[np.argsort(-(rows.gap[suspects]))]
        confirmed = 0
        for position in [*order[:6], *np.flatnonzero(rows.kinks)[:6]]:
            confirmed += self._ladder_of(probe, rows, int(position))
        if len(suspects) > 6 and confirmed:
            names = ", ".join(self.inputs.coordinate(int(k)) for k in order[:3])
            text = f"{len(suspects)} of {rows.gap.size} coordinates differ, most at {names}"
            self.note(FindingKind.COORDINATES, Agreement.DIFFERS, text, point=probe.point.name)
        scaled, _plain = errors_of_coordinates(probe, rows)
        known = np.isin(np.arange(scaled.size), suspects) | rows.kinks
        # Directions with many digits settle the first kind of error, whatever single coordinates show.
        loose = [] if self.digits else self._worst(np.where(known, 0.0, scaled))
        for position in loose:
            self._ladder_of(probe, rows, position, quiet=True)
        for position in self._worst(np.where(known, 0.0, errors_of_coordinates(probe, rows)[1])):
            self._ladder_of(probe, rows, position, quiet=True, alike=True)

    def _worst(self, errors: Values) -> list[int]:
        """The coordinates with the largest errors beyond the limit, as many as ladders can be afforded."""
        beyond = np.flatnonzero(~(errors <= self._limit()))
        return [int(k) for k in beyond[np.argsort(-errors[beyond], kind="stable")][:_LADDERS]]

    def _ladder_of(
        self, probe: Probe, rows: Coordinates, position: int, *, quiet: bool = False, alike: bool = False
    ) -> bool:
        """Measure one coordinate by a full ladder; whether it differs.

        Args:
            probe: where.
            rows: takes what is found.
            position: of the coordinate.
            quiet: report nothing but a difference or a kink.
            alike: move it by the scale of its input instead of its own.
        """
        place = self.inputs.coordinate(position)
        factor = probe.alike[position] / probe.scale[position] if alike else 1.0
        for finding in compare_along(probe, place, probe.unit(position) * factor, digits=self.digits):
            if finding.kind is not FindingKind.KINK:
                finding = replace(finding, kind=FindingKind.COORDINATE)
                rows.kinks[position] = False
            if finding.agreement is Agreement.DIFFERS or not quiet or finding.kind is FindingKind.KINK:
                self.findings.append(finding)
            resolved = finding.agreement is not Agreement.UNRESOLVED
            if resolved and finding.radius is not None and finding.derivative is not None:
                rows.derivative[position] = finding.derivative / factor
                rows.radius[position] = finding.radius / factor
            if finding.agreement is Agreement.DIFFERS:
                return True
        return False

    def _limit(self) -> float:
        return ACCURACY if self.rtol is None else self.rtol

    # Other points

    def _far(self, rng: np.random.Generator) -> tuple[Probe, Coordinates | None] | None:
        """Look at other points; the first at which the gradient differs, with its coordinates."""
        bad: tuple[Probe, Coordinates | None] | None = None
        self._allow()
        for point in far_points(self.inputs, self.domain, rng):
            probe = self._probe(point, rng)
            if probe is None:
                continue
            # A kink at 0 is there at every scale.
            free = np.where(self.kinks & (point.flat == self.inputs.flat), 0.0, 1.0)
            groups = [
                compare_along(probe, f"direction {name}", pattern * free, digits=self.digits)
                for name, pattern in directions(_FAR_DIRECTIONS, point.flat.size, rng)
            ]
            self.findings += [finding for group in groups for finding in group]
            if all(math.isfinite(error_along(group)) for group in groups):
                self.points.append(point.name)
            if bad is None and self._differs(probe):
                size = point.flat.size
                rows = None
                self._allow()
                if size * _CALLS_PER_COORDINATE <= self.evaluations:
                    rows = probe.coordinates(range(size))
                    self._coordinates(probe, rows)
                else:
                    self.findings += locate(probe, digits=self.digits)
                bad = probe, rows
        return bad

    def _explain(self, probe: Probe, rows: Coordinates | None, terms: Mapping[str, Any]) -> None:
        self.attribution = attribute(probe, rows, terms)
        self.reproducer = reproducer(probe, self.findings)

    # The verdict

    def report(self, seconds: float) -> GradcheckReport:
        """The verdict that the findings lead to, with its words."""
        verdict, summary = self._verdict()
        certified = verdict is GradcheckVerdict.CERTIFIED
        return GradcheckReport(
            verdict=verdict,
            summary=summary,
            findings=tuple(self.findings),
            attribution=self.attribution if verdict is GradcheckVerdict.REFUTED else None,
            reproducer=self.reproducer if verdict is GradcheckVerdict.REFUTED else None,
            accuracy=self.accuracy if certified else None,
            points=("given", *self.points) if certified else (),
            loss=self.subject.loss_place,
            grad=self.subject.grad_place,
            seed=self.seed,
            evaluations=dict(self.subject.calls),
            seconds=seconds,
        )

    def _verdict(self) -> tuple[GradcheckVerdict, str]:
        wrong = [f for f in self.findings if f.agreement is Agreement.DIFFERS]
        if wrong:
            ranks = (FindingKind.COORDINATE, FindingKind.KINK, FindingKind.DIRECTION, FindingKind.COORDINATES)
            first = min(wrong, key=lambda f: ranks.index(f.kind) if f.kind in ranks else -1)
            where = "" if first.point == "given" else f", at the point {first.point}"
            many = [f for f in wrong if f.kind is FindingKind.COORDINATES]
            return GradcheckVerdict.REFUTED, "; ".join([first.detail + where, *(f.detail for f in many[:1])])
        here = [f for f in self.findings if f.point == "given"]
        open_here = [f for f in here if f.agreement is Agreement.UNRESOLVED]
        if self.accuracy <= self._limit() and not open_here:
            others = (
                f" and at {', '.join(self.points)} along {_FAR_DIRECTIONS} directions" if self.points else ""
            )
            proved = "".join(
                f"; {f.detail.partition(' (')[0]}"
                for f in self.findings
                if f.kind is FindingKind.SYMBOLIC and f.agreement is Agreement.AGREES
            )
            return (
                GradcheckVerdict.CERTIFIED,
                f"equal at the inputs given to {max(self.accuracy, 2.0**-53):.1e} of the largest "
                f"entry{others}{proved}",
            )
        if open_here:
            return GradcheckVerdict.UNDECIDED, open_here[0].detail
        return (
            GradcheckVerdict.UNDECIDED,
            f"no difference seen, but known only to {self.accuracy:.1e} of the largest entry where "
            f"{self._limit():.0e} is asked for: the loss is too rough in float64; give rtol, or a "
            "loss of NumPy operations that objects allow",
        )
