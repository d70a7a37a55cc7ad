"""Families of instances: pure functions of sizes and of a random generator.

The same arguments and the same state of the generator give the same instance, with one version of NumPy: its
streams may change between versions (NEP 19).
"""

from reductions.families.cardinality import at_least_two, at_most_one, exactly_one, one_against_two
from reductions.families.gap_hamming import null_gap_hamming, planted_gap_hamming
from reductions.families.ksat import planted_ksat, random_ksat
from reductions.families.orthogonal_vectors import null_orthogonal_vectors, planted_orthogonal_vectors
from reductions.families.parity import parity, parity_chain, parity_contradiction
from reductions.families.pigeonhole import pigeonhole

__all__ = ["at_least_two", "at_most_one", "exactly_one", "null_gap_hamming", "null_orthogonal_vectors"]
__all__ += ["one_against_two", "parity", "parity_chain", "parity_contradiction", "pigeonhole"]
__all__ += ["planted_gap_hamming", "planted_ksat", "planted_orthogonal_vectors", "random_ksat"]
