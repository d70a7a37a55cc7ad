"""Parity constraints: outright, as a chain of partial sums, and two that contradict each other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from proofcheck.errors import UserInputError
from reductions.families import _arguments
from reductions.problems.sat import Formula

__all__ = ["parity", "parity_chain", "parity_contradiction"]

_MOST_DIRECT = 20


def parity(n: int, odd: bool = True) -> Formula:
    """x_1 ⊕ … ⊕ x_n = 1 if odd, else 0: a clause forbids each assignment of the other parity.

    Returns:
        A formula of n variables and 2^{n−1} clauses of n literals, with 2^{n−1} satisfying assignments.

    Raises:
        UserInputError: n is no integer from 1 to 20, or odd no truth value.
    """
    n = _arguments.size("n", n, 1, _MOST_DIRECT)
    odd = _truth("odd", odd)
    forbidden = (bits for bits in product((0, 1), repeat=n) if sum(bits) % 2 != odd)
    return Formula(n, tuple(_other_than(bits) for bits in forbidden))


def parity_chain(n: int, odd: bool = True) -> Formula:
    """x_1 ⊕ … ⊕ x_n = 1 if odd, else 0, through the partial sums s_i = s_{i−1} ⊕ x_i, s_1 = x_1.

    s_2, …, s_n are the variables n + 1, …, 2n − 1, and a unit clause says what s_n is (Tseitin, *On the
    complexity of derivation in propositional calculus*, 1968).

    Returns:
        A formula of 2n − 1 variables and 4(n − 1) + 1 clauses, with 2^{n−1} satisfying assignments: those of
        :func:`parity`, each continued in one way.

    Raises:
        UserInputError: n is no integer of at least 1, or odd no truth value.
    """
    n = _arguments.size("n", n, 1)
    return Formula(2 * n - 1, _chain(range(1, n + 1), n + 1, _truth("odd", odd)))


def parity_contradiction(n: int, rng: np.random.Generator | None = None) -> Formula:
    """The same parity is odd and even, each said by a chain with partial sums of its own; unsatisfiable.

    The first chain adds x_1, …, x_n in this order.  The second does so too, or in a uniformly random order
    if a generator is given (Chew & Heule, *Sorting parity encodings by reusing variables*, SAT 2020): with
    high probability resolution then needs exponential length (Chew, de Colnet, Slivovsky & Szeider,
    *Hardness of random reordered encodings of parity for resolution and CDCL*, AAAI 2024).

    Returns:
        A formula of 3n − 2 variables and 8n − 6 clauses.

    Raises:
        UserInputError: n is no integer of at least 1, or rng no generator.
    """
    n = _arguments.size("n", n, 1)
    order = list(range(1, n + 1))
    if rng is not None:
        order = (_arguments.generator(rng).permutation(n) + 1).tolist()
    first = _chain(range(1, n + 1), n + 1, True)
    return Formula(3 * n - 2, (*first, *_chain(order, 2 * n, False)))


def _chain(added: Sequence[int], fresh: int, odd: bool) -> tuple[tuple[int, ...], ...]:
    """Clauses for the parity of these variables; the partial sums are variables from ``fresh`` on."""
    clauses: list[tuple[int, ...]] = []
    last = added[0]
    for total, variable in enumerate(added[1:], fresh):
        # total = last ⊕ variable: an odd number of the three is not allowed.
        clauses += [
            _other_than(bits, (last, variable, total))
            for bits in product((0, 1), repeat=3)
            if sum(bits) % 2 == 1
        ]
        last = total
    return (*clauses, (last if odd else -last,))


def _other_than(bits: Sequence[int], variables: Sequence[int] | None = None) -> tuple[int, ...]:
    """The clause that only these values of the variables (1, 2, … unless given) violate."""
    names = range(1, len(bits) + 1) if variables is None else variables
    return tuple(-name if bit else name for name, bit in zip(names, bits, strict=True))


def _truth(name: str, value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise UserInputError(f"{name} is {value!r}; expected True or False")
    return bool(value)
