"""Sources: labels by independent means, rows that are exact, splits that nothing leaks through."""

from __future__ import annotations

import itertools
import json
from dataclasses import fields, replace
from fractions import Fraction

import numpy as np
import pytest

from reductions.datasets.formulas import formula_twins, gap_of
from reductions.datasets.row import Row, digest_of
from reductions.datasets.sources import rows_of_source, split_of
from reductions.problems.sat import Formula
from reductions.thresholds import slope_thresholds
from tests.reductions.datasets.samples import FAMILIES, spec

SPEC = spec()
CONFIGS = {config.name.split("-")[0]: config for config in SPEC.configs}


def rows_of(kind: str, count: int) -> list[Row]:
    config = CONFIGS[kind]
    return [row for number in range(count) for row in rows_of_source(SPEC, config, number, "1")[0]]


@pytest.mark.parametrize("kind", ["planted", "direct", "pcp"])
def test_labels_and_witnesses_by_brute_force(kind: str) -> None:
    rows = rows_of(kind, 4)
    for pair in zip(rows[::2], rows[1::2], strict=True):
        assert sorted(row.label is True for row in pair) == [False, True]
    for row in rows:
        products = row.left.astype(int) @ row.right.astype(int).T
        assert row.inner_yes is not None
        assert row.inner_no is not None
        assert row.label is bool(products.max() >= row.inner_yes)
        if row.label:
            assert row.witness is not None
            assert products[row.witness] >= row.inner_yes
        else:
            assert row.witness is None
            assert products.max() <= row.inner_no


@pytest.mark.parametrize("kind", ["direct", "pcp"])
def test_the_formula_of_a_row_is_as_its_label_says(kind: str) -> None:
    for row in rows_of(kind, 3):
        formula = row.source()
        assert formula is not None
        # Brute force over assignments.
        satisfiable = any(
            formula.verify([v if bit else -v for v, bit in enumerate(bits, 1)])
            for bits in itertools.product((0, 1), repeat=formula.variables)
        )
        assert satisfiable is row.label


@pytest.mark.parametrize("kind", ["planted", "direct", "pcp"])
def test_what_is_said_of_attention_is_what_the_arrays_are(kind: str) -> None:
    for row in rows_of(kind, 2):
        A1, A2, A3 = row.arrays()
        N, D = row.n // 2, row.columns
        scale, pad = Fraction(row.scale), [Fraction(entry) for entry in row.pad]
        expected = [np.zeros((row.n, row.d)) for _ in range(3)]
        for i in range(N):
            expected[0][i, :D] = expected[0][N + i, :D] = float(scale) * row.left[i, :D]
            expected[1][i, :D] = float(scale) * row.right[i, :D]
        padded = [float(scale * entry) for entry in pad]
        expected[0][:, D : D + len(pad)] = expected[1][N:, D : D + len(pad)] = padded
        expected[2][:N, 0] = 1
        for one, other in zip((A1, A2, A3), expected, strict=True):
            assert one.dtype == np.float64
            np.testing.assert_array_equal(one, other)
        assert Fraction(row.B) == max(Fraction(float(np.abs(A1).max())), Fraction(float(np.abs(A2).max())))
        scores = A1 @ A2.T / row.d
        assert float(Fraction(row.score_bound)) == scores.max()
        assert Fraction(row.gamma) == scale**2 / row.d
        instance = row.instance
        assert instance is not None
        thresholds = slope_thresholds(instance.attention)
        assert (row.slope_yes, row.slope_no) == (thresholds.yes, thresholds.no)
        assert row.required_accuracy == thresholds.accuracy / (2 * row.d)


@pytest.mark.parametrize("kind", ["signs", "aligned", "uniform"])
def test_entries_are_within_their_bound_and_exact(kind: str) -> None:
    b = CONFIGS[kind].parameters["b"]
    for row in rows_of(kind, 3):
        assert (row.label, row.witness, row.inner_yes, row.instance) == (None, None, None, None)
        B = Fraction(row.B)
        assert abs(float(B) - b * np.sqrt(np.log(row.n))) <= 2**-11
        for matrix, stored in zip(row.arrays(), (row.left, row.right, row.values), strict=True):
            assert matrix.shape == (row.n, row.d)
            exact = [[Fraction(row.scale) * int(entry) for entry in line] for line in stored]
            assert [[Fraction(float(entry)) for entry in line] for line in matrix] == exact
            assert np.abs(matrix).max() <= B
        A1, A2, _ = row.arrays()
        assert np.abs(A1 @ A2.T / row.d).max() <= Fraction(row.score_bound)
        if kind == "signs":
            assert set(np.abs(A1).ravel()) == {float(B)}
        rank = np.linalg.matrix_rank(np.concatenate([A1, A2]))
        assert rank == (1 if kind == "aligned" else row.d)


def test_the_hash_covers_every_field() -> None:
    (row, _), _ = rows_of_source(SPEC, CONFIGS["direct"], 0, "1")
    for field in fields(row):
        value = getattr(row, field.name)
        if isinstance(value, np.ndarray):
            changed = value.copy()
            changed[-1, -1] ^= 1
        elif isinstance(value, bool):
            changed = not value
        elif isinstance(value, int | float):
            changed = value + 1
        elif field.name == "provenance":
            changed = {**value, "seed": 5}
        else:
            changed = {type(None): (1,), str: f"{value}0", tuple: (*(value or ()), 1)}[type(value)]
        assert (digest_of(replace(row, **{field.name: changed})) == row.hash) is (field.name == "hash"), field


def test_two_chains_have_the_same_formulas_in_the_same_splits() -> None:
    for number in range(3):
        found = [rows_of_source(SPEC, CONFIGS[chain], number, "1") for chain in ("direct", "pcp")]
        (one, split), (other, same) = found
        assert split == same
        assert {row.formula for row in one} == {row.formula for row in other}
        assert len({row.provenance["parent"] for row in (*one, *other)}) == 1


def test_splits_have_their_shares_and_depend_on_the_source_alone() -> None:
    shares = {"train": 0.5, "validation": 0.3, "test": 0.2}
    count = 4000
    names = [split_of(f"{number:064x}", shares) for number in range(count)]
    for name, share in shares.items():
        assert abs(names.count(name) - share * count) < 5 * np.sqrt(share * (1 - share) * count)
    assert {split_of("0" * 64, {"test": 1.0}) for _ in range(3)} == {"test"}


def test_sources_depend_on_seed_and_number_and_not_on_what_else_is_made() -> None:
    config = CONFIGS["planted"]
    first = rows_of_source(SPEC, config, 5, "1")[0][0].hash
    assert rows_of_source(spec(*reversed(FAMILIES)), config, 5, "1")[0][0].hash == first
    others = [
        rows_of_source(spec(seed=1), config, 5, "1")[0][0].left,
        rows_of_source(SPEC, config, 6, "1")[0][0].left,
    ]
    for other in others:
        assert not np.array_equal(other, rows_of_source(SPEC, config, 5, "1")[0][0].left)


def test_ids_and_order_say_nothing_of_the_label() -> None:
    rows = rows_of("planted", 200)
    first = sum(row.label is True for row in rows[::2])
    assert abs(first - 100) < 5 * np.sqrt(200) / 2
    assert [row.id for row in rows] == [f"planted-n64-{at:07d}" for at in range(400)]
    assert json.loads(rows[0].provenance["parameters"])["D"] == 24


def test_formula_twins_are_made_of_the_same_halves() -> None:
    (yes, no), base = formula_twins(10, 43, 3, np.random.default_rng(3))
    assert base in (
        Formula(10, tuple(clause for clause in base.clauses if clause in formula.clauses))
        for formula in (yes, no)
    )
    for keep in (lambda x: abs(x) <= 5, lambda x: abs(x) > 5):
        halves = [sorted(tuple(filter(keep, clause)) for clause in one.clauses) for one in (yes, no)]
        assert halves[0] == halves[1]
    assert all(len(set(clause)) == 3 for one in (yes, no) for clause in one.clauses)
    assert len(set(no.clauses)) == len(set(yes.clauses)) == 43


def test_the_advice_of_a_no_instance_makes_weights_alike() -> None:
    def profile(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        products = left.astype(int) @ right.astype(int).T
        parts = left.sum(axis=1, dtype=int), products.sum(axis=1), products.sum(axis=0)
        return np.concatenate([np.sort(part) for part in parts])

    rng = np.random.default_rng(0)
    for number in range(4):
        pair, _ = rows_of_source(SPEC, CONFIGS["pcp"], number, "1")
        yes, no = sorted(pair, key=lambda row: not row.label)
        target = profile(yes.left, yes.right)
        formula, blocks = no.source(), json.loads(no.provenance["parameters"])["blocks"]
        assert formula is not None
        others = []
        for advice in rng.integers(0, no.inner_yes, (100, len(no.advice or ()))).tolist():
            gap = gap_of(formula, "pcp", blocks, tuple(advice))
            others.append(np.square(profile(gap.left, gap.right) - target).sum())
        own = np.square(profile(no.left, no.right) - target).sum()
        # The least of 400 is not above the tenth of 100 others, but with a chance below 10^−9.
        assert own <= np.sort(others)[9]
