"""The gradient with a polynomial P in place of exp, by n × n matrices of 60-digit numbers.

It shares no code with the fast method, and comes with a bound of what rounding may do to any method that goes
through sums of monomials.  The bound is a running error analysis: every intermediate x of the computation has
a number e_x with |x̃ − x| ≤ e_x, found from those of its operands by the triangle inequality.

A sum of products, in whatever order, errs by at most γ_m Σ|terms|, where m counts the roundings that one
term meets and γ_m = mu/(1 − mu) (Higham, Accuracy and Stability, Lemma 3.1).  The long sums are over keys and
monomials β,

    Σ_j Σ_β a_|β| (|β|!/β!) q^β k_j^β x_j,    Σ|terms| = Σ_j T_ij |x_j|,    T_ij = Σ_t |a_t| (|q_i|·|k_j|)^t,

by the multinomial theorem; the rounding of q is relative to |A1||X|/d, since the terms of q may cancel,
and so |q| stands for that.  m is counted in :func:`_long_sum`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

from proofcheck.numeric.frame import Frame

Floats = NDArray[np.float64]
Arrays = dict[str, Any]

_DIGITS = 60
_SLACK = 1e-50  # of sums of absolute values: their 60 digits, less some for a thousand roundings


@dataclass(frozen=True)
class Reference:
    """What the fast method is to find.

    Attributes:
        values: the loss, the five gradients, and alpha, output, residual, cotangent and the row gradient
            Σ_j p_ij A2_j; rounded to float64.
        weights: P(S'), 0 where causal masks it.
        exact: the values with 60 digits, as arrays of objects.
        slack: how far these may be off, entry by entry.
    """

    values: dict[str, Floats]
    weights: Floats
    exact: dict[str, Any]
    slack: dict[str, Floats]

    def error(self, name: str, found: Any) -> Floats:
        """At most |found − exact|, entry by entry: a number that surely is an error."""
        with mpmath.workdps(_DIGITS):
            return _floats(abs(_digits(found) - self.exact[name])) - self.slack[name]


def _digits(array: Any) -> Any:
    """An array of 60-digit numbers with the same values."""
    return np.vectorize(lambda entry: mpmath.mpf(float(entry)), otypes=[object])(np.asarray(array))


def _floats(array: Any) -> Floats:
    return np.asarray(array).astype(np.float64)


def _horner(coefficients: tuple[float, ...], scores: Any) -> Any:
    value = scores * 0
    for coefficient in reversed(coefficients):
        value = value * scores + coefficient
    return value


def reference(
    arrays: Arrays, coefficients: tuple[float, ...], where: Frame, *, causal: bool = False
) -> Reference:
    """f∘(q − r) of [P] Lemma C.7 with f_ij = P(S'_ij)/Σ_j P(S'_ij), S'_ij = q_i·(A2_j − m)."""
    with mpmath.workdps(_DIGITS):
        inputs = {name: _digits(array) for name, array in arrays.items()}
        sizes = {name: abs(array) for name, array in inputs.items()}
        n, d = inputs["A1"].shape
        queries = inputs["A1"] @ inputs["X"] / mpmath.mpf(d)
        keys = inputs["A2"] - _digits(where.key_centre)
        weights = _horner(coefficients, queries @ keys.T)
        larger = _horner(
            tuple(map(abs, coefficients)), sizes["A1"] @ sizes["X"] @ abs(keys).T / mpmath.mpf(d)
        )
        if causal:
            weights, larger = weights * np.tri(n, dtype=int), larger * np.tri(n, dtype=int)
        alpha = weights.sum(axis=1)[:, None]
        exact = _formulas(inputs, alpha, weights / alpha, _digits(where.value_centre), -1)
        size = _formulas(sizes, abs(alpha), larger / abs(alpha), abs(_digits(where.value_centre)), 1)
        size["alpha"] = larger.sum(axis=1)
        return Reference(
            values={name: _floats(value) for name, value in exact.items()},
            weights=_floats(weights),
            exact=exact,
            slack={name: _SLACK * _floats(value) for name, value in size.items()},
        )


def _formulas(inputs: Arrays, alpha: Any, f: Any, centre: Any, sign: int) -> dict[str, Any]:
    """The values, or, of absolute values and with ``sign=1``, the sums of the sizes of their terms."""
    A1, A2, A3, E, X, Y = (inputs[name] for name in ("A1", "A2", "A3", "E", "X", "Y"))
    d = mpmath.mpf(A1.shape[1])
    output = f @ A3
    c = output @ Y + sign * E
    w = c @ Y.T
    q = w @ A3.T
    p = f * (q + sign * (f * q).sum(axis=1)[:, None])
    first = (w * (output + sign * centre)).sum(axis=1)[:, None]
    return {
        "loss": (c * c).sum() / 2,
        "X": A1.T @ p @ A2 / d,
        "Y": output.T @ c,
        "A1": p @ A2 @ X.T / d,
        "A2": p.T @ A1 @ X / d,
        "A3": f.T @ w,
        "alpha": alpha[:, 0],
        "output": output,
        "residual": c,
        "row gradient": p @ A2,
        "cotangent": np.concatenate([sign * first, w], axis=1) / alpha,
    }


def _gamma(roundings: float) -> float:
    assert roundings < 0.1
    return roundings / (1 - roundings)


def _long_sum(n: int, d: int, degree: int, count: int, rows: int, block: float, unit: float) -> float:
    """The roundings that a term of a sum over keys (or queries) and monomials meets, times their size."""
    # Of the blocks' dtype: both monomials, degree − 1 products each of points that were rounded; a value, a
    # point and their product; the sum over a block's rows; the weighted table; the sum over the monomials;
    # a causal block's own scores and Horner's scheme; and the product with the values, over 1 + d of them.
    in_blocks = 4 * degree + 3 + rows + 1 + count + degree * (d + 4) + (d + 2)
    # Of the sums' dtype: for each of degree + 1 points, d products, a division and a shift; the values'
    # shift; one sum a block; and the weights.
    in_sums = (degree + 1) * (d + 3) + 1 + -(-n // rows) + 4
    return in_blocks * block + in_sums * unit


def rounding_bounds(
    arrays: Arrays,
    coefficients: tuple[float, ...],
    where: Frame,
    true: Reference,
    *,
    count: int,
    rows: int,
    block: float = 2.0**-53,
    result: float = 2.0**-53,
    causal: bool = False,
) -> dict[str, Floats]:
    """At most |computed − true|, entry by entry, for the names of ``true.values``.

    Args:
        arrays, coefficients, where, causal: as for :func:`reference`, whose result is ``true``.
        count: monomials.
        rows: rows a block.
        block, result: the unit roundoffs of features and products, and of the gradients.
    """
    unit = 2.0**-53
    wide: Mapping[str, Floats] = {name: np.asarray(array, np.float64) for name, array in arrays.items()}
    A1, E, X, Y = (np.abs(wide[name]) for name in ("A1", "E", "X", "Y"))
    (n, d), degree = A1.shape, len(coefficients) - 1
    queries = A1 @ X / d
    keys = np.abs(wide["A2"] - where.key_centre)
    values = np.abs(wide["A3"] - where.value_centre)
    values = np.concatenate([np.ones((n, 1)), values], axis=1)
    terms = _horner(tuple(map(abs, coefficients)), queries @ keys.T)
    if causal:
        terms = terms * np.tri(n)
    long = _gamma(_long_sum(n, d, degree, count, rows, block, unit))

    def add(sizes: Floats, errors: Floats, roundings: int) -> Floats:
        """The error of a sum, from |terms| and their errors, summed."""
        return errors + _gamma(roundings * unit) * (sizes + errors)

    alpha = true.values["alpha"][:, None]
    alpha_error = long * terms.sum(axis=1)[:, None]
    least = alpha - alpha_error
    assert np.all(least > alpha / 2), "the weights of a query nearly cancel: no relative accuracy is left"
    output, residual = np.abs(true.values["output"]), np.abs(true.values["residual"])
    moved = np.abs(true.values["output"] - where.value_centre)
    moved_error = add(moved, (long * (terms @ values[:, 1:]) + moved * alpha_error) / least, 2)
    output_error = add(output, moved_error, 2)
    residual_error = add(output @ Y + E, output_error @ Y, d + 2)
    # w = Y c and its product with o − ḡ; v = [that, w]/α, rounded to the blocks' dtype.
    w = np.abs(true.values["cotangent"][:, 1:] * alpha)
    w_error = add(residual @ Y.T, residual_error @ Y.T, d + 1)
    first_error = add(w * moved, w * moved_error + w_error * (moved + moved_error), d + 2).sum(axis=1)
    v = np.abs(true.values["cotangent"])
    v_error = (np.concatenate([first_error[:, None], w_error], axis=1) + v * alpha_error) / least
    v_error = v_error + _gamma(2 * unit + block) * (v + v_error)
    # Every term of a sum over keys (queries): its own rounding, then that of v.
    size = np.abs(true.weights)
    slope = long * terms * ((v + v_error) @ values.T) + size * (v_error @ values.T)
    row = np.abs(true.values["row gradient"])
    row_error = slope @ keys
    y_error = output.T @ residual_error + output_error.T @ (residual + residual_error)
    bounds = {
        "loss": add(residual**2, residual * residual_error + residual_error**2, n * d + 2).sum(),
        "X": add(A1.T @ row / d, A1.T @ row_error / d, n + 2),
        "Y": add(output.T @ residual, y_error, n + 2),
        "A1": add(row @ X.T / d, row_error @ X.T / d, d + 2),
        "A2": slope.T @ queries,
        "A3": (long * terms.T @ (v + v_error) + size.T @ v_error)[:, 1:],
        "alpha": alpha_error[:, 0],
        "output": output_error,
        "residual": residual_error,
        "row gradient": row_error,
        "cotangent": v_error,
    }
    for name in ("X", "Y", "A1", "A2", "A3"):
        bounds[name] = bounds[name] + result * (np.abs(true.values[name]) + bounds[name])
    # The bounds were computed in float64 themselves, by at most n + 100 roundings of positive numbers each.
    return {name: np.asarray(bound) * (1 + (n + 100) * 2 * unit) for name, bound in bounds.items()}
