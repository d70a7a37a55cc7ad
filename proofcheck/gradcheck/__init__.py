"""Is this the gradient of that loss?  Measured with errors that are derived, and answered in three ways."""

from proofcheck.gradcheck.result import (
    Agreement,
    Attribution,
    Finding,
    FindingKind,
    GradcheckReport,
    GradcheckVerdict,
)
from proofcheck.gradcheck.run import gradcheck
from proofcheck.gradcheck.terms import attention_terms

__all__ = [
    "Agreement",
    "Attribution",
    "Finding",
    "FindingKind",
    "GradcheckReport",
    "GradcheckVerdict",
    "attention_terms",
    "gradcheck",
]
