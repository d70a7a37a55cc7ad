"""Which monomials a polynomial needs on given data: the fewest that a sample of scores does not miss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from proofcheck.numeric.axes import Axes, principal_axes
from proofcheck.numeric.expansion import Expansion
from proofcheck.numeric.polynomial import ExpPolynomial
from proofcheck.numeric.pruned import axis_sizes, pruned_exponents

__all__ = ["Pruning", "misfit"]

Floats = NDArray[np.float64]

_MARGIN = 0.7  # of what is left out to what may be: both are of a sample
_ATTEMPTS = 4  # each with half as much left out


def misfit(values: Floats, scores: Floats) -> float:
    """The root mean square of P(S)/e^S − 1 over some scores, for the best multiple of the values P(S)."""
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = values * np.exp(-scores)
        mean = float(np.mean(ratio))
        found = float(np.std(ratio)) / abs(mean) if mean != 0 else np.inf
    return found if found == found else np.inf


@dataclass(eq=False)
class Pruning:
    """Principal axes of a sample, and what expansions in them make of the scores of a smaller one.

    Attributes:
        axes: of the larger sample.
        queries, keys: the larger sample along the axes, (m, r) each.
        few_queries, few_keys: the smaller one in the coordinates of the frame, (m, d) each.
        most: how many monomials there may be.
    """

    axes: Axes
    queries: Floats
    keys: Floats
    few_queries: Floats
    few_keys: Floats
    most: int

    @classmethod
    def of(cls, many: tuple[Floats, Floats], few: tuple[Floats, Floats], most: int) -> Pruning | None:
        """From queries and keys in the coordinates of a frame; None where no score differs from 0."""
        axes = principal_axes(*many)
        if axes is None:
            return None
        queries, keys = many[0] @ axes.query, many[1] @ axes.key
        return cls(axes, queries, keys, *few, most)

    def expansion(self, polynomial: ExpPolynomial, error: float, most: int) -> tuple[Expansion, float] | None:
        """The fewest monomials with which a polynomial is expected to err at most so much, and the error.

        Args:
            polynomial: P.
            error: allowed for the :func:`misfit`; what P alone errs counts, in the mean square.
            most: how many monomials are of use.

        Returns:
            None if there are too many, or if P alone errs more.
        """
        scores = self.few_queries @ self.few_keys.T
        alone = misfit(polynomial(scores), scores)
        if not alone < error:
            return None
        sizes = axis_sizes(self.queries, self.keys, polynomial.degree)
        allowed = _MARGIN * float(np.sqrt(error**2 - alone**2))
        for _ in range(_ATTEMPTS):
            exponents = pruned_exponents(sizes, polynomial.degree, allowed, min(most, self.most))
            if exponents is None:
                return None
            expansion = Expansion.of(self.axes, exponents)
            values = expansion.values(self.few_queries, self.few_keys, polynomial.coefficients)
            found = misfit(values, scores)
            if found <= error:
                return expansion, found
            allowed /= 2
        return None
