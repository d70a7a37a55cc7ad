"""Lemma E.4: the error of a left Riemann sum, and its best constant."""

from __future__ import annotations

from typing import Any

from proofcheck.claims import Claim, Interval, Kind, Positive, Real, all_of, at_most, equal

fact_taylor = Claim(
    "fact:taylor",
    kind=Kind.CITED,
    title="Taylor's theorem with Lagrange's remainder",
    source="any textbook of analysis, for example Rudin, Principles of Mathematical Analysis, Theorem 5.15",
    quote="f twice differentiable on [s, s+h]: f(s+h) = f(s) + h f'(s) + h² f''(ξ)/2 for some ξ between.",
    formula=r"f(s+h) = f(s) + h f'(s) + \tfrac{h^2}{2} f''(\xi)",
)

lem_E_4 = Claim(
    "lem:E.4",
    kind=Kind.LEMMA,
    title="Left Riemann sum",
    source="Alman & Song 2024, Lemma E.4",
    quote="f : [0,1] → R twice differentiable, |f''| ≤ b, t_m = Σ_{i=0}^{m−1} f'(i/m)/m: "
    "|t_m − (f(1) − f(0))| ≤ b/m.",
    formula=r"|t_m - (f(1) - f(0))| \le \frac{b}{m}",
    # By Taylor's theorem on each [i/m, (i+1)/m] the function enters through g_i = f'(i/m) and a
    # value b w_i of f'' inside: nothing else of it matters.
    given={"g": Real("m"), "w": Interval(-1, 1, "m"), "b": Positive()},
    uses=("fact:taylor",),
)


@lem_E_4.printed
def _(xp: Any, g: Any, w: Any, b: Any, m: Any) -> Any:
    riemann = xp.sum(g) / m
    change = xp.sum(g / m + b * w / (2 * m * m))
    room = b / (2 * m)
    return all_of(
        at_most(riemann - change, b / m, gap=room + b * xp.sum(1 + w) / (2 * m * m)),
        at_most(change - riemann, b / m, gap=room + b * xp.sum(1 - w) / (2 * m * m)),
    )


lem_E_4_best = Claim(
    "lem:E.4.best",
    kind=Kind.DERIVED,
    title="Left Riemann sum, best constant",
    source="derived here, for Alman & Song 2024, Lemma E.4",
    quote="|t_m − (f(1) − f(0))| ≤ b/(2m), with equality for f(x) = b x²/2.",
    formula=r"|t_m - (f(1) - f(0))| \le \frac{b}{2m}",
    given=lem_E_4.given,
    uses=("fact:taylor",),
)


@lem_E_4_best.printed
def _(xp: Any, g: Any, w: Any, b: Any, m: Any) -> Any:
    riemann = xp.sum(g) / m
    change = xp.sum(g / m + b * w / (2 * m * m))
    # f(x) = b x²/2: f'(i/m) = b i/m, of which the sum over i = 0..m-1 is b (m - 1)/2, and f(1) - f(0) = b/2.
    parabola = b * (m - 1) / (2 * m)
    return all_of(
        at_most(riemann - change, b / (2 * m), gap=b * xp.sum(1 + w) / (2 * m * m)),
        at_most(change - riemann, b / (2 * m), gap=b * xp.sum(1 - w) / (2 * m * m)),
        equal(b / 2 - parabola, b / (2 * m)),
    )
