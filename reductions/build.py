"""Every instance of a chain as files: from a formula to what attention is built from, and back.

A directory of a build holds, in the order in which they are written,

* ``formula.cnf``, normalised, with the options in its first line;
* ``orthogonal-vectors-left.npy`` and ``-right.npy``;
* for each instance k ``gap-k-left.npy`` and ``gap-k-right.npy``, and ``attention-k.json``: the thresholds of
  the gap, σ and the pad as exact fractions, the sizes, and what a reader of the gradient compares with;
* ``manifest.json``: the hashes of all these, what leads a witness back, and how Q, K and V are made.

The bytes are a function of the formula and the options, and of the versions that the manifest names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from proofcheck.errors import UserInputError
from proofcheck.streams import Progress
from proofcheck.versions import installed_version
from reductions.build_files import (
    FORMULA,
    INSTANCE,
    MANIFEST,
    VECTORS,
    bits_of,
    check_place,
    contents_of_bits,
    expected_names,
)
from reductions.chain import Chain, Reduced
from reductions.decide import chain_named
from reductions.files import alone_in, contents_of_json, json_of, put, read_file
from reductions.problems.attention import AttentionInstance, GradientInstance
from reductions.problems.bits import refuse_beyond
from reductions.problems.dimacs import parse_dimacs, to_dimacs
from reductions.problems.gap import GapInnerProduct
from reductions.problems.orthogonal_vectors import OrthogonalVectors
from reductions.problems.sat import Formula
from reductions.thresholds import Thresholds, norm_thresholds, slope_thresholds

__all__ = [
    "MOST_INSTANCES",
    "Built",
    "build",
    "exact_fraction",
    "load",
    "stages",
    "thresholds_of",
]

SCHEMA_VERSION = 1
#: Numbers of instances have five digits.
MOST_INSTANCES = 100_000

_MOST_MANIFEST = 1 << 28
_FRACTION = re.compile(r"[0-9]{1,200}(/[1-9][0-9]{0,199})?")
_EXACT = ("scale", "gamma", "level", "bound")
_SIZES = ("n", "d", "N", "D", "yes", "no")
_REBUILD = (
    "Instance k: a = gap-k-left.npy, b = gap-k-right.npy, (N, D) bits; s = scale, pad of attention-k.json. "
    "Q, K, V are (2N, d), zero but for Q[i] = Q[N + i] = s * (a[i], pad), K[j] = s * (b[j], 0), "
    "K[N + j] = s * (0, pad) with the pad from column D on, and V[j, 0] = 1, for i, j < N. "
    "They are A1, A2, A3 of the gradient, with E = 0, Y = I and X = I. "
    "In Python: reductions.build.load(directory).instances[k].instance.attention.arrays()."
)


@dataclass(frozen=True)
class Built:
    """What a directory of a build holds.

    Attributes:
        manifest: as it is in the file.
        formula: the formula, normalised.
        vectors: the instance of orthogonal vectors.
        instances: of the gradient, in order, with what ``chain.invert`` needs.
        chain: that made them.
    """

    manifest: Mapping[str, Any]
    formula: Formula
    vectors: OrthogonalVectors
    instances: tuple[Reduced, ...]
    chain: Chain


def build(
    formula: Formula,
    directory: str | Path,
    *,
    chain: str = "direct",
    decoder: str = "one-query",
    blocks: int = 4,
    max_bytes: int = 4 << 30,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write every instance of a chain to a directory; a run that was killed goes on where it was.

    Args:
        formula: where the chain begins; it is normalised.
        directory: made if there is none; empty, or of this very build.
        chain: ``"direct"`` or ``"pcp"``.
        decoder: that is to read the instances: ``"one-query"``, ``"gauss-legendre"`` or ``"riemann"``.
        blocks: T of the distributed PCP.
        max_bytes: the most that the gap instances may take on disk.
        progress: called with how many files are there, of how many, and the name of the last.

    Returns:
        What ``manifest.json`` holds.

    Raises:
        UserInputError: a name that is none of these, instances too many or too large, a directory with other
            files, one that another run writes, or that cannot be written.
    """
    whole = chain_named(chain, decoder, blocks=blocks)
    formula = formula.normalised()
    expected = whole.sizes({"n": formula.variables, "m": len(formula.clauses)})
    count = expected.get("instances", 1)
    if count > MOST_INSTANCES:
        raise UserInputError(
            f"the chain makes {count if count < 1 << 128 else 'more than 2^128'} instances; expected at most "
            f"{MOST_INSTANCES}: choose more blocks or the direct chain"
        )
    options = f"--chain {chain} --decoder {decoder}" + (f" --blocks {blocks}" if chain == "pcp" else "")
    text = (to_dimacs(formula, [f"reductions build {options}"]).encode(),)
    names, files, backs = expected_names(count), {}, []
    with alone_in(Path(directory)):
        check_place(Path(directory), names, text)

        def add(name: str, contents: Any) -> None:
            files[name] = put(Path(directory) / name, contents)
            if progress is not None:
                progress(len(files), len(names), name)

        add(FORMULA, text)
        for number, (vectors, made) in enumerate(stages(whole, formula)):
            attention = made.instance.attention
            sides = attention.gap.left, attention.gap.right
            if number == 0:
                gaps = "gap instance" if count == 1 else "gap instances"
                refuse_beyond(count * sum(side.nbytes for side in sides), max_bytes, f"{count} {gaps}")
                sizes = _sizes(attention)
                for name, side in zip(VECTORS, (vectors.left, vectors.right), strict=True):
                    add(name, contents_of_bits(side))
            for name, side in zip(INSTANCE, sides, strict=False):
                add(name.format(number), contents_of_bits(side))
            add(INSTANCE[-1].format(number), contents_of_json(_described(attention, decoder)))
            backs.append(made.back)
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "chain": chain,
            "decoder": decoder,
            "blocks": blocks if chain == "pcp" else None,
            "versions": {"proofcheck": installed_version("proofcheck"), "numpy": np.__version__},
            "steps": [step.name for step in whole.steps],
            "sizes": {
                "variables": formula.variables,
                "clauses": len(formula.clauses),
                "m": vectors.left.shape[1],
                **{name: expected[name] for name in ("T", "s", "q") if name in expected},
                "instances": count,
                **sizes,
            },
            # For each instance what each step needs to lead a witness back; null where that is nothing.
            "back": [[list(own) if isinstance(own, tuple) else own for own in back] for back in backs],
            "files": files.copy(),
            "rebuild": _REBUILD,
        }
        add(MANIFEST, contents_of_json(manifest))
    return manifest


def stages(chain: Chain, formula: Formula) -> Iterator[tuple[OrthogonalVectors, Reduced]]:
    """The orthogonal vectors and each instance of the gradient; ``back`` as of the whole chain.

    Args:
        chain: from a formula to the gradient, by way of orthogonal vectors.
        formula: where it begins.
    """
    first, *rest = chain.steps
    for vectors in first.apply(formula):
        for made in Chain(chain.name, rest).apply(vectors.instance):
            yield vectors.instance, Reduced(made.instance, (vectors.back, *made.back))


def thresholds_of(attention: AttentionInstance, decoder: str) -> Thresholds:
    """What the decoder compares with.

    Args:
        attention: the instance.
        decoder: ``"one-query"``, which reads |f'(1)|, or another, which reads f(1).
    """
    return slope_thresholds(attention) if decoder == "one-query" else norm_thresholds(attention)


def load(directory: str | Path) -> Built:
    """Read a directory of :func:`build` back, all of it; every file is checked against its hash.

    Raises:
        UserInputError: a file is missing or not as the manifest says, or the manifest is none of a build; the
            message has the file, what was found and what was expected.
    """
    place = Path(directory)
    manifest = json_of(read_file(place / MANIFEST, most=_MOST_MANIFEST), repr(str(place / MANIFEST)))
    back, files = _checked(manifest, repr(str(place / MANIFEST)))
    chain = chain_named(manifest["chain"], manifest["decoder"], blocks=manifest["blocks"] or 1)

    def content(name: str) -> bytes:
        return read_file(place / name, files[name])

    def sides(names: tuple[str, ...]) -> list[Any]:
        return [bits_of(content(name), repr(str(place / name))) for name in names]

    formula = parse_dimacs(content(FORMULA).decode(errors="replace"), repr(str(place / FORMULA)))
    vectors = _made(place / VECTORS[0], OrthogonalVectors, *sides(VECTORS))
    instances = []
    for k, own in enumerate(back):
        *gaps, described = (name.format(k) for name in INSTANCE)
        attention = _attention(
            json_of(content(described), repr(str(place / described))), sides(tuple(gaps)), place / described
        )
        instances.append(Reduced(GradientInstance(attention), own))
    return Built(manifest, formula, vectors, tuple(instances), chain)


def _sizes(attention: AttentionInstance) -> dict[str, int]:
    gap = attention.gap
    return dict(
        zip(
            _SIZES,
            (attention.n, attention.d, attention.rows, int(gap.left.shape[1]), gap.yes, gap.no),
            strict=True,
        )
    )


def _described(attention: AttentionInstance, decoder: str) -> dict[str, Any]:
    thresholds = thresholds_of(attention, decoder)
    read = "|f'(1)|" if decoder == "one-query" else "f(1)"
    return {
        **_sizes(attention),
        **{name: str(getattr(attention, name)) for name in _EXACT},
        "pad": [str(entry) for entry in attention.pad],
        "reading": {"of": read, "yes_at_least": thresholds.yes, "no_at_most": thresholds.no},
    }


def _attention(data: Any, sides: list[Any], path: Path) -> AttentionInstance:
    """The instance, once all that is said of it twice agrees."""
    name = repr(str(path))
    if not isinstance(data, dict) or not isinstance(data.get("pad"), list):
        raise UserInputError(f"{name} has no list 'pad'; expected a file of reductions build")
    scale, pad = (
        exact_fraction(data.get("scale"), name),
        tuple(exact_fraction(entry, name) for entry in data["pad"]),
    )
    gap = _made(path, GapInnerProduct, *sides, data.get("yes"), data.get("no"))
    attention: AttentionInstance = _made(path, AttentionInstance, gap, scale, pad)
    expected = _sizes(attention) | {key: str(getattr(attention, key)) for key in _EXACT}
    for key, value in expected.items():
        if data.get(key) != value:
            raise UserInputError(
                f"{name} has {key} = {data.get(key)!r}; expected {value!r}, which the rest amounts to"
            )
    return attention


def exact_fraction(value: Any, name: str) -> Fraction:
    """What a text such as ``"3/8"`` says; ``name`` is of where it stands, for the message.

    Raises:
        UserInputError: it is something else.
    """
    # Fraction itself reads '1e999999999' too, and computes it.
    if not isinstance(value, str) or not _FRACTION.fullmatch(value):
        raise UserInputError(f"{name} holds {value!r:.60}; expected a fraction such as '3/8'")
    return Fraction(value)


def _made(path: Path, make: Callable[..., Any], *parts: Any) -> Any:
    try:
        return make(*parts)
    except UserInputError as error:
        raise UserInputError(f"{str(path)!r}: {error}") from error


def _checked(manifest: Any, name: str) -> tuple[list[tuple[Any, ...]], dict[str, Any]]:
    """The entries of the manifest that reading rests on: what leads back, and the files."""
    if not isinstance(manifest, dict) or manifest.get("schema_version") != SCHEMA_VERSION:
        found = manifest.get("schema_version") if isinstance(manifest, dict) else manifest
        raise UserInputError(f"{name} has schema_version {found!r:.60}; expected {SCHEMA_VERSION}")
    blocks = manifest.get("blocks")
    if not (type(blocks) is int and blocks > 0 if manifest.get("chain") == "pcp" else blocks is None):
        raise UserInputError(f"{name} has blocks = {blocks!r:.60}; expected a number for 'pcp' alone")
    back, files = manifest.get("back"), manifest.get("files")
    steps = 4
    if not isinstance(back, list) or not all(isinstance(own, list) and len(own) == steps for own in back):
        raise UserInputError(f"{name} has no 'back'; expected a list of {steps} entries for each instance")
    if not isinstance(files, dict) or list(files) != expected_names(len(back))[:-1]:
        raise UserInputError(f"{name} does not list the files of {len(back)} instances")
    for file, entry in files.items():
        if not isinstance(entry, dict) or type(entry.get("bytes")) is not int or entry["bytes"] < 0:
            raise UserInputError(f"{name} does not say the size of {file}")
        if not isinstance(entry.get("sha256"), str):
            raise UserInputError(f"{name} does not say the SHA-256 of {file}")
    return [tuple(tuple(x) if isinstance(x, list) else x for x in own) for own in back], files
