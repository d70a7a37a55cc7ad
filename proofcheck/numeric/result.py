"""What :func:`~proofcheck.numeric.gradient.attention_gradient` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from proofcheck.namespaces.arrays import Array
from proofcheck.numeric.estimate import ErrorEstimate

__all__ = ["GradientResult"]


@dataclass(frozen=True, eq=False)
class GradientResult:
    """Gradients of the loss of Definition 1.2, with three numbers about their error.

    They are not to be confused: ``error_bound`` is rigorous, ``error_estimate`` is a statement about a
    random sample, and ``scale`` is no error at all: it tells how far the terms of the gradient cancel.

    Attributes:
        gradients: by variable, in the library, device and dtype of the inputs.
        loss: L.
        error_bound: for each variable an upper bound of ‖g̃ − g‖_∞, truncation and rounding included,
            and of |L̃ − L| under ``"loss"``; infinite where none can be given.
        error_estimate: for each variable an interval for the error; empty for the exact method.
        scale: n ‖A1‖ ‖A2‖ ‖c‖ ‖h‖/d, in largest entries: the size that the gradient in X would have
            if nothing cancelled.
        method: ``"exact"``, ``"fast"`` or ``"low-rank"``.
        reason: why this method, in a sentence.
        degree, kind: of the polynomial; None for the exact method.
        features: monomials; None for the exact method.
        radius: what all centred scores are below.
        min_alpha: the least sum of a query's weights.
        dtype: of features and products.
        computed_by: compiled kernels, or array operations of a library, and what hinders kernels on NumPy's.
        seed: of the sample.
        seconds: by phase.
    """

    gradients: Mapping[str, Array]
    loss: float
    error_bound: Mapping[str, float]
    error_estimate: Mapping[str, ErrorEstimate]
    scale: float
    method: str
    reason: str
    degree: int | None
    kind: str | None
    features: int | None
    radius: float
    min_alpha: float
    dtype: str
    computed_by: str
    seed: int
    seconds: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """All but the gradients, of types that JSON has but for infinities."""
        kept = {name: value for name, value in vars(self).items() if name != "gradients"}
        kept["error_estimate"] = {name: asdict(value) for name, value in self.error_estimate.items()}
        kept["error_bound"] = dict(self.error_bound)
        kept["seconds"] = dict(self.seconds)
        return kept

    def __repr__(self) -> str:
        errors = []
        for name in self.gradients:
            line = f"{name} within {self.error_bound[name]:.2g}"
            if name in self.error_estimate:
                line += f", estimated {self.error_estimate[name].high:.2g}"
            errors.append(line)
        degree = "" if self.degree is None else f" of degree {self.degree}"
        seconds = sum(self.seconds.values())
        found = f"{self.method}{degree}, loss {self.loss:.6g}"
        return f"<GradientResult: {found}; {'; '.join(errors)}; {seconds:.3g} s>"
