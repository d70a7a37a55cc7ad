"""Claims: statements of a paper as functions, and statuses computed from what checks say of them."""

from proofcheck.claims.claim import Claim, Declaration, Form, Kind, Seriousness
from proofcheck.claims.domains import Bits, HalfMax, Index, Interval, Positive, Real
from proofcheck.claims.proposition import all_of, at_most, bounded, equal, has_shape, vanishes, within
from proofcheck.claims.verdict import Level, Outcome, Relation, Verdict

__all__ = [
    "Bits",
    "Claim",
    "Declaration",
    "Form",
    "HalfMax",
    "Index",
    "Interval",
    "Kind",
    "Level",
    "Outcome",
    "Positive",
    "Real",
    "Relation",
    "Seriousness",
    "Verdict",
    "all_of",
    "at_most",
    "bounded",
    "equal",
    "has_shape",
    "vanishes",
    "within",
]
