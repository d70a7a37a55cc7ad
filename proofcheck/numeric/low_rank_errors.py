"""The chain of errors of Appendix D, composed: from the polynomial for exp to the gradient, with constants.

[P] writes ε/poly(n) at every step.  With |P(t)e^{-t} − 1| ≤ δ < 1 on the range of the scores, δ' = 2δ/(1−δ),
η = ‖h‖_∞ and ψ = ‖q‖_∞ the steps are

    Lemma D.1     |f̃ − f| ≤ δ' f
    Lemma D.2     ‖c̃ − c‖_∞ ≤ δ' η
    Lemma D.3     ‖q̃ − q‖_∞ ≤ θ = d δ' η²
    Lemma D.4     |p̃1 − p1| ≤ ρ f,  ρ = (1 + δ') θ + δ' ψ
    Lemma D.5     ‖r̃ − r‖_∞ ≤ ρ,  |p̃2 − p2| ≤ ((1 + δ') ρ + δ' ψ) f
    Theorem D.6   ‖g̃ − dL/dX‖_∞ ≤ n ‖A1‖_∞ ‖A2‖_∞ ((2 + δ') ρ + δ' ψ)/d

Rows of f add up to 1, so that sums over an n × n matrix below ρ f are below n ρ, not n² ρ.  The claim
``thm:D.6.errors`` proves every step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from proofcheck.errors import ApproximationError
from proofcheck.namespaces.arrays import Array, to_numpy
from proofcheck.numeric.polynomial import ExpPolynomial
from proofcheck.numeric.problem import checked_problem

__all__ = ["ErrorChain", "error_chain"]


@dataclass(frozen=True)
class ErrorChain:
    """A bound for each step of Appendix D; truncation only, roundings are the certificate's.

    Attributes:
        relative: δ, the relative error of the polynomial on the range of the scores.
        f: δ', the relative error of every entry of f̃.
        c: of ‖c̃ − c‖_∞.
        q: θ, of ‖q̃ − q‖_∞.
        r: ρ, of ‖r̃ − r‖_∞; p̃1 errs by at most ρ f.
        p: p̃ = p̃1 − p̃2 errs by at most this times f.
        gradient: of ‖g̃ − dL/dX‖_∞.
    """

    relative: float
    f: float
    c: float
    q: float
    r: float
    p: float
    gradient: float


def error_chain(
    A1: Array, A2: Array, A3: Array, E: Array, X: Array, Y: Array, polynomial: ExpPolynomial
) -> ErrorChain:
    """The bounds at these inputs, for the gradient of Theorem D.6 (over d) with this polynomial.

    Args:
        A1: (n, d), float32 or float64; the others are of its library, device and dtype.
        A2: (n, d).
        A3: (n, d).
        E: (n, d).
        X: (d, d).
        Y: (d, d).
        polynomial: P for exp.

    Returns:
        The bounds, computed in float64.  O(n²d) time and O(n²) memory: ψ is the largest entry of q itself.

    Raises:
        UserInputError: inputs that cannot be used.
        ApproximationError: δ is not below 1 on the range of the scores.
    """
    problem = checked_problem(A1, A2, A3, E, X, Y)
    inputs = (problem.A1, problem.A2, problem.A3, problem.E, problem.X, problem.Y)
    a1, a2, a3, e, x, y = (to_numpy(array).astype(np.float64) for array in inputs)
    n, d = a1.shape
    scores = a1 @ x @ a2.T / d
    largest = float(np.max(np.abs(scores)))
    delta = polynomial.sup_on(max(largest, float(np.finfo(np.float64).tiny)))
    if not delta < 1:
        raise ApproximationError(
            f"relative error {delta:.3g} of the polynomial on scores up to {largest:.3g}: "
            "expected less than 1; take a higher degree"
        )
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    h = a3 @ y
    c = weights @ h / weights.sum(axis=1, keepdims=True) - e
    eta, psi = float(np.max(np.abs(h))), float(np.max(np.abs(c @ h.T)))
    relative = 2 * delta / (1 - delta)
    theta = d * relative * eta**2
    rho = (1 + relative) * theta + relative * psi
    p = (2 + relative) * rho + relative * psi
    size = float(np.max(np.abs(a1))) * float(np.max(np.abs(a2)))
    return ErrorChain(delta, relative, relative * eta, theta, rho, p, n * size * p / d)
