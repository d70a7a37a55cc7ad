"""Recheck, with NumPy and fractions alone, what ``proofcheck verify --format json`` says does not stand.

Usage: ``python recheck.py REPORT.json``.  For every printed form that is *refuted* both sides are
computed again from the inputs of the counterexample, by formulas written out here; for every one that
is *ill-formed* the symbol or the two shapes named are compared with the paper.  One line a claim; the
exit code is 1 on any disagreement, and on a refuted claim this script does not know.

Nothing is imported from proofcheck.  Matrices are NumPy arrays, indices of the report 1-based, vec
takes the rows of a matrix one after another, derivatives are complex steps.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

STEP = 1e-30  # of the complex step, which has no cancellation
AGREE = 1e-9  # between a value computed here and the decimals of the report, which have 12 digits
DIFFER = 1e-7  # by how much of their size the two sides must differ at least

Point = dict[str, Any]


class Disagreement(Exception):
    """The report and this script do not agree."""


def array(values: Any) -> Any:
    """Nested lists of fractions as strings, as floats."""
    if isinstance(values, str):
        return float(Fraction(values))
    return np.array([array(one) for one in values])


def softmax(scores: Any) -> Any:
    weights = np.exp(scores)
    return weights / weights.sum(axis=-1, keepdims=True)


def scores(A1: Any, X: Any, A2: Any) -> Any:
    """(A1 X A2ᵀ)_{jk} = Σ_{pq} A1_{jp} X_{pq} A2_{kq}."""
    return np.einsum("jp,pq,kq->jk", A1, X, A2)


def residual(p: Point, X: Any, divide: Any) -> Any:
    """C = f A3 Y − E."""
    return softmax(scores(p["A1"], X, p["A2"]) / divide) @ p["A3"] @ p["Y"] - p["E"]


def loss(p: Point, X: Any, divide: Any) -> Any:
    """Half the sum of squares of the entries of C; analytic in X, for the complex step."""
    return (residual(p, X, divide) ** 2).sum() / 2


def complex_step(function: Callable[[Any], Any], at: Any, position: Any) -> float:
    moved = at.astype(complex)
    moved[position] += 1j * STEP
    return float(np.imag(function(moved)) / STEP)


# --- the two sides of each claim -----------------------------------------------------------------


def lemma_3_10(p: Point, sizes: Any, indices: Any, entry: Any) -> tuple[float, float]:
    """L(X) of Definition 1.2 (with the 1/d) against Σ 0.5 c² of Definitions 3.2 to 3.7 (without)."""
    n, d = sizes["n"], sizes["d"]
    total = 0.0
    for j0 in range(n):
        row = [float(p["A1"][j0] @ p["X"] @ p["A2"][k]) for k in range(n)]
        u = np.exp(row)
        f = u / sum(u)
        for i0 in range(d):
            h = [float(p["A3"][k] @ p["Y"][:, i0]) for k in range(n)]
            total += 0.5 * (sum(f[k] * h[k] for k in range(n)) - p["E"][j0, i0]) ** 2
    return float(loss(p, p["X"], d)), float(total)


def lemma_C_7(p: Point, sizes: Any, indices: Any, entry: Any) -> tuple[float, float]:
    """∂L/∂X_{ab} of Definition 1.2 against (A1ᵀ p A2)_{ab} with p built without the 1/d."""
    n, d = sizes["n"], sizes["d"]
    a, b = divmod(entry[0] - 1, d)
    left = complex_step(lambda X: loss(p, X, d), p["X"], (a, b))
    f = softmax(scores(p["A1"], p["X"], p["A2"]))
    h = p["A3"] @ p["Y"]
    c = f @ h - p["E"]
    right = 0.0
    for j in range(n):
        q = [sum(c[j, i] * h[k, i] for i in range(d)) for k in range(n)]
        mean = sum(f[j, k] * q[k] for k in range(n))
        right += sum(p["A1"][j, a] * f[j, k] * (q[k] - mean) * p["A2"][k, b] for k in range(n))
    return left, float(right)


def proof_B_1_7(p: Point, sizes: Any, indices: Any, entry: Any) -> tuple[float, float]:
    """dc_{j0,i0}/dx_i against the right-hand side of part 4, ⟨A_{j0,i}, u_{j0}⟩."""
    n, d = sizes["n"], sizes["d"]
    j0, i0, i = (indices[name] - 1 for name in ("j0", "i0", "i"))
    # Row k of the block A_{j0} of A = A1 ⊗ A2 is (A1_{j0,p} A2_{k,q})_{pq}.
    block = np.einsum("p,kq->kpq", p["A1"][j0], p["A2"]).reshape(n, d * d)

    def c(x: Any) -> Any:
        return softmax(block @ x) @ (p["A3"] @ p["Y"][:, i0]) - p["E"][j0, i0]

    left = complex_step(c, p["x"], i)
    return left, float(block[:, i] @ np.exp(block @ p["x"]))


def lemma_D_3(p: Point, sizes: Any, indices: Any, entry: Any) -> tuple[float, float]:
    """Entry (a, b) of h cᵀ, as the lemma has q, against c hᵀ of Definition C.3."""
    a, b = entry[0] - 1, entry[1] - 1
    c, h = p["c"], p["h"]
    columns = range(c.shape[1])
    return float(sum(h[a, i] * c[b, i] for i in columns)), float(sum(c[a, i] * h[b, i] for i in columns))


def proof_D_6(p: Point, sizes: Any, indices: Any, entry: Any) -> tuple[float, float]:
    """∂L/∂X_{ab} of Definition 1.2 against (A1ᵀ (p1 − p2) A2)_{ab} with the 1/d inside exp only."""
    n, d = sizes["n"], sizes["d"]
    a, b = entry[0] - 1, entry[1] - 1
    left = complex_step(lambda X: loss(p, X, d), p["X"], (a, b))
    f = softmax(scores(p["A1"], p["X"], p["A2"]) / d)
    h = p["A3"] @ p["Y"]
    c = f @ h - p["E"]
    right = 0.0
    for j in range(n):
        q = [float(c[j] @ h[k]) for k in range(n)]
        r = sum(f[j, k] * q[k] for k in range(n))
        right += sum(p["A1"][j, a] * (f[j, k] * q[k] - r * f[j, k]) * p["A2"][k, b] for k in range(n))
    return left, float(right)


def proof_E_5(p: Point, sizes: Any, indices: Any, entry: Any) -> tuple[float, float]:
    """d/dλ ‖softmax(λ A1 A2ᵀ) A3‖² against 2 tr(dL/dX) at X = λI, Y = I, for L of Definition 1.2."""
    d, lam = sizes["d"], p["lam"]
    left = slope(lambda x: (softmax(x * (p["A1"] @ p["A2"].T)) @ p["A3"]).__pow__(2).sum(), lam)
    full = {**p, "Y": np.eye(d)}
    steps = [complex_step(lambda X: loss(full, X, d), lam * np.eye(d), (k, k)) for k in range(d)]
    return left, 2 * sum(steps)


SIDES: dict[str, Callable[[Point, Any, Any, Any], tuple[float, float]]] = {
    "lem:3.10": lemma_3_10,
    "lem:C.7": lemma_C_7,
    "prf:B.1.7": proof_B_1_7,
    "lem:D.3": lemma_D_3,
    "prf:D.6": proof_D_6,
    "thm:D.6": proof_D_6,
    "prf:E.5.slope": proof_E_5,
}


# --- Appendix E: A = B P, entries of P in [0, 1], half of each row 1; V of zeros and ones ------------


def slope(function: Callable[[Any], Any], at: float) -> float:
    """The derivative at a number, by a complex step."""
    return float(np.imag(function(at + 1j * STEP)) / STEP)


def require_half_max(P: Any) -> None:
    rows = np.atleast_2d(P)
    if rows.min() < 0 or rows.max() > 1 or ((rows == 1).sum(axis=1) * 2 < rows.shape[1]).any():
        raise Disagreement(f"not within the hypotheses: {P}")


def a_and_b(p: Point) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """a(λ,i) and b(λ,i), pair by pair."""
    row = p["B"] * p["p"]
    n = len(row)

    def b(lam: Any) -> Any:
        return sum(np.exp(lam * (row[j] + row[k])) for j in range(n) for k in range(n))

    def a(lam: Any) -> Any:
        V = p["V"]
        return sum(
            np.exp(lam * (row[j] + row[k]))
            for column in range(V.shape[1])
            for j in range(n)
            for k in range(n)
            if V[j, column] == 1 and V[k, column] == 1
        )

    return a, b


def equation(p: Point, which: str, number: int) -> tuple[float, float]:
    """Left and right of inequality ``number`` of Eqs. (7) to (10)."""
    require_half_max(p["p"])
    a, b = a_and_b(p)
    lam, B, n = p["lam"], p["B"], len(p["p"])
    most = float(np.exp(2 * B * lam))
    if which == "eq:E.7":
        return (n * n * most / 4, float(b(lam))) if number == 1 else (float(b(lam)), n * n * most)
    if which == "eq:E.9":
        return (0.0, float(a(lam))) if number == 1 else (float(a(lam)), n * n * most)
    function = b if which == "eq:E.8" else a
    value, change = float(function(lam)), slope(function, lam)
    return (2 * value, change) if number == 1 else (change, 2 * B * value)


def f_of_lambda(A: Any, V: Any, lam: Any) -> Any:
    output = softmax(lam * A) @ V
    return (output * output).sum()


def proof_E_3(p: Point, which: str, number: int) -> tuple[float, float]:
    """|f'| against 8 B n."""
    require_half_max(p["P"])
    A = p["B"] * p["P"]
    first = slope(lambda lam: f_of_lambda(A, p["V"], lam), p["lam"])
    return (first if number == 1 else -first), 8 * p["B"] * len(A)


def theorem_E_5(p: Point, which: str, number: int) -> tuple[float, float]:
    """The largest entry of ±A1 X or ±A2 against B = 0; the one entry told is no larger."""
    A1X, A2 = p["lam"] * p["b"] * p["M1"], p["b"] * p["M2"]
    signed = (A1X, -A1X, A2, -A2)[number - 1]
    return float(signed.max()), 0.0


INEQUALITIES = {
    **dict.fromkeys(("eq:E.7", "eq:E.8", "eq:E.9", "eq:E.10"), equation),
    "prf:E.3": proof_E_3,
    "thm:E.5": theorem_E_5,
}


def check_inequality(claim: str, shown: dict[str, Any]) -> str:
    """Both sides from the inputs: they match the report, and the left one is larger."""
    point = {name: array(values) for name, values in shown["inputs"].items()}
    left, right = INEQUALITIES[claim](point, claim, shown["relation_number"])
    for side, value in (("left", left), ("right", right)):
        told = float(shown[f"{side}_decimal"])
        if not abs(value - told) <= AGREE * max(1.0, abs(told)):
            raise Disagreement(f"the {side} side is {value!r} here and {told!r} in the report")
    if not left - right > DIFFER * max(abs(left), abs(right)):
        raise Disagreement(f"the left side is not above the right one: {left!r} and {right!r}")
    return f"{left:.9g} above {right:.9g}"


def check_growth(claim: str, shown: dict[str, Any]) -> str:
    """Lemma E.3: |f'| or |f''| over B n or B² n with t copies of one column of V."""
    if claim != "lem:E.3":
        raise Disagreement(f"a growing family of {claim} is not known here")
    point = {name: array(values) for name, values in shown["inputs"].items()}
    require_half_max(point["P"])
    A, lam, B = point["B"] * point["P"], point["lam"], point["B"]
    order, sign = divmod(shown["relation_number"] - 1, 2)
    if order:
        raise Disagreement("a second derivative is not known here")
    told = []
    for one in shown["ratio_at"]:
        V = np.tile(point["v"][:, None], (1, one["t"]))
        first = slope(lambda x, V=V: f_of_lambda(A, V, x), lam) * (-1 if sign else 1)
        ratio = first / (B * len(A))
        told.append(float(one["ratio"]))
        if not abs(ratio - told[-1]) <= AGREE * abs(told[-1]):
            raise Disagreement(f"at t = {one['t']} the ratio is {ratio!r} here, not {told[-1]!r}")
    if len(told) < 2 or told != sorted(set(told)) or told[0] <= 0:
        raise Disagreement(f"the ratio does not grow: {told}")
    return f"ratio {', '.join(f'{one:.6g}' for one in told)}"


def check_values(claim: str, shown: dict[str, Any]) -> str:
    """Both sides from the inputs: they match the report, and they differ."""
    if claim in INEQUALITIES:
        return check_inequality(claim, shown)
    point = {name: array(values) for name, values in shown["inputs"].items()}
    sides = SIDES[claim](point, shown["sizes"], shown["indices"], shown["entry"])
    for side, value in zip(("left", "right"), sides, strict=True):
        told = float(shown[f"{side}_decimal"])
        if not abs(value - told) <= AGREE * max(1.0, abs(told)):
            raise Disagreement(f"the {side} side is {value!r} here and {told!r} in the report")
    left, right = sides
    if not abs(left - right) > DIFFER * max(abs(left), abs(right)):
        raise Disagreement(f"the sides do not differ: {left!r} and {right!r}")
    return f"{left:.9g} against {right:.9g}"


# --- counting ------------------------------------------------------------------------------------


class Counted:
    """A number that counts the operations done with such numbers."""

    operations = 0

    def __init__(self, value: float) -> None:
        self.value = value

    def _result(self, value: float) -> Counted:
        Counted.operations += 1
        return Counted(value)

    def __add__(self, other: Counted) -> Counted:
        return self._result(self.value + other.value)

    def __mul__(self, other: Counted) -> Counted:
        return self._result(self.value * other.value)

    def exp(self) -> Counted:
        return self._result(float(np.exp(self.value)))

    def inverse(self) -> Counted:
        return self._result(1.0 / self.value)


def total(numbers: list[Counted]) -> Counted:
    first, *others = numbers
    for number in others:
        first = first + number
    return first


def product(A: list[list[Counted]], B: list[list[Counted]]) -> list[list[Counted]]:
    return [
        [total([a * b for a, b in zip(row, column, strict=True)]) for column in zip(*B, strict=True)]
        for row in A
    ]


def operations_for_f(n: int, d: int) -> int:
    """f = D^{-1} exp(A1 X A2ᵀ) by the schoolbook: two products, exp, row sums, one scaling a row."""
    random = np.random.default_rng(0)

    def matrix(rows: int, columns: int) -> list[list[Counted]]:
        return [[Counted(random.uniform(-1, 1) / (n + d)) for _ in range(columns)] for _ in range(rows)]

    A1, X, A2 = matrix(n, d), matrix(d, d), matrix(n, d)
    Counted.operations = 0
    A2_transposed = [list(column) for column in zip(*A2, strict=True)]
    weights = [[entry.exp() for entry in row] for row in product(product(A1, X), A2_transposed)]
    for row in weights:
        scale = total(row).inverse()
        f = [scale * entry for entry in row]
        assert abs(sum(entry.value for entry in f) - 1) < 1e-12
    return Counted.operations


def size_along(text: str, t: int) -> int:
    """The value of ``t^a``, ``t`` or a number."""
    match = re.fullmatch(r"(?:(\d+)|t(?:\^(\d+))?)", text.strip())
    if match is None:
        raise Disagreement(f"the family has a size {text!r}: expected a number or a power of t")
    return int(match[1]) if match[1] else t ** int(match[2] or 1)


def check_family(claim: str, shown: dict[str, Any]) -> str:
    """Proof sketch of Lemma 4.1: "f(x) in O(nd²)".  Operations counted one by one along the family."""
    if claim != "prf:4.1" or shown["algorithm"] != "compute_f" or shown["relation"] != "within":
        raise Disagreement(f"a family against {shown['algorithm']} of {claim} is not known here")

    def ratio(t: int) -> Fraction:
        sizes = {name: size_along(text, t) for name, text in shown["family"].items()}
        if sizes.keys() != {"n", "d"}:
            raise Disagreement(f"a family of {sorted(sizes)}: expected n and d")
        return Fraction(operations_for_f(**sizes), sizes["n"] * sizes["d"] ** 2)

    if len(shown["ratio_at"]) < 2:
        raise Disagreement("fewer than two ratios say nothing of growth")
    counted = 0
    for one in shown["ratio_at"]:
        if one["t"] <= 100:
            counted += 1
            if ratio(one["t"]) != Fraction(one["ratio"]):
                raise Disagreement(
                    f"at t = {one['t']} the ratio is {ratio(one['t'])} here, not {one['ratio']}"
                )
    told = [Fraction(one["ratio"]) for one in sorted(shown["ratio_at"], key=lambda one: one["t"])]
    # n² exponentials alone against n d²: whatever the constant, doubling t exceeds it in the end.
    grows = all(ratio(2 * t) > Fraction(3, 2) * ratio(t) for t in (4, 8, 16, 32))
    if counted < 2 or told != sorted(set(told)) or not grows:
        raise Disagreement(f"the ratio does not grow: {told}")
    return f"ratio of operations to n d²: {', '.join(map(str, told))}"


# --- ill-formed statements -----------------------------------------------------------------------

SYMBOLS = {
    "def:1.2": "Y",  # "a d × d size square matrix Y ∈ R"
    "def:1.4": "X",  # not among "four n×d matrices A1, A2, A3, E and a square matrix Y"
    "not:kronecker": "m2",  # Y is n1×m1
    "fact:A.2": "U",  # "U_{i,l2}" where U1 and U2 are given
    "prf:C.7": "v",  # "⟨f, v⟩"
    "lem:C.8": "X",  # "input fixed matrices" and "matrix variables"
    "lem:4.1": "X",
}


def drawn_figure_1(n: int, d: int) -> set[tuple[int, ...]]:
    """A_{j0}ᵀ is d²×n as drawn, A_{j0,i}ᵀ 1×n in the caption; times n×n times n×1."""
    middle, h = np.ones((n, n)), np.ones((n, 1))
    return {(np.ones((d * d, n)) @ middle @ h).shape, (np.ones((1, n)) @ middle @ h).shape}


def part_8_from_part_5(n: int, d: int) -> set[tuple[int, ...]]:
    """The derivative of a scalar against a scalar times that of f, a vector of n."""
    return {(), (2.0 * np.ones(n)).shape}


PRODUCTS = {
    "lem:D.1": ("d", "n", "d", "d", "n", "d"),  # A1ᵀ X of A1 n×d and X d×d
    "lem:D.5": ("n", "k", "n", "k", "k", "n"),  # U1 V1 of U1 and V1 n×k
}
SHAPES = {"fig:1": drawn_figure_1, "prf:B.1.8": part_8_from_part_5}


def shape_at(text: str, sizes: dict[str, int]) -> tuple[int, ...]:
    if text == "scalar":
        return ()
    found = []
    for factor in text.split("×"):
        match = re.fullmatch(r"(\d+)|([a-z])(?:\^(\d))?", factor)
        if match is None:
            raise Disagreement(f"the shape {text!r} is not of numbers and powers of sizes")
        found.append(int(match[1]) if match[1] else sizes[match[2]] ** int(match[3] or 1))
    return tuple(found)


def check_ill_formed(claim: str, detail: str) -> str:
    """The detail names the symbol, or two shapes; the very ones of the paper where these are known."""
    symbol = re.match(
        r"(?:symbol )?(\w+) is (?:used but nothing declares it|declared as (.+) and as (.+))", detail
    )
    if symbol is not None:
        if symbol[2] is not None and symbol[2] == symbol[3]:
            raise Disagreement(f"two declarations that agree: {detail}")
        if SYMBOLS.get(claim, symbol[1]) != symbol[1] or claim in SHAPES:
            raise Disagreement(f"the symbol of the paper is {SYMBOLS.get(claim)}: {detail}")
        return f"names the symbol {symbol[1]}"
    product = re.match(r"matrix product of (\w+)×(\w+) by (\w+)×(\w+): (\w+) columns meet (\w+) rows", detail)
    if product is not None:
        if PRODUCTS.get(claim) != product.groups():
            raise Disagreement(f"a product that the paper does not have: {detail}")
        return f"names the factors {product[1]}×{product[2]} and {product[3]}×{product[4]}"
    sides = re.match(r"left side is (\S+), right side is (\S+)", detail)
    if sides is None or sides[1] == sides[2] or claim in SYMBOLS:
        raise Disagreement(f"names neither the symbol nor two shapes: {detail!r}")
    for n, d in ((5, 3), (2, 7)):
        told = {shape_at(text, {"n": n, "d": d}) for text in sides.groups()}
        if claim in SHAPES and told != SHAPES[claim](n, d):
            raise Disagreement(f"the shapes at n={n}, d={d} are {SHAPES[claim](n, d)} here, not {told}")
    return f"names the shapes {sides[1]} and {sides[2]}"


def recheck(claim: dict[str, Any]) -> str | None:
    """What was found about one claim; None if its printed form stands or has none."""
    printed = claim["printed"]
    if printed is None or printed["status"] not in ("refuted", "refuted modulo", "ill-formed"):
        return None
    id = claim["id"]
    if printed["status"] == "ill-formed":
        return check_ill_formed(id, printed["status_detail"])
    shown = printed["counterexample"]
    if shown is None:
        raise Disagreement("refuted without a counterexample")
    if shown["relation"] == "bounded":
        return check_growth(id, shown)
    if "family" in shown:
        return check_family(id, shown)
    if id not in SIDES and id not in INEQUALITIES:
        raise Disagreement("refuted, and not known here")
    found = check_values(id, shown)
    generic = shown.get("non_degenerate")
    return found if generic is None else f"{found}; {check_values(id, generic)}"


def main(arguments: list[str]) -> int:
    """Recheck a report; 0 if all agrees."""
    if len(arguments) != 1:
        print(f"usage: {sys.argv[0]} REPORT.json", file=sys.stderr)
        return 2
    with open(arguments[0], encoding="utf-8") as file:
        report = json.load(file)
    failed = rechecked = 0
    for claim in report["claims"]:
        try:
            found = recheck(claim)
        except (Disagreement, KeyError, TypeError, ValueError, IndexError) as error:
            failed += 1
            print(f"{claim['id']}: DISAGREES: {type(error).__name__}: {error}")
            continue
        if found is not None:
            rechecked += 1
            print(f"{claim['id']}: {claim['printed']['status']}, agrees: {found}")
    print(f"{rechecked} rechecked, {failed} disagree")
    return 1 if failed or not rechecked else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
