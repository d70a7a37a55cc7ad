"""Claims about the reductions, found by the entry point group ``proofcheck.claims``.

What is proved here is proved about formulas; that the code of the steps computes them is tested by brute
force. ``MODULES`` lists the modules that hold claims; a test proves that none is forgotten.
"""

MODULES = ("reductions.claims.embeddings", "reductions.claims.thresholds", "reductions.claims.decoders")
