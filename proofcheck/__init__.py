"""proofcheck: check a theory paper's claims one by one, symbolically and numerically."""

from proofcheck.claims import (
    Bits,
    Claim,
    HalfMax,
    Index,
    Interval,
    Kind,
    Level,
    Positive,
    Real,
    all_of,
    at_most,
    bounded,
    equal,
    has_shape,
    vanishes,
    within,
)
from proofcheck.gradcheck import GradcheckReport, gradcheck
from proofcheck.numeric.gradient import attention_gradient
from proofcheck.verify import verify

__all__ = [
    "Bits",
    "Claim",
    "GradcheckReport",
    "HalfMax",
    "Index",
    "Interval",
    "Kind",
    "Level",
    "Positive",
    "Real",
    "all_of",
    "at_most",
    "attention_gradient",
    "bounded",
    "equal",
    "gradcheck",
    "has_shape",
    "vanishes",
    "verify",
    "within",
]
