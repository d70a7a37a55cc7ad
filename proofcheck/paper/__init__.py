"""The claims of Alman & Song, *The Fine-Grained Complexity of Gradient Computation for Training LLMs*.

``MODULES`` lists the modules that hold claims; a test proves that none is forgotten.
"""

MODULES = (
    "proofcheck.paper.problem",
    "proofcheck.paper.definitions",
    "proofcheck.paper.tensor_trick",
    "proofcheck.paper.gradient",
    "proofcheck.paper.derivatives",
    "proofcheck.paper.figures",
    "proofcheck.paper.quadratic_time",
    "proofcheck.paper.rank",
    "proofcheck.paper.forward",
    "proofcheck.paper.upper_bound",
    "proofcheck.paper.almost_linear",
    "proofcheck.paper.lower_bound",
    "proofcheck.paper.lower_bound_proof",
    "proofcheck.paper.riemann_sum",
    "proofcheck.paper.hardness",
)
