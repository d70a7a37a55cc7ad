"""Sums of c·e^p, with c and p polynomials over the rationals, and sums of fractions of them.

They are what :mod:`proofcheck.namespaces.exact` computes with. The sums form the group ring of
(Q[x], +) over Q[x], and two facts about it are used throughout:

* Q[x] under addition can be ordered, so the ring has no zero divisors.
* Σ c_k e^{p_k} with distinct p_k and nonzero c_k is not the zero *function*. Where no two p_k
  differ by a constant, the e^{p_k} are linearly independent over C(x). Where some do, collect them
  as e^p Σ_j c_j e^{q_j} with distinct rational q_j: by what was just said the inner sum vanishes,
  and with it Σ_j c_{j,m} e^{q_j} for each monomial m, so every c_{j,m} is 0 by the
  Lindemann-Weierstrass theorem.

So "no term is left" is a complete zero test.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import flint

__all__ = [
    "ExponentialPolynomials",
    "Fractions",
    "Rational",
    "Terms",
    "add_fractions",
    "combined",
    "divide_fractions",
    "fractions_text",
    "multiply_fractions",
    "refined_ball",
]

# python-flint has no types for these: flint.fmpq, flint.fmpq_mpoly and flint.arb.
Rational: TypeAlias = Any
Polynomial: TypeAlias = Any
Ball: TypeAlias = Any

Terms: TypeAlias = dict[int, Polynomial]
"""Exponent number -> nonzero coefficient. Not changed once made."""

Denominator: TypeAlias = tuple[tuple[int, int], ...]
"""Sorted (atom number, multiplicity)."""

Fractions: TypeAlias = dict[Denominator, Terms]
"""Denominator -> nonzero numerator; stands for the sum. Not changed once made."""


class ExponentialPolynomials:
    """The ring Q[names] with all e^p adjoined.

    A flint polynomial cannot be hashed, so exponents are numbered by content (0 is the zero
    polynomial) and the number of a sum of two is looked up; the factors of denominators ("atoms")
    are numbered too. The tables live as long as the ring and grow with the number of distinct
    exponents and atoms seen.
    """

    __slots__ = ("_atom_numbers", "_exponent_numbers", "_sums", "atoms", "context", "exponents", "names")

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        # flint wants a generator even where there are only constants.
        self.context: Any = flint.fmpq_mpoly_ctx.get(list(names) or ["unused"], flint.Ordering.lex)
        self.exponents: list[Polynomial] = []
        self._exponent_numbers: dict[tuple[Any, ...], int] = {}
        self._sums: dict[tuple[int, int], int] = {}
        self.atoms: list[Terms] = []
        self._atom_numbers: dict[tuple[Any, ...], int] = {}
        self._exponent(self.context.constant(0))

    def constant(self, value: Rational) -> Terms:
        """A rational number."""
        return {0: self.context.constant(value)} if value else {}

    def exponential(self, polynomial: Polynomial) -> Terms:
        """e^polynomial."""
        return {self._exponent(polynomial): self.context.constant(1)}

    def _exponent(self, polynomial: Polynomial) -> int:
        content = tuple(polynomial.to_dict().items())  # in the order of the monomials
        number = self._exponent_numbers.setdefault(content, len(self.exponents))
        if number == len(self.exponents):
            self.exponents.append(polynomial)
        return number

    def add(self, left: Terms, right: Terms) -> Terms:
        """The sum."""
        result = dict(left)
        for exponent, coefficient in right.items():
            if exponent in result:
                coefficient = result.pop(exponent) + coefficient
            if coefficient:
                result[exponent] = coefficient
        return result

    def multiply(self, left: Terms, right: Terms) -> Terms:
        """The product, with one polynomial product for each pair of terms."""
        result: Terms = {}
        for p, a in left.items():
            for q, b in right.items():
                total = self._sum(p, q)
                product = a * b
                if total in result:
                    product += result[total]
                result[total] = product  # 0 for the moment, perhaps: a later pair may add to it
        return {exponent: coefficient for exponent, coefficient in result.items() if coefficient}

    def _sum(self, p: int, q: int) -> int:
        if not p or not q:
            return p or q
        key = (p, q) if p < q else (q, p)
        total = self._sums.get(key)
        if total is None:
            total = self._sums[key] = self._exponent(self.exponents[p] + self.exponents[q])
        return total

    def factor_out_units(self, terms: Terms) -> tuple[Terms, dict[int, int]]:
        """Write nonzero ``terms`` as u·Π atom^multiplicity; return 1/u and the multiplicities.

        The unit u = q·e^m, q rational, has in m the least coefficient of each monomial among the
        exponents. So m moves with the exponents when all are shifted, e^{x+c} + e^{y+c} and
        e^x + e^y give the same atom, and a softmax keeps its short exponents. Monomials are split into
        variables. No other factor is looked for: atoms with a common factor cost time in a zero
        test, never an answer.
        """
        parts = [self.exponents[p].to_dict() for p in terms]
        monomials = {monomial for part in parts for monomial in part}
        least = {monomial: min(part.get(monomial, 0) for part in parts) for monomial in monomials}
        shift = self.context.from_dict(least)

        power_lists = [powers for coefficient in terms.values() for powers in coefficient.monoms()]
        content = [int(min(column)) for column in zip(*power_lists, strict=True)]
        divisor = self.context.term(coeff=1, exp_vec=tuple(content))

        primitive = {self._exponent(self.exponents[p] - shift): c / divisor for p, c in terms.items()}
        leading = primitive[min(primitive, key=self._order)].leading_coefficient()
        primitive = {exponent: coefficient / leading for exponent, coefficient in primitive.items()}

        generators = zip(self.context.gens(), content, strict=True)
        factors = {self._atom({0: generator}): power for generator, power in generators if power}
        if self._is_sum(primitive):
            factors[self._atom(primitive)] = 1
        return {self._exponent(-shift): self.context.constant(1 / leading)}, factors

    def _atom(self, terms: Terms) -> int:
        content = tuple((p, tuple(terms[p].to_dict().items())) for p in sorted(terms))
        number = self._atom_numbers.setdefault(content, len(self.atoms))
        if number == len(self.atoms):
            self.atoms.append(terms)
        return number

    def occurring(self, terms: Terms) -> frozenset[str]:
        """The variables in the coefficients and the exponents."""
        polynomials = [*terms.values(), *(self.exponents[p] for p in terms)]
        degrees = zip(*(polynomial.degrees() for polynomial in polynomials), strict=True)
        # The zero polynomial has degree -1. Without variables there is still flint's one generator.
        return frozenset(name for name, column in zip(self.names, degrees, strict=False) if max(column) > 0)

    def evaluate(self, terms: Terms, values: Sequence[Rational], ring: ExponentialPolynomials) -> Terms:
        """The constant in ``ring`` that ``terms`` becomes at rational ``values`` of all generators."""
        result: Terms = {}
        for p, coefficient in terms.items():
            power = ring.exponential(ring.context.constant(self.exponents[p](*values)))
            result = ring.add(result, ring.multiply(power, ring.constant(coefficient(*values))))
        return result

    def ball(self, fractions: Fractions, values: Sequence[Rational]) -> Ball:
        """A ball about ``fractions`` at ``values`` of all generators, at flint's present precision."""
        total = flint.arb(0)
        for denominator, terms in fractions.items():
            quotient = self._ball(terms, values)
            for atom, multiplicity in denominator:
                quotient /= self._ball(self.atoms[atom], values) ** multiplicity
            total += quotient
        return total

    def _ball(self, terms: Terms, values: Sequence[Rational]) -> Ball:
        powers = ((flint.arb(self.exponents[p](*values)).exp(), c) for p, c in terms.items())
        return sum((flint.arb(c(*values)) * power for power, c in powers), start=flint.arb(0))

    def over_intervals(self, terms: Terms, intervals: Mapping[str, tuple[Rational, Rational]]) -> Terms:
        """The coefficients with v = (a + b·t)/(1 + t), times (1 + t)^degree: of one sign with ``terms``.

        The generator of v then stands for t in the coefficients; exponents are left as they are,
        since e^p > 0 whatever p is.
        """
        for name, (low, high) in intervals.items():
            index = self.names.index(name)
            t = self.context.gen(index)
            degree = max((int(c.degrees()[index]) for c in terms.values()), default=0)
            if not degree:
                continue
            moved: Terms = {}
            for p, coefficient in terms.items():
                total = self.context.constant(0)
                for monomial, factor in coefficient.terms():
                    k = int(monomial[index])
                    rest = self.context.from_dict({(*monomial[:index], 0, *monomial[index + 1 :]): factor})
                    total += rest * (low + high * t) ** k * (1 + t) ** (degree - k)
                if total != 0:
                    moved[p] = total
            terms = moved
        return terms

    def certified_sign(self, terms: Terms, positive: frozenset[str]) -> int | None:
        """1 for a sum of terms that are >= 0 everywhere, -1 for one of terms <= 0, 0 for 0, else None.

        A term here is (Σ q e^r, a constant)·monomial·e^p, p without constant term. The constant is
        not 0 (Lindemann-Weierstrass), so balls of growing precision decide its sign; the monomial
        must have even powers but in ``positive`` variables.
        """
        constants: dict[tuple[int, tuple[int, ...]], list[tuple[Rational, Rational]]] = defaultdict(list)
        signed = [index for index, name in enumerate(self.names) if name not in positive]
        for p, coefficient in terms.items():
            shift = self.exponents[p][(0,) * self.context.nvars()]
            body = self._exponent(self.exponents[p] - shift)
            for monomial, factor in coefficient.terms():
                if any(monomial[index] % 2 for index in signed):
                    return None
                constants[body, monomial].append((factor, shift))
        signs = {_sign(parts) for parts in constants.values()}
        if len(signs) > 1:
            return None
        return signs.pop() if signs else 0

    def _is_sum(self, terms: Terms) -> bool:
        return len(terms) > 1 or len(terms.get(0, ())) > 1

    def text(self, terms: Terms, *, as_factor: bool = False) -> str:
        """The sum as one would write it, in brackets if a factor needs them; equal sums, equal texts."""
        written = []
        for p in sorted(terms, key=self._order):
            coefficient, power = str(terms[p]), f"exp({self.exponents[p]})"
            if p == 0:
                written.append(coefficient)
            elif coefficient in ("1", "-1"):
                written.append(coefficient[:-1] + power)
            else:
                written.append(f"{coefficient if len(terms[p]) == 1 else f'({coefficient})'}*{power}")
        text = _join_signed(written)
        return f"({text})" if as_factor and self._is_sum(terms) else text

    def _order(self, p: int) -> tuple[Any, ...]:
        # By content, not by number: 1 before exp(x) before exp(y), as in the order of the variables.
        return tuple((tuple(-power for power in monomial), c) for monomial, c in self.exponents[p].terms())


def refined_ball(compute: Callable[[], Ball], enough: Callable[[Ball], bool]) -> Ball:
    """The first ball that is good enough, at 64, 128, 256, … bits; flint's global precision is put back."""
    precision = 64
    while True:
        with flint.ctx.workprec(precision):
            ball = compute()
            if enough(ball):
                return ball
        precision *= 2


def _sign(parts: Sequence[tuple[Rational, Rational]]) -> int:
    """The sign of Σ q e^r over one or more pairs (q, r), with q nonzero and r distinct."""
    ball = refined_ball(
        lambda: sum((flint.arb(q) * flint.arb(r).exp() for q, r in parts), start=flint.arb(0)),
        lambda ball: ball > 0 or ball < 0,  # both are False while the ball contains 0
    )
    return 1 if ball > 0 else -1


def add_fractions(ring: ExponentialPolynomials, left: Fractions, right: Fractions) -> Fractions:
    """The sum, denominator by denominator."""
    result = dict(left)
    for denominator, terms in right.items():
        _accumulate(ring, result, denominator, terms)
    return result


def multiply_fractions(ring: ExponentialPolynomials, left: Fractions, right: Fractions) -> Fractions:
    """The product of each fraction with each."""
    result: Fractions = {}
    for d, a in left.items():
        for e, b in right.items():
            _accumulate(ring, result, _product(d, e), ring.multiply(a, b))
    return result


def divide_fractions(ring: ExponentialPolynomials, left: Fractions, right: Fractions) -> Fractions:
    """Σ a/d over the single fraction b/e that ``right`` combines to; ``ZeroDivisionError`` if that is 0.

    Computed as a·(e/g)/((d/g)·b) with g = gcd(d, e), so that a quotient of two entries of a softmax
    keeps no α/α.
    """
    divisor, e = combined(ring, right)
    if not divisor:
        raise ZeroDivisionError(f"divisor {fractions_text(ring, right)}: expected a scalar that is not 0")
    inverse_unit, factors = ring.factor_out_units(divisor)
    result: Fractions = {}
    for d, a in left.items():
        numerator = ring.multiply(a, inverse_unit)
        powers = dict(d)
        for atom, multiplicity in e:
            shared = min(multiplicity, powers.get(atom, 0))
            powers[atom] = powers.get(atom, 0) - shared
            for _ in range(multiplicity - shared):
                numerator = ring.multiply(numerator, ring.atoms[atom])
        for atom, multiplicity in factors.items():
            powers[atom] = powers.get(atom, 0) + multiplicity
        _accumulate(ring, result, _denominator(powers), numerator)
    return result


def combined(ring: ExponentialPolynomials, fractions: Fractions) -> tuple[Terms, Denominator]:
    """The sum as one numerator, ``{}`` if it is 0, over one denominator.

    In a loss that is a sum over rows, each row has its own softmax denominator. So fractions that
    share atoms are combined first: those of a row cancel among themselves and never meet those of
    another.
    """
    parts: Fractions = {}
    for component in _connected(fractions):
        parts |= _over_common_denominator(ring, component)
    whole = _over_common_denominator(ring, parts)
    return next(((terms, denominator) for denominator, terms in whole.items()), ({}, ()))


def _connected(fractions: Fractions) -> list[Fractions]:
    """The fractions in classes that share atoms, directly or through others; the integral part is one."""
    components: list[tuple[set[int], Fractions]] = []
    for denominator, terms in fractions.items():
        atoms = {atom for atom, _ in denominator}
        joined = {denominator: terms}
        apart = []
        for others, component in components:
            if atoms.isdisjoint(others):
                apart.append((others, component))
            else:
                atoms |= others
                joined |= component
        components = [*apart, (atoms, joined)]
    return [component for _, component in components]


def _over_common_denominator(ring: ExponentialPolynomials, fractions: Fractions) -> Fractions:
    """One fraction that equals the sum, or none if that is 0.

    One atom after the other is cleared by Horner's rule among the fractions that agree in all other
    atoms; what cancels is gone before the next atom's turn.
    """
    for atom in sorted({atom for denominator in fractions for atom, _ in denominator}):
        by_rest: dict[Denominator, dict[int, Terms]] = defaultdict(dict)
        for denominator, terms in fractions.items():
            rest = tuple(factor for factor in denominator if factor[0] != atom)
            by_rest[rest][dict(denominator).get(atom, 0)] = terms
        # An atom of fractions that have cancelled meanwhile has no power left.
        highest = max((power for numerators in by_rest.values() for power in numerators), default=0)
        fractions = {}
        for rest, numerators in by_rest.items():
            total: Terms = {}
            for power in range(highest + 1):
                total = ring.add(ring.multiply(total, ring.atoms[atom]), numerators.get(power, {}))
            if total:
                fractions[_product(rest, ((atom, highest),) if highest else ())] = total
    return fractions


def fractions_text(ring: ExponentialPolynomials, fractions: Fractions) -> str:
    """The sum as one would write it; what has no denominator comes last."""
    written = []
    for denominator, terms in fractions.items():
        factors = []
        for atom, multiplicity in denominator:
            factor = ring.text(ring.atoms[atom], as_factor=True)
            factors.append(factor if multiplicity == 1 else f"{factor}^{multiplicity}")
        below = "*".join(sorted(factors))
        below = f"({below})" if len(factors) > 1 else below
        above = ring.text(terms, as_factor=bool(factors))
        written.append((not factors, below, f"{above}/{below}" if factors else above))
    return _join_signed([text for _, _, text in sorted(written)])


def _join_signed(summands: Sequence[str]) -> str:
    """``a + b - c`` from ``["a", "b", "-c"]``; ``0`` from nothing."""
    if not summands:
        return "0"
    return summands[0] + "".join(f" - {s[1:]}" if s.startswith("-") else f" + {s}" for s in summands[1:])


def _accumulate(
    ring: ExponentialPolynomials, fractions: Fractions, denominator: Denominator, terms: Terms
) -> None:
    """Add terms/denominator to ``fractions``, in place."""
    total = ring.add(fractions.pop(denominator), terms) if denominator in fractions else terms
    if total:
        fractions[denominator] = total


def _product(left: Denominator, right: Denominator) -> Denominator:
    if not left or not right:
        return left or right
    powers = dict(left)
    for atom, multiplicity in right:
        powers[atom] = powers.get(atom, 0) + multiplicity
    return _denominator(powers)


def _denominator(powers: Mapping[int, int]) -> Denominator:
    return tuple(sorted((atom, multiplicity) for atom, multiplicity in powers.items() if multiplicity))
