"""What a data set is to hold: a TOML file, or one of those that are shipped.

    name = "mine"
    count = 200                        # instances of each configuration; an even number
    splits = { train = 0.8, validation = 0.1, test = 0.1 }

    [[family]]
    name = "planted"
    kind = "planted"
    n = [64, 256]
    D = 24

Each ``[[family]]`` becomes a configuration for every n (and every b, where the kind has one), which is
named after the family and these. Unknown keys are errors, so that a misspelt one is not a default.
"""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from proofcheck.errors import UserInputError
from reductions.families.twins import twin_weights

__all__ = ["KINDS", "LICENCES", "SPLITS", "Config", "Spec", "read_spec", "shipped_specs", "spec_of"]

#: Kinds of instances that a family is of.
KINDS = ("planted", "sat", "signs", "aligned", "uniform")
#: Those with YES- and NO-instances, which come in pairs; the others are measured, not decided.
PAIRED = ("planted", "sat")
#: Licences that a data set can have.
LICENCES = ("cc0-1.0", "cc-by-4.0", "apache-2.0")
#: Parts of a data set.
SPLITS = ("train", "validation", "test")

SMALLEST, LARGEST = 1 << 6, 1 << 17
MOST_ROW_BYTES = 1 << 28
MOST_INSTANCES = 1_000_000
_MOST_SPEC = 1 << 20
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
#: Random 3-SAT is satisfiable as often as not around so many clauses for a variable.
_THRESHOLD = 4.27

_TOP = {"name", "title", "license", "seed", "count", "splits", "family"}
_KEYS: dict[Any, set[str]] = {
    "planted": {"D", "gap"},
    "sat": {"chain", "clauses", "literals"},
    "signs": {"d", "b"},
    "aligned": {"d", "b"},
    "uniform": {"d", "b"},
}


@dataclass(frozen=True)
class Config:
    """Instances of one kind and size: one configuration of the data set, in a directory of its own.

    Attributes:
        name: of the configuration and of its directory.
        kind: one of :data:`KINDS`.
        n: queries, and keys.
        count: instances.
        parameters: of the kind: D and gap; chain, variables, clauses, literals and blocks; d and b.
    """

    name: str
    kind: str
    n: int
    count: int
    parameters: Mapping[str, Any]

    @property
    def per_source(self) -> int:
        """Instances that one source gives: a pair, or one."""
        return 2 if self.kind in PAIRED else 1

    @property
    def sources(self) -> int:
        """How many sources there are."""
        return self.count // self.per_source

    @property
    def rows(self) -> int:
        """Rows of a matrix as it is stored: half of n where every query occurs twice."""
        return self.n // 2 if self.kind in PAIRED else self.n

    @property
    def columns(self) -> int:
        """Columns of a matrix as it is stored."""
        given = self.parameters
        if self.kind == "planted":
            return int(given["D"])
        if self.kind != "sat":
            return int(given["d"])
        return int(given["columns"])

    @property
    def row_bytes(self) -> int:
        """Bytes of the matrices of one instance."""
        return self.rows * self.columns * (2 if self.kind in PAIRED else 3)


@dataclass(frozen=True)
class Spec:
    """A data set that is wanted.

    Attributes:
        name: of the data set.
        title: a line for the card.
        licence: of the data.
        seed: of all that is random.
        splits: the share of each split.
        configs: in order.
    """

    name: str
    title: str
    licence: str
    seed: int
    splits: Mapping[str, float]
    configs: tuple[Config, ...]

    def to_json(self) -> dict[str, Any]:
        """All of it, as it goes into a file."""
        return {
            "name": self.name,
            "title": self.title,
            "license": self.licence,
            "seed": self.seed,
            "splits": dict(self.splits),
            "configs": [
                {
                    "name": c.name,
                    "kind": c.kind,
                    "n": c.n,
                    "count": c.count,
                    "parameters": dict(c.parameters),
                }
                for c in self.configs
            ],
        }


def shipped_specs() -> dict[str, str]:
    """Names of the shipped specifications, each with its title."""
    files = sorted(_shipped().iterdir(), key=lambda file: file.name)
    return {
        file.name.removesuffix(".toml"): tomllib.loads(file.read_text(encoding="utf-8"))["title"]
        for file in files
        if file.name.endswith(".toml")
    }


def read_spec(source: str | Path, *, count: int | None = None, seed: int | None = None) -> Spec:
    """The specification of a file, or the shipped one of this name.

    Args:
        source: a path, or a name of :func:`shipped_specs`.
        count: instances of each configuration, in the place of the file's.
        seed: in the place of the file's.

    Raises:
        UserInputError: there is none, it is no TOML, or as :func:`spec_of` says.
    """
    text = str(source)
    if _NAME.fullmatch(text) and text in shipped_specs():
        return spec_of(_parsed(_shipped().joinpath(f"{text}.toml").read_bytes(), text), count, seed)
    path = Path(source)
    if not text.endswith(".toml") and not os.path.exists(path):
        known = ", ".join(shipped_specs())
        raise UserInputError(f"SPEC is {text!r}; expected a TOML file, or one of the shipped: {known}")
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_SPEC + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UserInputError(f"cannot read {text!r}: {reason}") from error
    if len(data) > _MOST_SPEC:
        raise UserInputError(f"{text!r} is larger than {_MOST_SPEC} bytes; expected a specification")
    return spec_of(_parsed(data, repr(text)), count, seed, repr(text))


def spec_of(
    data: Mapping[str, Any], count: int | None = None, seed: int | None = None, where: str = "the spec"
) -> Spec:
    """The specification that a TOML file's content describes.

    Raises:
        UserInputError: an unknown key, a missing one, or a value out of its range; the message has the place,
            what was found and what was expected.
    """
    _known(data, _TOP, where)
    name = _name(data.get("name"), where)
    licence = data.get("license", LICENCES[0])
    if licence not in LICENCES:
        raise UserInputError(
            f"{where}: license is {licence!r:.60}; expected one of {', '.join(map(repr, LICENCES))}"
        )
    title = data.get("title", name)
    if not isinstance(title, str) or not 0 < len(title) <= 200 or not title.isprintable():
        raise UserInputError(f"{where}: title is {title!r:.60}; expected a line of at most 200 characters")
    families = data.get("family")
    if not isinstance(families, list) or not families or not all(isinstance(one, dict) for one in families):
        raise UserInputError(f"{where} has no family; expected tables [[family]], one for each kind")
    whole = data.get("count", 100) if count is None else count
    configs = [config for one in families for config in _configs(one, whole, count, where)]
    names = [config.name for config in configs]
    for one in names:
        if names.count(one) > 1:
            raise UserInputError(
                f"{where}: two configurations are named {one!r}; give the families other names"
            )
    return Spec(
        name,
        title,
        licence,
        _whole("seed", data.get("seed", 0) if seed is None else seed, 0, (1 << 63) - 1, where),
        _splits(data.get("splits", dict(zip(SPLITS, (0.8, 0.1, 0.1), strict=True))), where),
        tuple(configs),
    )


def _configs(family: Mapping[str, Any], default: Any, forced: int | None, where: str) -> list[Config]:
    """One for each n, and each b."""
    name = _name(family.get("name"), f"{where}, family")
    where = f"{where}, family {name!r}"
    kind = family.get("kind")
    if kind not in KINDS:
        raise UserInputError(f"{where}: kind is {kind!r:.60}; expected one of {', '.join(map(repr, KINDS))}")
    _known(family, {"name", "kind", "n", "count", *_KEYS[kind]}, where)
    count = _whole(
        "count", family.get("count", default) if forced is None else forced, 1, MOST_INSTANCES, where
    )
    if kind in PAIRED and count % 2:
        raise UserInputError(f"{where}: count is {count}; expected an even number: instances come in pairs")
    configs = []
    for n in _list(family, "n", where):
        n = _whole("n", n, SMALLEST, LARGEST, where)
        if n & (n - 1):
            raise UserInputError(f"{where}: n is {n}; expected a power of two")
        for b in _list(family, "b", where) if "b" in _KEYS[kind] else [None]:
            full = f"{name}-n{n}"
            given = {key: value for key, value in family.items() if key in _KEYS[kind] and key != "b"}
            if b is not None:
                given["b"] = _positive("b", b, 64, where)
                full += f"-b{given['b']:g}".replace(".", "_").replace("+", "")
            config = Config(full, kind, n, count, _parameters(kind, n, given, where))
            if config.row_bytes > MOST_ROW_BYTES:
                raise UserInputError(
                    f"{where}: an instance with n = {n} takes {config.row_bytes} bytes; "
                    f"expected at most {MOST_ROW_BYTES}: choose a smaller one"
                )
            configs.append(config)
    return configs


def _parameters(kind: str, n: int, given: dict[str, Any], where: str) -> dict[str, Any]:
    if kind == "planted":
        D = _whole("D", given.get("D"), 4, 1024, where)
        gap = _whole("gap", given.get("gap", 1), 1, D, where)
        try:
            a, b, yes = twin_weights(n // 2, D, gap)
        except UserInputError as error:
            raise UserInputError(f"{where}: {error}") from error
        return {"D": D, "gap": gap, "weights": [a, b], "yes": yes}
    if kind == "sat":
        return _sat_parameters(n, given, where)
    return {"d": _whole("d", given.get("d"), 1, 1024, where), "b": given["b"]}


def _sat_parameters(n: int, given: dict[str, Any], where: str) -> dict[str, Any]:
    # Imported here: it takes the whole chain.
    from reductions.decide import chain_named
    from reductions.steps.distributed_pcp import DistributedPCP

    chain = given.get("chain", "direct")
    if chain not in ("direct", "pcp"):
        raise UserInputError(f"{where}: chain is {chain!r:.60}; expected 'direct' or 'pcp'")
    variables = 2 * (n.bit_length() - 2)
    literals = _whole("literals", given.get("literals", 3), 2, variables, where)
    default = math.ceil(_THRESHOLD * variables)
    clauses = _whole("clauses", given.get("clauses", default), 2, 4096, where)
    if clauses > math.comb(variables, literals) << literals:
        raise UserInputError(f"{where}: clauses is {clauses}; there are not as many of {variables} variables")
    own = {"chain": chain, "variables": variables, "clauses": clauses, "literals": literals}
    blocks = 1
    if chain == "pcp":
        # Over the smallest field, in which an accepted pair is seen least.
        pcp = [DistributedPCP(blocks=T).sizes({"N": n // 2, "m": clauses}) for T in range(1, clauses + 1)]
        blocks = min(pcp, key=lambda sizes: (sizes["q"], sizes["s"], sizes["T"]))["T"]
        own["blocks"] = blocks
    sizes = chain_named(chain, "one-query", blocks=blocks).sizes({"n": variables, "m": clauses})
    return own | {"columns": sizes["D"], "inner_yes": sizes["yes"], "inner_no": sizes["no"]}


def _splits(given: Any, where: str) -> dict[str, float]:
    if not isinstance(given, dict) or set(given) - set(SPLITS) or not given:
        raise UserInputError(
            f"{where}: splits is {given!r:.80}; expected shares of {', '.join(map(repr, SPLITS))}"
        )
    shares = {name: given[name] for name in SPLITS if name in given}
    numbers = all(isinstance(share, int | float) and share is not True for share in shares.values())
    if (
        not numbers
        or not all(0 < share <= 1 for share in shares.values())
        or abs(sum(shares.values()) - 1) > 1e-9
    ):
        raise UserInputError(f"{where}: splits is {given!r:.80}; expected shares above 0 that add up to 1")
    return {name: float(share) for name, share in shares.items()}


def _known(data: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in data:
        if key not in known:
            raise UserInputError(f"{where} has the key {key!r:.60}; expected {', '.join(sorted(known))}")


def _name(value: Any, where: str) -> str:
    # It becomes a directory: nothing that leads out of the one that is written to.
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise UserInputError(
            f"{where}: name is {value!r:.60}; expected at most 40 of a–z, 0–9, '-' and '_', "
            "a letter or a digit first"
        )
    return value


def _list(family: Mapping[str, Any], key: str, where: str) -> list[Any]:
    value = family.get(key)
    values = value if isinstance(value, list) else [value]
    if value is None or not values or len(values) > 64:
        raise UserInputError(f"{where}: {key} is {value!r:.60}; expected a number, or a list of them")
    return values


def _whole(key: str, value: Any, least: int, most: int, where: str) -> int:
    if type(value) is not int or not least <= value <= most:
        raise UserInputError(f"{where}: {key} is {value!r:.60}; expected an integer from {least} to {most}")
    return value


def _positive(key: str, value: Any, most: float, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 2**-6 <= value <= most:
        raise UserInputError(f"{where}: {key} is {value!r:.60}; expected a number from 1/64 to {most:g}")
    return float(value)


def _parsed(data: bytes, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise UserInputError(f"{name} is no TOML: {' '.join(str(error).split())}") from error


def _shipped() -> Any:
    return resources.files("reductions.datasets") / "specs"
