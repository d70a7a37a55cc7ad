"""Claims: statements of a paper as functions, and statuses computed from what checks say of them."""

from proofcheck.claims.claim import Claim, Declaration, Form, Kind
from proofcheck.claims.domains import Index, Interval, Positive, Real
from proofcheck.claims.proposition import all_of, at_most, equal, has_shape, within
from proofcheck.claims.verdict import Level, Outcome, Relation, Verdict

__all__ = [
    "Claim",
    "Declaration",
    "Form",
    "Index",
    "Interval",
    "Kind",
    "Level",
    "Outcome",
    "Positive",
    "Real",
    "Relation",
    "Verdict",
    "all_of",
    "at_most",
    "equal",
    "has_shape",
    "within",
]
