"""What explains a mismatch: hypotheses about the gradient, tried on the measured derivative.

Each hypothesis says what the gradient would be without the mistake; the first that leaves no more than the
errors of measurement, or a ten-thousandth of the mismatch, is the answer.  Simple ones come first.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from proofcheck.errors import UserInputError
from proofcheck.gradcheck.evidence import Evidence, evidence_of
from proofcheck.gradcheck.factors import recognised
from proofcheck.gradcheck.geometry import Point
from proofcheck.gradcheck.hypotheses import (
    Shapes,
    confined,
    constant,
    detached,
    factor,
    lower_precision,
    moved,
    wrong_sums,
)
from proofcheck.gradcheck.inputs import Block
from proofcheck.gradcheck.probe import Coordinates, Probe
from proofcheck.gradcheck.result import Attribution
from proofcheck.gradcheck.subject import Subject
from proofcheck.loading import one_line

__all__ = ["attribute", "term_vectors"]

Values = np.ndarray[Any, Any]
_SAMPLE = 600


def attribute(probe: Probe, rows: Coordinates | None, terms: Mapping[str, Any]) -> Attribution | None:
    """The simplest hypothesis that explains the mismatch; None if none does.

    Args:
        probe: where the gradient differs.
        rows: derivatives along all coordinates; None if there are too many: some hundred are measured then.
        terms: parts of the gradient that it may lack, by name.
    """
    if rows is None:
        size = probe.flat.size
        sample = np.unique(np.linspace(0, size - 1, min(size, _SAMPLE)).astype(int))
        rows = probe.coordinates(sample.tolist())
    whole = evidence_of(probe, rows, None)
    blocks = [(b, evidence_of(probe, rows, b)) for b in probe.subject.inputs.blocks]
    wrong = [(b, one) for b, one in blocks if np.any(one.wrong)]
    if not wrong:
        return None
    found = _first(probe, whole, wrong, len(blocks), terms)
    if probe.point.name == "given":
        return found
    text = f"right at the inputs given, wrong at the point {probe.point.name}"
    if found is None:
        return Attribution("point", text, 1.0, data={"point": probe.point.name})
    return replace(found, text=f"{text}: {found.text}", data={**found.data, "point": probe.point.name})


def _first(
    probe: Probe,
    whole: Evidence,
    wrong: list[tuple[Block, Evidence]],
    count: int,
    terms: Mapping[str, Any],
) -> Attribution | None:
    shapes = [b.shape for b in probe.subject.inputs.blocks]
    if len(wrong) == count:
        found = factor(whole, shapes, None)
        if found is not None:
            return found
    if len(wrong) == 1 or count == 1:
        block, one = wrong[0]
        name = block.name if count > 1 else None
        found = detached(one, block.name) or factor(one, shapes, name) or moved(one, shapes, name)
        if found is not None:
            return found
    found = _terms(probe, whole, terms)
    if found is not None:
        return found
    for block, one in wrong:
        name = block.name if count > 1 else None
        for hypothesis in (detached(one, block.name), factor(one, shapes, name), moved(one, shapes, name)):
            if hypothesis is not None:
                return hypothesis
        found = (
            confined(one, block, shapes)
            or constant(one, name)
            or lower_precision(one, name)
            or wrong_sums(one, name)
        )
        if found is not None:
            return found
    return None


def _terms(probe: Probe, whole: Evidence, terms: Mapping[str, Any]) -> Attribution | None:
    """The fewest of the given terms whose combination is what the gradient lacks."""
    vectors = term_vectors(probe.subject, probe.point, terms)
    lacking = (whole.derivative - whole.gradient) * whole.scale
    size = float(np.max(np.abs(lacking[whole.known]), initial=0.0))
    if not vectors or not 0 < size < math.inf:
        return None
    for count in range(1, len(vectors) + 1):
        if count > 3:
            break
        fits = []
        for chosen in itertools.combinations(vectors, count):
            matrix = np.stack([(vectors[name] * whole.scale)[whole.known] for name in chosen], axis=1)
            norms = np.max(np.abs(matrix), axis=0)
            if not np.all((norms > 0) & np.isfinite(norms)):
                continue
            solution, *_ = np.linalg.lstsq(matrix / norms, lacking[whole.known] / size, rcond=None)
            factors = solution * size / norms
            mended = whole.gradient + sum(f * vectors[name] for f, name in zip(factors, chosen, strict=True))
            left = whole.left(mended)
            if left is not None:
                fits.append((sum(abs(abs(f) - 1) > 1e-4 for f in factors), left, chosen, factors))
        if fits:
            _, left, chosen, factors = min(fits, key=lambda fit: fit[:2])
            shapes = [b.shape for b in probe.subject.inputs.blocks]
            text = "; ".join(
                _of_term(name, float(f), shapes) for name, f in zip(chosen, factors, strict=True)
            )
            data = {name: float(f) for name, f in zip(chosen, factors, strict=True)}
            return Attribution("term", text, left, None, data)
    return None


def _of_term(name: str, share: float, shapes: Shapes) -> str:
    known, words = recognised(share, shapes)
    if known == 1 or abs(share - 1) < 1e-6:
        return f"missing term '{name}'"
    if known == -1:
        return f"term '{name}' is there once too often"
    if known == 2:
        return f"term '{name}' has the wrong sign"
    return f"missing {words} times the term '{name}'"


def term_vectors(subject: Subject, point: Point, terms: Mapping[str, Any]) -> dict[str, Values]:
    """The terms at a point, each as one vector in the inputs' own units; arrays are of the point given.

    Raises:
        UserInputError: a term that raises or does not have the structure of the gradient.
    """
    found = {}
    inputs = subject.inputs
    for name, term in terms.items():
        if not callable(term) and point.name != "given":
            continue
        try:
            value = inputs.call(subject.library.prepare(term, None), point.flat) if callable(term) else term
            parts = subject.parts(value)
            arrays = [np.asarray(subject.library.to_numpy(part), dtype=np.float64) for part in parts]
        except UserInputError as error:
            raise UserInputError(
                f"terms[{name!r}]: {str(error).replace('grad returned', 'it is', 1)}"
            ) from error
        except Exception as error:
            raise UserInputError(f"terms[{name!r}] raised {one_line(error)}") from error
        for block, array in zip(inputs.blocks, arrays, strict=True):
            if array.shape != block.shape:
                raise UserInputError(
                    f"terms[{name!r}] has shape {array.shape} for {block.name}; expected {block.shape}"
                )
        vector = np.concatenate([array.reshape(-1) for array in arrays])
        if np.all(np.isfinite(vector)):
            found[name] = vector
    return found
