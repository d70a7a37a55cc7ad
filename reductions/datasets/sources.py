"""The instances of a configuration, source by source: the same whatever was made before, and wherever.

A *source* is what instances are derived from: a formula, a pair of sides, matrices. A pair of a YES- and a
NO-instance has one source, and so have the instances that two chains make of one formula; all of them go to
one split, which the hash of the source alone decides.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from reductions.datasets.formulas import formula_twins, instances_of
from reductions.datasets.row import Row, Small, sealed
from reductions.datasets.spec import Config, Spec
from reductions.families.twins import planted_twins
from reductions.problems.attention import AttentionInstance
from reductions.problems.bits import Bits
from reductions.problems.dimacs import to_dimacs
from reductions.problems.gap import GapInnerProduct
from reductions.steps.gap_to_attention import GapToAttention
from reductions.thresholds import slope_thresholds

__all__ = ["GENERATOR", "described", "entry_scale", "rows_of_source", "split_of"]

GENERATOR = "reductions generate"
# Entries are −127 to 127 over 128 of B, of which a few bits are kept: float64 has every score exactly.
_LEVELS, _BITS_OF_B = 128, 10

# What rows of a pair have of their own, before they have a place in the data set.
_Made = dict[str, Any]


def rows_of_source(spec: Spec, config: Config, number: int, version: str | None) -> tuple[list[Row], str]:
    """The rows of one source, and the split that they go to.

    Args:
        spec: of the data set.
        config: one of its configurations.
        number: of the source, from 0.
        version: of the generator.

    Returns:
        One row, or two in random order; and the name of the split.
    """
    rng = np.random.default_rng([spec.seed, _key(config), number])
    make = {"planted": _planted, "sat": _sat}.get(config.kind, _entries)
    made, parent = make(config, rng)
    if len(made) > 1 and rng.integers(2):
        made.reverse()
    provenance = {
        "generator": GENERATOR,
        "version": version or "",
        "seed": spec.seed,
        "config": config.name,
        "source": number,
        "parameters": json.dumps({"n": config.n, **config.parameters}, sort_keys=True),
        "parent": parent,
    }
    rows: list[Row] = []
    for own in made:
        at = number * config.per_source + len(rows)
        rows.append(sealed(Row(id=f"{config.name}-{at:07d}", kind=config.kind, provenance=provenance, **own)))
    return rows, split_of(parent, spec.splits)


def split_of(parent: str, shares: Mapping[str, float]) -> str:
    """The split of a source: its hash, as a number from 0 to 1, lies in the share of one.

    Args:
        parent: the SHA-256 of the source.
        shares: of each split, which add up to 1.
    """
    at = int(hashlib.sha256(f"split {parent}".encode()).hexdigest()[:13], 16) / 16**13
    names = list(shares)
    for name in names[:-1]:
        if at < shares[name]:
            return name
        at -= shares[name]
    return names[-1]


def described(attention: AttentionInstance) -> _Made:
    """What a row says of an instance of attention, beside the bits and the answer."""
    thresholds = slope_thresholds(attention)
    return {
        "n": attention.n,
        "d": attention.d,
        "columns": int(attention.gap.left.shape[1]),
        "B": str(attention.entry_bound),
        "gamma": str(attention.gamma),
        "scale": str(attention.scale),
        "pad": tuple(str(entry) for entry in attention.pad),
        "score_bound": str(attention.bound),
        "inner_yes": attention.gap.yes,
        "inner_no": attention.gap.no,
        "slope_yes": thresholds.yes,
        "slope_no": thresholds.no,
        "required_accuracy": thresholds.accuracy / (2 * attention.d),
    }


def entry_scale(n: int, b: float) -> Fraction:
    """B = b √ln n, with a few bits."""
    return Fraction(round(b * math.sqrt(math.log(n)) * 2**_BITS_OF_B), 2**_BITS_OF_B)


def _key(config: Config) -> int:
    """What of a configuration its sources depend on, as a number: two chains have the same formulas."""
    names = ("variables", "clauses", "literals") if config.kind == "sat" else tuple(config.parameters)
    own = {name: config.parameters[name] for name in names}
    text = json.dumps([config.kind, config.n, own], sort_keys=True)
    return int(hashlib.sha256(text.encode()).hexdigest()[:16], 16)


def _planted(config: Config, rng: np.random.Generator) -> tuple[list[_Made], str]:
    """A pair with a planted inner product and its twin, rows and columns of both in random order."""
    given = config.parameters
    left, right, pair, permutation = planted_twins(config.rows, given["D"], given["gap"], rng)
    parent = _hash_of(left, right)
    made = []
    for other, planted in ((right, pair), (right[:, permutation], None)):
        rows = [rng.permutation(config.rows) for _ in range(2)]
        columns = rng.permutation(given["D"])
        first, second = (
            side[np.ix_(order, columns)] for side, order in zip((left, other), rows, strict=True)
        )
        gap = GapInnerProduct(first, second, given["yes"], given["yes"] - given["gap"])
        witness = None
        if planted is not None:
            i, j = (int(np.flatnonzero(order == at)[0]) for order, at in zip(rows, planted, strict=True))
            witness = i, j
        made.append(_of_gap(gap, witness, config.columns) | {"chain": "gap"})
    return made, parent


def _sat(config: Config, rng: np.random.Generator) -> tuple[list[_Made], str]:
    """A satisfiable formula and its twin, through one chain."""
    given = config.parameters
    twins, base = formula_twins(given["variables"], given["clauses"], given["literals"], rng)
    made = []
    for formula, gap, advice, witness in instances_of(twins, given["chain"], given.get("blocks", 1), rng):
        own = {"chain": given["chain"], "formula": to_dimacs(formula), "advice": advice}
        made.append(_of_gap(gap, witness, config.columns) | own)
    return made, hashlib.sha256(to_dimacs(base).encode()).hexdigest()


def _entries(config: Config, rng: np.random.Generator) -> tuple[list[_Made], str]:
    """Matrices with all entries ±B, with rows along one direction, or with uniform entries."""
    n, d = config.n, config.columns
    B = entry_scale(n, config.parameters["b"])
    scale = B if config.kind == "signs" else B / _LEVELS
    if config.kind == "signs":
        matrices = [(2 * rng.integers(0, 2, (n, d)) - 1).astype(np.int8) for _ in range(3)]
    else:
        matrices = [rng.integers(1 - _LEVELS, _LEVELS, (n, d)).astype(np.int8) for _ in range(3)]
    if config.kind == "aligned":
        direction = (2 * rng.integers(0, 2, d) - 1).astype(np.int8)
        matrices[:2] = [matrix[:, :1] * direction for matrix in matrices[:2]]
    nothing = dict.fromkeys(
        ("inner_yes", "inner_no", "slope_yes", "slope_no", "label", "witness", "formula", "advice")
    )
    made = {
        "chain": "entries",
        "n": n,
        "d": d,
        "columns": d,
        "B": str(B),
        "gamma": str(scale**2 / d),
        "scale": str(scale),
        "pad": (),
        "score_bound": str(B**2),
        "required_accuracy": 1 / n,
        "values_scale": str(scale),
        **dict(zip(("left", "right", "values"), matrices, strict=True)),
        **nothing,
    }
    return [made], _hash_of(*matrices)


def _of_gap(gap: GapInnerProduct, witness: tuple[int, int] | None, columns: int) -> _Made:
    (reduced,) = GapToAttention("slope").apply(gap)
    return described(reduced.instance) | {
        "label": witness is not None,
        "witness": witness,
        "formula": None,
        "advice": None,
        "left": _widened(gap.left, columns),
        "right": _widened(gap.right, columns),
        "values": None,
        "values_scale": None,
    }


def _widened(side: Bits, columns: int) -> Small:
    """The bits with columns of 0 up to the width that all rows of a configuration have."""
    made = np.zeros((len(side), columns), np.int8)
    made[:, : side.shape[1]] = side
    return made


def _hash_of(*matrices: np.ndarray[Any, Any]) -> str:
    found = hashlib.sha256(repr([matrix.shape for matrix in matrices]).encode())
    for matrix in matrices:
        found.update(np.ascontiguousarray(matrix).data)
    return found.hexdigest()
