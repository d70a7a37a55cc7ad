"""What two sweeps over the chunks find out before any gradient: checks, ranges, norms, sizes, and weights."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from proofcheck.numeric.chunked.engine import Source, problem_of
from proofcheck.numeric.estimate import sample_weights
from proofcheck.numeric.frame import Ranges, norms, ranges
from proofcheck.numeric.kernels import computed_by
from proofcheck.numeric.magnitudes import Magnitudes, largest_inputs, magnitudes_before
from proofcheck.numeric.problem import checked_problem

__all__ = ["LONG", "First", "Second", "first_sweep", "second_sweep"]

Floats = NDArray[np.float64]

#: The inputs that have n rows.
LONG = ("A1", "A2", "A3", "E")


@dataclass(frozen=True, eq=False)
class First:
    """Of some chunks, next to each other.

    Attributes:
        ranges: of their rows.
        largest: :func:`~proofcheck.numeric.magnitudes.largest_inputs`.
        digests: for each chunk the SHA-256 of its rows of A1, A2, A3 and E.
        setups: what computed with them.
    """

    ranges: Ranges
    largest: Floats
    digests: tuple[tuple[bytes, ...], ...]
    setups: frozenset[str]

    def joined(self, other: First) -> First:
        """Of the chunks of both, the other's after these."""
        (keys, values, inputs), (more_keys, more_values, more_inputs) = self.ranges, other.ranges
        return First(
            (_joined(keys, more_keys), _joined(values, more_values), np.maximum(inputs, more_inputs)),
            np.maximum(self.largest, other.largest),
            self.digests + other.digests,
            self.setups | other.setups,
        )


def _joined(left: object, right: object) -> Floats:
    (total, low, high), (more, least, most) = np.asarray(left), np.asarray(right)
    return np.stack([total + more, np.minimum(low, least), np.maximum(high, most)])


def first_sweep(source: Source, rows: slice) -> First:
    """Check a chunk, and find its ranges.

    Raises:
        UserInputError: an entry is not finite.
    """
    A1, A2, A3, E = (source.read(name, rows) for name in LONG)
    problem = checked_problem(A1, A2, A3, E, source.X, source.Y)
    digests = tuple(hashlib.sha256(np.ascontiguousarray(array).data).digest() for array in (A1, A2, A3, E))
    setup = f"{computed_by(problem)}, NumPy {np.__version__}, {platform.machine()}"
    return First(ranges(problem), largest_inputs(problem), (digests,), frozenset({setup}))


@dataclass(frozen=True, eq=False)
class Second:
    """Of some chunks, next to each other.

    Attributes:
        norms: for each centre the largest squares of norms, (centres, 2).
        before: :func:`~proofcheck.numeric.magnitudes.magnitudes_before` of their queries.
        weights: for each chunk the sum of its :func:`~proofcheck.numeric.estimate.sample_weights`.
    """

    norms: Floats
    before: Magnitudes
    weights: tuple[float, ...]

    def joined(self, other: Second) -> Second:
        """Of the chunks of both, the other's after these."""
        return Second(
            np.maximum(self.norms, other.norms),
            self.before.joined(other.before),
            self.weights + other.weights,
        )


def second_sweep(
    source: Source, centres: list[Floats], scales: list[Floats], values: Floats, rows: slice
) -> Second:
    """Norms and sizes of a chunk.

    Args:
        source: the inputs.
        centres: as :func:`~proofcheck.numeric.frame.norms` takes them.
        scales: likewise.
        values: the largest |A3| of each column, over all chunks.
        rows: the chunk.
    """
    problem = problem_of(source, rows, ("A1", "A2", "E"))
    with np.errstate(over="ignore", invalid="ignore"):
        return Second(
            np.array(norms(problem, centres, scales)),
            magnitudes_before(problem, values),
            (float(np.sum(sample_weights(problem, values))),),
        )
