"""Inputs of Definition 1.2 of four kinds, the same for the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["KINDS", "arrays_of"]

#: What the entries of A1 and A2 are.
KINDS = ("uniform", "±B", "rank-one aligned", "clustered")


def arrays_of(
    kind: str, n: int, d: int, bound: float, rng: np.random.Generator, dtype: Any = np.float32
) -> dict[str, Any]:
    """A1, A2, A3, E, (n, d) each, and X = Y = I.

    Args:
        kind: ``"uniform"``: entries of A1 and A2 in [−B, B]; ``"±B"``: each −B or B;
            ``"rank-one aligned"``: queries and keys are multiples, in [−B, B], of one vector of signs, so
            that scores are as large as entries allow; ``"clustered"``: around 8 random centres each, with a
            tenth of the spread, none beyond B.
        n: rows.
        d: columns.
        bound: B; A3 and E are uniform in [−B, B] for every kind.
        rng: where the randomness comes from.
        dtype: of all of them.
    """
    if kind == "uniform":
        rows = [rng.uniform(-bound, bound, (n, d)) for _ in range(2)]
    elif kind == "±B":
        rows = [rng.choice((-bound, bound), (n, d)) for _ in range(2)]
    elif kind == "rank-one aligned":
        signs = rng.choice((-1.0, 1.0), d)
        rows = [rng.uniform(-bound, bound, (n, 1)) * signs for _ in range(2)]
    elif kind == "clustered":
        centres = [0.9 * rng.uniform(-bound, bound, (8, d)) for _ in range(2)]
        rows = [
            centre[rng.integers(0, 8, n)] + 0.1 * rng.uniform(-bound, bound, (n, d)) for centre in centres
        ]
    else:
        raise ValueError(f"kind={kind!r}: expected one of {', '.join(KINDS)}")
    rows += [rng.uniform(-bound, bound, (n, d)) for _ in range(2)]
    named = dict(zip(("A1", "A2", "A3", "E"), rows, strict=True)) | {"X": np.eye(d), "Y": np.eye(d)}
    return {name: array.astype(dtype) for name, array in named.items()}
