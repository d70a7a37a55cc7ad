"""Chains: with toy steps by hand, and from formulas to gap inner products on every small formula."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest

from reductions.chain import Chain, Reduced
from reductions.problems.gap import GapInnerProduct
from reductions.problems.sat import Formula
from reductions.steps.direct_embedding import DirectEmbedding
from reductions.steps.distributed_pcp import DistributedPCP
from reductions.steps.sat_to_ov import SplitAndList


@dataclass(frozen=True)
class Guess:
    """From a string to strings with a letter appended; a witness loses the letter."""

    letters: str
    log: list[str]
    name: str = "guess"

    def apply(self, instance: str) -> Iterator[Reduced]:
        for letter in self.letters:
            self.log.append(instance + letter)
            yield Reduced(instance + letter, letter)

    def invert(self, witness: str, back: str) -> str:
        assert witness.endswith(back)
        return witness.removesuffix(back)

    def sizes(self, given: Mapping[str, int]) -> Mapping[str, int]:
        return {"length": given["length"] + 1, self.letters: given["length"]}


def test_instances_come_depth_first_and_one_at_a_time() -> None:
    log: list[str] = []
    chain = Chain("toy", [Guess("ab", log), Guess("", log), Guess("cd", log)])
    assert list(chain.apply("x")) == []
    assert log == ["xa", "xb"]
    log.clear()
    made = Chain("toy", [Guess("ab", log), Guess("cd", log)]).apply("x")
    assert next(made) == Reduced("xac", ("a", "c"))
    assert log == ["xa", "xac"]
    assert list(made) == [
        Reduced("xad", ("a", "d")),
        Reduced("xbc", ("b", "c")),
        Reduced("xbd", ("b", "d")),
    ]


def test_witnesses_go_back_through_every_step() -> None:
    chain = Chain("toy", [Guess("ab", []), Guess("c", []), Guess("de", [])])
    for made in chain.apply("x"):
        assert chain.invert(made.instance, made.back) == "x"
    with pytest.raises(ValueError, match="shorter"):
        chain.invert("xacd", ("c", "d"))


def test_sizes_are_handed_on() -> None:
    chain = Chain("toy", [Guess("ab", []), Guess("c", [])])
    assert chain.sizes({"length": 3, "other": 1}) == {"length": 5, "other": 1, "ab": 3, "c": 4}


def test_no_step_is_the_identity() -> None:
    chain = Chain("none", [])
    assert list(chain.apply("x")) == [Reduced("x", ())]
    assert chain.invert("w", ()) == "w"
    assert chain.sizes({"n": 1}) == {"n": 1}


def test_a_chain_is_a_step() -> None:
    inner = Chain("inner", [Guess("ab", []), Guess("c", [])])
    outer = Chain("outer", [inner, Guess("d", [])])
    made = list(outer.apply("x"))
    assert [(one.instance, one.back) for one in made] == [
        ("xacd", (("a", "c"), "d")),
        ("xbcd", (("b", "c"), "d")),
    ]
    assert [outer.invert(one.instance, one.back) for one in made] == ["x", "x"]


CHAINS = [
    Chain("direct", [SplitAndList(), DirectEmbedding()]),
    *(Chain(f"pcp-{T}", [SplitAndList(), DistributedPCP(T)]) for T in (1, 2, 3, 5)),
]


def satisfying(formula: Formula) -> set[tuple[int, ...]]:
    """All of them, from the truth table."""
    every = product(*((-v, v) for v in range(1, formula.variables + 1)))
    return {true for true in every if all(set(clause) & set(true) for clause in formula.clauses)}


def check(chain: Chain, formula: Formula) -> None:
    """Exactly the satisfying assignments come back from the YES pairs of some instance."""
    found = set()
    for made in chain.apply(formula):
        instance = made.instance
        assert isinstance(instance, GapInnerProduct)
        assert instance.promise_holds()
        pairs = [
            pair for pair in np.ndindex(len(instance.left), len(instance.right)) if instance.verify(pair)
        ]
        assert (instance.solve() is None) == (not pairs)
        found |= {chain.invert(pair, made.back) for pair in pairs}
    assert found == satisfying(formula), formula
    assert all(formula.verify(literals) for literals in found)


def clauses(variables: int) -> list[tuple[int, ...]]:
    """Every clause that is no tautology."""
    signs = product((0, 1, -1), repeat=variables)
    return [tuple(sign * v for v, sign in enumerate(row, 1) if sign) for row in signs]


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain.name)
def test_every_formula_with_three_variables_and_up_to_two_clauses(chain: Chain) -> None:
    for count in range(3):
        for chosen in combinations(clauses(3), count):
            check(chain, Formula(3, chosen))


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain.name)
def test_unsatisfiable_formulas(chain: Chain) -> None:
    for variables in (0, 1, 2):
        full = tuple(product(*((v, -v) for v in range(1, variables + 1))))
        if len(full) > 3 and chain.name == "pcp-1":
            full = ((1,), (-1, 2), (-2,))
        formula = Formula(variables, full)
        assert not satisfying(formula)
        assert all(made.instance.solve() is None for made in chain.apply(formula))
        check(chain, formula)


@pytest.mark.parametrize("chain", CHAINS[::2], ids=lambda chain: chain.name)
def test_random_formulas(chain: Chain) -> None:
    rng = np.random.default_rng(7)
    for _ in range(12):
        variables, count = int(rng.integers(1, 7)), int(rng.integers(0, 7))
        drawn = rng.integers(1, variables + 1, (count, 3)) * rng.choice([-1, 1], (count, 3))
        if chain.name == "pcp-2":
            drawn = drawn[:6]
        check(chain, Formula(variables, tuple(tuple(int(x) for x in row) for row in drawn)))


def test_sizes_of_chains() -> None:
    given = {"n": 21, "m": 90}
    direct: Any = CHAINS[0].sizes(given)
    assert (direct["N"], direct["D"], direct["yes"], direct["no"]) == (2**11, 270, 90, 89)
    pcp: Any = Chain("pcp", [SplitAndList(), DistributedPCP(30)]).sizes(given)
    assert (pcp["s"], pcp["q"], pcp["instances"], pcp["yes"], pcp["no"]) == (3, 31, 961, 31, 4)
    assert (pcp["D"], pcp["D_full"]) == (2**11 * 31, 31**31)
