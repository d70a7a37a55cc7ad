"""The best constant of an inequality, as far as a search finds it, and the inputs at which it is found.

A claim says left ≤ right over its domains.  At each of a grid of sizes the ratio left/right is climbed: from
random members of the domains, and from the best of the next smaller sizes, its rows and columns repeated, so
that what is found seldom drops as a size grows.  A search proves nothing about what it has not seen: what it
reports is a lower bound of the least constant.  The best instance is made of simple fractions and its ratio
enclosed by balls; only exact arithmetic decides that the two sides are equal there.
"""

from proofcheck.extremal.enclosing import Certificate
from proofcheck.extremal.results import Constants, CurvePoint, Extreme, Instance
from proofcheck.extremal.search import DEFAULT_EVALUATIONS, DEFAULT_SIZE, best_constant, size_symbols

__all__ = ["DEFAULT_EVALUATIONS", "DEFAULT_SIZE", "Certificate", "Constants", "CurvePoint", "Extreme"]
__all__ += ["Instance", "best_constant", "size_symbols"]
