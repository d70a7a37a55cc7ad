r"""A rigorous bound on the error of a computed gradient: truncation and rounding.

Write f for the softmax, f̂ for P(S')/α̂ in exact arithmetic at the points that the program uses, and ~ for
what it computes.  Everything below is an inequality between non-negative numbers, by column l or b.

*Scores.*  The points differ from the true ones by roundings that move a score by at most ε.  If
|P(t)e^{-t} − 1| ≤ δ < 1 for |t| ≤ ρ + ε, then f̂/f lies between (1−δ)/(1+δ) e^{−2ε} and its inverse:

    |f̂ − f| ≤ η f,    η = (1+δ)/(1−δ) e^{2ε} − 1.                                                      (6)

*Outputs.*  Sums of N_i terms P(S'_ij) g_jl, computed through monomials, err by at most γ N_i |P|(ρ) G_l,
where |P|(ρ) = Σ|a_t| ρ^t, G_l = max_j |g_jl − ḡ_l| and γ counts roundings; with κ = γ |P|(ρ) max N_i/α_i,

    |õ_i − o_i| ≤ D = (η + 2κ) G + roundings,   |c̃_i − c_i| ≤ C = D|Y| + roundings,  |w̃_i − w_i| ≤ |Y|C.  (7)

*Gradient.*  p_ij = f_ij (w_i·(g_j − ḡ) − r_i) and |w_i·(g_j − ḡ) − r_i| ≤ 2|w_i|·G, so Σ_j |p̃_ij − p_ij|
is at most a_0 + |w̃_i|·a with

    a = 2(1+κ)(η + κ') G + D,    a_0 = |Y|C·(2(1+κ) G + D),                                             (8)

and the gradient in X errs by at most Σ_i |A1_i|ᵀ (a_0 + |w̃_i|·a) max_j|A2_j − m|/d, in the sums of
:class:`~proofcheck.numeric.magnitudes.Magnitudes`.  The other gradients are bounded in the same way.

*Fewer monomials.*  Where P̂ of (15) in :mod:`proofcheck.numeric.expansion` stands for P, ε is larger by what
the change of coordinates moves a score, and δ by τ e^{ρ+ε}.

On spread data this is orders of magnitude above the true error: errors of different sign cancel in the
gradient, and no sum of absolute values can see it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from proofcheck.namespaces.arrays import to_numpy, unit_roundoff
from proofcheck.numeric.expansion import Leftover
from proofcheck.numeric.frame import Frame
from proofcheck.numeric.magnitudes import Magnitudes
from proofcheck.numeric.monomials import feature_count
from proofcheck.numeric.polynomial import ExpPolynomial
from proofcheck.numeric.problem import Problem, Solution

__all__ = ["exact_error_bounds", "fast_error_bounds", "score_radius"]

_MOST_EXPONENT = 300.0  # as the polynomials'


@dataclass(frozen=True)
class _Model:
    """The numbers that (6) to (8) are made of.

    Attributes:
        eta: η.
        kappa, kappa_rows, kappa_keys: rounding of outputs, of row gradients and of key gradients.
        unit: u of the sums over n.
        sums: the relative rounding of such a sum of n terms.
        most: at least every f_ij.
        tiny: what underflow can take from an entry of a gradient.
    """

    eta: float
    kappa: float
    kappa_rows: float
    kappa_keys: float
    unit: float
    sums: float
    most: float
    tiny: float


def score_radius(problem: Problem, where: Frame, block_unit: float) -> tuple[float, float]:
    """(ρ + ε, ε) of (6): what every score is below, and how far rounding moves one.

    Args:
        problem: the inputs.
        where: its coordinates.
        block_unit: the unit roundoff of the points.
    """
    unit = unit_roundoff(problem.xp, problem.accumulator)
    columns = where.key_bound * (
        _gamma((problem.d + 4) * unit) * where.query_terms
        + _gamma(2 * block_unit + 2 * unit) * where.query_bound
    )
    epsilon = float(np.sum(columns)) * (1 + 1e-9)
    return where.radius * (1 + 4 * block_unit) + epsilon, epsilon


def fast_error_bounds(
    problem: Problem,
    where: Frame,
    polynomial: ExpPolynomial,
    magnitudes: Magnitudes,
    wrt: tuple[str, ...],
    *,
    block_unit: float,
    block_rows: int,
    blocks: int | None = None,
    features: int | None = None,
    left: Leftover | None = None,
    solution: Solution | None = None,
) -> dict[str, float]:
    """Upper bounds of ‖g̃ − g‖_∞ for each variable, and of |L̃ − L| under ``"loss"``.

    Args:
        problem: the inputs.
        where: the coordinates that the fast method worked in.
        polynomial: P, with its certified error on at least the radius of :func:`score_radius`.
        magnitudes: measured by the run, or, to plan one, by another run.
        wrt: the variables.
        block_unit: the unit roundoff of features and products.
        block_rows: rows a block, at most.
        blocks: how many there are, where not all but the last have that many rows.
        features: the terms of the longest sum over features, where these are not all monomials.
        left: what an expansion leaves out, if there is one.
        solution: the run's result; its entries bound their own final rounding. Without it that
            rounding, far below the rest, is left out: a plan, not a certificate.

    Returns:
        math.inf for all where δ ≥ 1, or where the bound overflows.
    """
    radius, epsilon = score_radius(problem, where, block_unit)
    delta, size_radius = polynomial.relative_error, radius
    if left is not None:
        radius, epsilon = radius + left.epsilon, epsilon + left.epsilon
        size_radius = max(radius, left.radius + left.epsilon)
        delta = math.inf
        if radius < _MOST_EXPONENT and epsilon < 1:
            delta = polynomial.sup_on(radius) + left.dropped * math.exp(radius) * (1 + 1e-9)
    if not (delta < 1 and (left is not None or radius <= polynomial.radius) and epsilon < 1):
        return dict.fromkeys((*wrt, "loss"), math.inf)
    n, d, degree = problem.n, problem.d, polynomial.degree
    unit = unit_roundoff(problem.xp, problem.accumulator)
    features = feature_count(d, degree) if features is None else features
    blocks = -(-n // block_rows) if blocks is None else blocks
    # Along the way of one term: its monomials, the product of its factors, the sum over a block's rows,
    # the weights, and the sum over the features; then the blocks are added in the wider precision.
    roundings = (2 * degree + block_rows + features + 12) * block_unit + (blocks + d + 24) * unit
    if problem.causal:  # the block's own scores: d products each, and Horner's scheme
        roundings += degree * (d + 2) * block_unit
    # Where gradients are had back from other axes, by 2d products more, and R_q R_kᵀ for the identity.
    turned = 0 if left is None else (4 * d + 24) * unit
    gamma, gamma_rows = _gamma(roundings), _gamma(roundings + (d + 8) * block_unit + turned)
    size = polynomial.absolute(size_radius)
    spread = size * magnitudes.keys_over_weight
    kappa = gamma * spread + 4 * unit
    eta = (1 + delta) / (1 - delta) * math.exp(2 * epsilon) - 1
    model = _Model(
        eta=eta,
        kappa=kappa,
        kappa_rows=gamma_rows * spread,
        kappa_keys=gamma_rows * size * magnitudes.inverse_weight,
        unit=unit,
        sums=_gamma((block_rows + blocks + 8) * unit),
        most=min(1.0, (1 + eta) * (1 + kappa) * size * magnitudes.inverse_weight),
        tiny=_smallest(block_unit) * size * n * (features + 8) * (1 + d) ** 3,
    )
    centred = _Data.of(problem, where.value_centre, where.value_bound, where.key_bound * where.scale)
    if left is not None:
        s = where.scale
        keys, X = where.key_bound @ left.key_reach * s, centred.X * s @ left.query_reach / s
        centred = replace(centred, keys=keys, X=X)
    with np.errstate(all="ignore"):  # what overflows bounds nothing: infinity, or no number
        return _bounds(problem, centred, magnitudes, model, wrt, solution)


def exact_error_bounds(
    problem: Problem,
    where: Frame,
    before: Magnitudes,
    wrt: tuple[str, ...],
    *,
    key_blocks: int,
    longest_sum: int,
    solution: Solution | None = None,
) -> dict[str, float]:
    """Upper bounds of the rounding error of the exact method, by variable and ``"loss"``.

    Args:
        problem: the inputs.
        where: any frame of it.
        before: :func:`~proofcheck.numeric.magnitudes.magnitudes_before`.
        wrt: the variables.
        key_blocks: how often the running maximum of a row can change.
        longest_sum: the terms of the longest sum that is not split: a block's rows or keys.
        solution: as in :func:`fast_error_bounds`.
    """
    n, d = problem.n, problem.d
    unit = unit_roundoff(problem.xp, problem.accumulator)
    keys = where.key_bound * where.scale + np.abs(where.key_centre)
    scores = float(np.sum(where.query_terms / where.scale * keys))
    # Twice d products, the shift by the maximum (twice the score at most), exp within 8 u, and a factor
    # for each change of the maximum.
    epsilon = (_gamma((2 * d + 8) * unit) + 4 * unit) * scores + 10 * (key_blocks + 1) * unit
    if not epsilon < 1:
        return dict.fromkeys((*wrt, "loss"), math.inf)
    kappa = _gamma((longest_sum + key_blocks + d + 16) * unit)
    model = _Model(
        eta=math.expm1(2 * epsilon),
        kappa=kappa,
        kappa_rows=kappa + _gamma((d + 8) * unit),
        kappa_keys=_gamma((longest_sum + -(-n // longest_sum) + d + 16) * unit),
        unit=unit,
        sums=_gamma((longest_sum + -(-n // longest_sum) + 8) * unit),
        most=1.0,
        tiny=_smallest(unit) * n * (1 + d) ** 3,
    )
    values = where.value_bound + np.abs(where.value_centre)
    with np.errstate(all="ignore"):
        return _bounds(problem, _Data.of(problem, np.zeros(d), values, keys), before, model, wrt, solution)


@dataclass(frozen=True)
class _Data:
    """Sizes of the inputs as the method sees them: |ḡ|, G, |k|, |X| and |Y|."""

    offset: NDArray[np.float64]
    values: NDArray[np.float64]
    keys: NDArray[np.float64]
    X: NDArray[np.float64]
    Y: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        problem: Problem,
        offset: NDArray[np.float64],
        values: NDArray[np.float64],
        keys: NDArray[np.float64],
    ) -> _Data:
        X, Y = (np.abs(to_numpy(array).astype(np.float64)) for array in (problem.X, problem.Y))
        return cls(np.abs(offset), values, keys, X, Y)


def _bounds(
    problem: Problem,
    data: _Data,
    sums: Magnitudes,
    model: _Model,
    wrt: tuple[str, ...],
    solution: Solution | None,
) -> dict[str, float]:
    """(7) and (8), and what follows from them for each variable."""
    n, d, unit = problem.n, problem.d, model.unit
    G, Y = data.values, data.Y
    twice = 2 * (1 + model.kappa)
    output = (model.eta + 2 * model.kappa) * G + 8 * unit * (G + data.offset)
    reach = data.offset + G
    residual = output @ Y + (d + 4) * unit * (2 * reach @ Y + sums.most_residual)
    backward = Y @ (residual + (d + 3) * unit * sums.most_residual)
    slope = twice * (model.eta + model.kappa_rows) * G + output + (d + 6) * unit * G
    fixed = float(backward @ (twice * G + output))
    # Each entry of a row gradient is at most twice·|w|·G times the key; adding them up rounds again.
    slope_summed = slope + twice * model.sums * G
    rows = sums.queries * fixed + sums.products @ slope_summed
    loss = float(sums.residuals @ residual + n * (residual @ residual) / 2)
    size = float(sums.residuals @ sums.most_residual)
    bounds = {"loss": loss + model.sums * size + 4 * unit * size}
    if "X" in wrt:
        bounds["X"] = _largest(np.outer(rows, data.keys) / d)
    if "Y" in wrt:
        summed = n * residual + (model.sums + unit) * sums.residuals
        bounds["Y"] = _largest(np.outer(output, sums.residuals + n * residual) + np.outer(reach, summed))
    if "A1" in wrt:
        most = fixed + float(sums.most_backward @ (slope + (d + 6) * unit * twice * G))
        bounds["A1"] = _largest(data.X @ data.keys / d) * most
    if "A2" in wrt:
        through = data.X.T / d  # |q_i| ≤ |A1_i||X|/d
        kept = model.most * (sums.queries * fixed + sums.products @ slope)
        rounded = (model.kappa_keys + model.sums) * twice * (sums.products @ G)
        bounds["A2"] = _largest(through @ (kept + rounded))
    if "A3" in wrt:
        kept = model.most * (model.eta * sums.backward + n * backward)
        bounds["A3"] = _largest(kept + (model.kappa_keys + model.sums) * sums.backward)
    # The bounds themselves are computed in floating point, from sums of n non-negative terms.
    inflation = 1 + 1e-9 + 8 * (n + d) * unit
    scale = (1 + _largest(sums.queries)) * (1 + _largest(data.keys)) * (1 + _largest(data.X))
    scale *= (1 + _largest(reach)) * (1 + _largest(sums.most_backward)) * (1 + _largest(Y))
    scale *= 1 + sums.inverse_weight
    final = dict.fromkeys(bounds, 0.0)
    if solution is not None:
        final.update({name: _final_rounding(problem, solution.largest(name)) for name in wrt})
    found = {name: value * inflation + final[name] + model.tiny * scale for name, value in bounds.items()}
    return {name: value if value >= 0 else math.inf for name, value in found.items()}


def _final_rounding(problem: Problem, largest: float) -> float:
    """What rounding each entry to the dtype of the inputs changes at most."""
    unit = unit_roundoff(problem.xp, problem.dtype)
    return 1.01 * unit * largest + _smallest(unit)


def _largest(values: NDArray[np.float64]) -> float:
    return float(np.max(values))


def _gamma(roundings: float) -> float:
    """γ = x/(1 − x), the usual bound of 1 − Π(1 ± u) over roundings of the sum x; Higham, §3.1."""
    return roundings / (1 - roundings) if roundings < 0.5 else math.inf


def _smallest(unit: float) -> float:
    """The smallest normal number of the format with this unit roundoff."""
    return 2.0**-1022 if unit < 1e-12 else 2.0**-126
