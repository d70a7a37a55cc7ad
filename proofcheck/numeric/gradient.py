"""The gradient of the attention loss by the cheapest method that meets a tolerance."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Collection

import numpy as np

from proofcheck.errors import ApproximationError, UserInputError
from proofcheck.namespaces.arrays import Array, as_backend, common_namespace, dtype_name, unit_roundoff
from proofcheck.numeric.problem import Problem, checked_problem, checked_variables
from proofcheck.numeric.result import GradientResult
from proofcheck.numeric.runs import Runs, Seconds
from proofcheck.numeric.search import Search, Tolerance

__all__ = ["attention_gradient", "checked_choice", "checked_degree", "checked_tolerance", "generator"]

_DEFAULT_RTOL = 1e-4
_GUARANTEES = ("estimated", "certified")
_METHODS = ("auto", "exact", "fast", "low-rank")


def attention_gradient(
    A1: Array,
    A2: Array,
    A3: Array,
    E: Array,
    X: Array,
    Y: Array,
    *,
    eps: float | None = None,
    rtol: float | None = None,
    guarantee: str = "estimated",
    method: str = "auto",
    causal: bool = False,
    wrt: Collection[str] | str = ("X",),
    backend: str | None = None,
    seed: int = 0,
    queries: int | None = None,
    degree: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> GradientResult:
    """Gradients of L = ½‖f A3 Y − E‖_F², f = row-softmax(A1 X A2ᵀ/d) ([P] Definition 1.2).

    A gradient g̃ meets the tolerance if ‖g̃ − g‖_∞ ≤ eps (as in [P] Definition 1.4), or, with ``rtol``, if
    ‖g̃ − g‖_∞ ≤ rtol ‖g‖_∞; with both, if either holds.

    Args:
        A1: n × d, of NumPy, torch, JAX or CuPy, float32 or float64, as all the arrays.
        A2: n × d; its rows are the keys.
        A3: n × d; h = A3 Y are the values.
        E: n × d; what the output is compared with.
        X: d × d.
        Y: d × d.
        eps: the absolute error allowed.
        rtol: the relative error allowed; 1e-4 if neither is given.
        guarantee: ``"certified"``: a rigorous bound meets the tolerance, and often only the exact
            method can give one; ``"estimated"``: the upper end of ``error_estimate`` does, at its
            confidence.
        method: ``"auto"``, or the one to use: ``"exact"`` (O(n²d)), ``"fast"`` (near-linear in n) or
            ``"low-rank"`` (the factors of the paper, for small n; the gradient in X alone).
        causal: query i attends to the keys j ≤ i only.
        wrt: the variables: of X, Y, A1, A2, A3.
        backend: ``"numpy"``, ``"torch"``, ``"jax"`` or ``"cupy"``: move the arrays there first.
        seed: of the sample that the estimate is made from.
        queries: how many are drawn for the estimate; by default as many as are expected to take half the
            time of a run of the fast method, which depends on the machine.
        degree: of the polynomial, for ``"fast"`` and ``"low-rank"``: take this one, and report its
            errors without holding them against a tolerance.
        progress: called with a phase, the rows done and the rows in all.

    Returns:
        The gradients, by name, with their errors.

    Raises:
        UserInputError: an argument that cannot be used.
        ApproximationError: no method, or not the one asked for, can meet the tolerance; the message
            says what can be had.

    Time: for degree g, O(n C(d+g, d) (1+d)²) for the fast method, and O(n²d) for the exact one.
    """
    names = checked_variables(wrt)
    checked_choice("guarantee", guarantee, _GUARANTEES)
    checked_choice("method", method, _METHODS)
    rng = generator(seed)
    arrays = {"A1": A1, "A2": A2, "A3": A3, "E": E, "X": X, "Y": Y}
    if backend is not None:
        common_namespace(arrays)
        arrays = {name: as_backend(backend, array) for name, array in arrays.items()}
    seconds = Seconds()
    with seconds.phase("checks"):
        problem = checked_problem(**arrays, causal=causal)
    tolerance = checked_tolerance(problem, eps, rtol)
    if queries is not None:
        _check_count("queries", queries, 1)
    if degree is not None:
        checked_degree(degree, method)
    if method == "low-rank" and (names != ("X",) or causal):
        raise UserInputError(
            "method='low-rank' is the paper's construction: the gradient in X, not causal; "
            "take wrt='X' and causal=False, or method='fast'"
        )
    search = Search(Runs(problem, names, rng, seconds, progress), tolerance, guarantee, seed, queries)
    # What overflows is found and refused, or bounds nothing; NumPy's warnings would say no more.
    with np.errstate(over="ignore", invalid="ignore"):
        if method == "exact":
            return search.exact("the method asked for")
        if degree is not None:
            return search.polynomial(method, degree)
        if method == "auto":
            return search.cheapest()
        return search.least_degree(method)


def checked_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a word that is none of these."""
    if value not in choices:
        raise UserInputError(f"{name}={value!r}: expected one of {', '.join(map(repr, choices))}")


def generator(seed: int) -> np.random.Generator:
    """The generator of a seed, which is checked."""
    if isinstance(seed, bool) or not isinstance(seed, numbers.Integral) or seed < 0:
        raise UserInputError(f"seed={seed!r}: expected an integer of at least 0")
    return np.random.default_rng(int(seed))


def _check_count(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise UserInputError(f"{name}={value!r}: expected an integer of at least {least}")


def checked_degree(degree: int, method: str) -> None:
    """Refuse what is no degree, or has none."""
    _check_count("degree", degree, 0)
    if method not in ("fast", "low-rank"):
        raise UserInputError(
            f"degree={degree}: only a polynomial has one; add method='fast' or method='low-rank'"
        )


def checked_tolerance(problem: Problem, eps: float | None, rtol: float | None) -> Tolerance:
    """The tolerance, if the arrays' dtype can hold a result that meets it.

    Raises:
        UserInputError: not a positive number.
        ApproximationError: a relative error below what rounding the result makes.
    """
    for name, value in (("eps", eps), ("rtol", rtol)):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 < value < math.inf:
            raise UserInputError(f"{name}={value!r}: expected a finite number greater than 0, or None")
    if eps is None and rtol is None:
        rtol = _DEFAULT_RTOL
    unit = unit_roundoff(problem.xp, problem.dtype)
    if eps is None and rtol is not None and rtol < unit:
        raise ApproximationError(
            f"rtol={rtol:g}: rounding a result to {dtype_name(problem.A1)} alone errs by up to {unit:.2g}; "
            + ("pass float64 arrays" if unit > 1e-12 else f"take rtol of at least {4 * unit:.1g}")
        )
    return Tolerance(None if eps is None else float(eps), None if rtol is None else float(rtol))
