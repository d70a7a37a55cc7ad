"""Specifications: what is accepted, and one line for what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proofcheck.errors import UserInputError
from reductions.datasets.spec import read_spec, shipped_specs, spec_of

PLANTED = {"name": "a", "kind": "planted", "n": 64, "D": 24}
SAT = {"name": "a", "kind": "sat", "n": 64}
SIGNS = {"name": "a", "kind": "signs", "n": 64, "d": 4, "b": 1.0}


def test_the_shipped_ones_are_sound() -> None:
    assert set(shipped_specs()) >= {"tiny", "gadgets", "ladder", "formulas"}
    for name, title in shipped_specs().items():
        spec = read_spec(name)
        assert (spec.name, spec.title) == (name, title)
        assert sum(config.count for config in spec.configs) > 0
    kinds = {config.kind for config in read_spec("ladder").configs}
    assert kinds == {"planted", "sat", "signs", "aligned", "uniform"}
    sizes = {config.n for config in read_spec("ladder").configs}
    assert (min(sizes), max(sizes)) == (1 << 6, 1 << 17)
    (gadgets,) = read_spec("gadgets").configs
    assert (gadgets.n, gadgets.columns, gadgets.count) == (256, 24, 10_000)


def test_a_file_and_what_replaces_its_numbers(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'name = "mine"\nseed = 4\n'
        '[[family]]\nname = "s"\nkind = "signs"\nn = [64, 128]\nd = 4\nb = [0.5, 1]\n'
    )
    spec = read_spec(path)
    assert [config.name for config in spec.configs] == ["s-n64-b0_5", "s-n64-b1", "s-n128-b0_5", "s-n128-b1"]
    assert (spec.seed, {config.count for config in spec.configs}) == (4, {100})
    spec = read_spec(path, count=7, seed=9)
    assert (spec.seed, {config.count for config in spec.configs}) == (9, {7})


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"colour": 1}, r"key 'colour'; expected count, family"),
        ({"name": "../elsewhere"}, r"name is '\.\./elsewhere'"),
        ({"name": "/etc"}, "name is '/etc'"),
        ({"name": 3}, "name is 3"),
        ({"license": "mine"}, "license is 'mine'; expected one of 'cc0-1.0'"),
        ({"title": "two\nlines"}, "expected a line"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": True}, "seed is True"),
        ({"count": 0}, "count is 0"),
        ({"count": 3}, "count is 3; expected an even number"),
        ({"splits": {"train": 0.5}}, "add up to 1"),
        ({"splits": {"train": 0.5, "dev": 0.5}}, "expected shares of 'train'"),
        ({"splits": {"train": 1.5, "test": -0.5}}, "shares above 0"),
        ({"family": []}, "no family"),
        ({"family": [PLANTED, PLANTED]}, "two configurations are named 'a-n64'"),
        ({"family": [PLANTED | {"b": 1.0}]}, "key 'b'; expected D, count, gap"),
        ({"family": [PLANTED | {"kind": "other"}]}, "kind is 'other'"),
        ({"family": [PLANTED | {"kind": ["planted"]}]}, "kind is"),
        ({"family": [PLANTED | {"name": "a/../../b"}]}, "name is 'a/"),
        ({"family": [PLANTED | {"n": 100}]}, "n is 100; expected a power of two"),
        ({"family": [PLANTED | {"n": 32}]}, "n is 32; expected an integer from 64 to 131072"),
        ({"family": [PLANTED | {"n": 1 << 18}]}, "n is 262144"),
        ({"family": [PLANTED | {"n": []}]}, r"n is \[\]"),
        ({"family": [PLANTED | {"n": 64.0}]}, "n is 64.0"),
        ({"family": [PLANTED | {"D": 6}]}, "D is 6: too few columns"),
        ({"family": [PLANTED | {"D": 1 << 20}]}, "D is 1048576"),
        ({"family": [PLANTED | {"gap": 20}]}, "too few columns for a gap of 20"),
        ({"family": [SAT | {"chain": "other"}]}, "chain is 'other'"),
        ({"family": [SAT | {"literals": 11}]}, "literals is 11; expected an integer from 2 to 10"),
        ({"family": [SAT | {"clauses": 1000}]}, "clauses is 1000; there are not as many"),
        ({"family": [SAT | {"n": 131072, "chain": "pcp"}]}, "bytes; expected at most"),
        ({"family": [SIGNS | {"b": 0}]}, "b is 0; expected a number from 1/64"),
        ({"family": [SIGNS | {"b": float("nan")}]}, "b is nan"),
        ({"family": [SIGNS | {"d": 0}]}, "d is 0"),
        ({"family": [{"name": "a", "kind": "signs", "n": 64, "b": 1.0}]}, "d is None"),
    ],
)
def test_what_is_refused(change: dict[str, Any], complaint: str) -> None:
    data = {"name": "mine", "count": 10, "family": [PLANTED]} | change
    with pytest.raises(UserInputError, match=complaint) as refused:
        spec_of(data)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["name = ", "\0", "a = 1\na = 2", "[" * 5000])
def test_files_that_are_no_toml(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UserInputError, match="no TOML") as refused:
        read_spec(path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["missing.toml", "nothing", "../specs/tiny", "a\0.toml", "."])
def test_files_that_are_not_there(name: str) -> None:
    with pytest.raises(UserInputError, match=r"SPEC is|cannot read"):
        read_spec(name)
