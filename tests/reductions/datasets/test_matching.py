"""What can be seen of an instance without comparing its sides says nothing of the label.

Classifiers are trained on statistics of the parts, and on those of both sides that take linear time. On
instances held out the area under the curve has an interval that contains 1/2. The same classifiers tell apart
instances that are not matched, so that they can see something.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from reductions.datasets.score import area_interval, area_under_curve
from reductions.datasets.sources import rows_of_source
from reductions.families import null_orthogonal_vectors, planted_orthogonal_vectors
from tests.reductions.datasets.samples import spec

Floats = NDArray[np.float64]

SPEC = spec()
CONFIGS = {config.name.split("-")[0]: config for config in SPEC.configs}
_SPECTRUM = 12


def spectrum_of(side: Floats) -> Floats:
    """Singular values squared, the largest first, by the smaller of the Gram matrices."""
    gram = side @ side.T if len(side) < side.shape[1] else side.T @ side
    return np.linalg.eigvalsh(gram)[::-1]


def statistics(left: NDArray[np.integer], right: NDArray[np.integer]) -> Floats:
    """Of each side alone: norms of rows, sums of columns, entries, spectrum, repetitions, order."""
    found: list[float] = []
    for side in (left.astype(float), right.astype(float)):
        norms, sums = np.linalg.norm(side, axis=1), side.sum(axis=0)
        found += [side.mean(), *np.quantile(norms, [0, 0.25, 0.5, 0.75, 1]), norms.std()]
        found += [*np.quantile(sums, [0, 0.25, 0.5, 0.75, 1]), sums.std()]
        spectrum = np.linalg.svd(side, compute_uv=False)
        found += [
            *spectrum[:_SPECTRUM],
            spectrum[-1],
            *np.linalg.svd(side - side.mean(), compute_uv=False)[:3],
        ]
        found += [len(np.unique(side, axis=0)), len(np.unique(side, axis=1).T)]
        # Order: where ones are, and whether neighbours resemble one another.
        found += [np.argmax(side[0]), np.argmax(side[:, 0]), side[: len(side) // 2].mean()]
        found += [np.abs(np.diff(side, axis=0)).mean(), np.abs(np.diff(side, axis=1)).mean()]
    # Rounding of floats is no statistic.
    return np.round(found, 7)


def together(left: NDArray[np.integer], right: NDArray[np.integer]) -> Floats:
    """Of both sides: moments of the inner products, by the sums and Gram matrices of the columns."""
    one, other = left.astype(float), right.astype(float)
    rows, columns = one @ other.sum(axis=0), other @ one.sum(axis=0)
    squares = np.sum((one @ other.T) ** 2)
    return np.array([rows.mean(), rows.std(), rows.max(), columns.std(), columns.max(), squares])


def held_out_areas(features: Floats, labels: NDArray[np.bool_]) -> dict[str, tuple[float, int, int]]:
    """Areas on the second half of the pairs, of logistic regression and the best stump on the first."""
    half = len(labels) // 4 * 2
    mean, spread = features[:half].mean(axis=0), features[:half].std(axis=0)
    scaled = (features - mean) / np.where(spread > 1e-12, spread, 1)
    train, test = scaled[:half], scaled[half:]
    truth, held = labels[:half], labels[half:]
    weights, ridge = np.zeros(train.shape[1]), 1.0
    for _ in range(25):  # Newton's method
        chance = 1 / (1 + np.exp(-np.clip(train @ weights, -30, 30)))
        hessian = train.T @ (train * (chance * (1 - chance))[:, None]) + ridge * np.eye(len(weights))
        weights -= np.linalg.solve(hessian, train.T @ (chance - truth) + ridge * weights)
    single = np.array([area_under_curve(truth, column) for column in train.T])
    best = int(np.argmax(np.abs(single - 0.5)))
    stump = test[:, best] * (1 if single[best] >= 0.5 else -1)
    yes, no = int(held.sum()), int((~held).sum())
    return {
        name: (area_under_curve(held, values), yes, no)
        for name, values in (("logistic", test @ weights), ("stump", stump))
    }


def measured(kind: str, pairs: int) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    parts, both, labels = [], [], []
    for number in range(pairs):
        for row in rows_of_source(SPEC, CONFIGS[kind], number, "1")[0]:
            parts.append(statistics(row.left, row.right))
            both.append(together(row.left, row.right))
            labels.append(row.label is True)
    return np.array(parts), np.array(both), np.array(labels)


@pytest.mark.parametrize(
    ("kind", "pairs"),
    [
        ("planted", 400),
        ("direct", 100),
        ("pcp", 100),
        pytest.param("planted", 2000, marks=pytest.mark.slow),
        pytest.param("direct", 600, marks=pytest.mark.slow),
        pytest.param("pcp", 600, marks=pytest.mark.slow),
    ],
)
def test_statistics_say_nothing_of_the_label(kind: str, pairs: int) -> None:
    parts, both, labels = measured(kind, pairs)
    # A row of the distributed PCP with an accepted partner has larger sums of inner products, by up to q:
    # where rows are as few as here that is seen, though not in the parts.
    for features in (parts,) if kind == "pcp" else (parts, both):
        for name, (area, yes, no) in held_out_areas(features, labels).items():
            low, high = area_interval(area, yes, no)
            assert low <= 0.5 <= high, (name, area, low, high)


def test_the_sides_of_twins_are_the_same_each_by_itself() -> None:
    for kind in ("planted", "direct"):
        for number in range(20):
            yes, no = rows_of_source(SPEC, CONFIGS[kind], number, "1")[0]
            for one, other in ((yes.left, no.left), (yes.right, no.right)):
                one, other = one.astype(int), other.astype(int)
                assert np.bincount(one.ravel()).tolist() == np.bincount(other.ravel()).tolist()
                assert sorted(one.sum(axis=1)) == sorted(other.sum(axis=1))
                assert sorted(one.sum(axis=0)) == sorted(other.sum(axis=0))
                # Gram matrices of the rows, up to the order of the rows: their entries and their spectra.
                grams = [side @ side.T for side in (one, other)]
                assert sorted(grams[0].ravel()) == sorted(grams[1].ravel())
                spectra = [np.linalg.eigvalsh(gram.astype(float)) for gram in grams]
                tolerance = len(one) * 2.0**-52 * spectra[0][-1] * 10
                np.testing.assert_allclose(spectra[0], spectra[1], rtol=0, atol=tolerance)


def test_the_classifiers_see_what_is_not_matched() -> None:
    rng = np.random.default_rng(0)
    features, labels = [], []
    for _ in range(100):
        for planted in (True, False):
            make = planted_orthogonal_vectors if planted else null_orthogonal_vectors
            left, right = make(32, 24, 0.4, rng)[:2]
            features.append(statistics(left, right))
            labels.append(planted)
    for area, yes, no in held_out_areas(np.array(features), np.array(labels)).values():
        assert area_interval(area, yes, no)[0] > 0.6
