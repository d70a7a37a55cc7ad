"""A counterexample as lines of text, for a reader who checks it with a pencil."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any

from proofcheck.claims.verdict import Relation

__all__ = ["SYMBOLS", "by_hand", "decimal_beside", "is_zero", "matrix_lines", "side_by_side"]

_WIDTH = 100
#: Between the two sides of a relation.
SYMBOLS = {Relation.EQUAL.value: "=", Relation.AT_MOST.value: "≤"}


def by_hand(found: Mapping[str, Any]) -> list[str]:
    """A counterexample to be checked by hand: sizes, indices, inputs, both sides exactly and in decimals.

    Args:
        found: the mapping that a verdict has; a family of sizes or inputs for a cost or a hidden constant.
    """
    return list(_family(found) if "family" in found else _point(found))


def _point(found: Mapping[str, Any]) -> Iterator[str]:
    yield from _setting("at ", found)
    number, symbol = found.get("relation_number", 1), SYMBOLS.get(found["relation"], found["relation"])
    entry = ", ".join(map(str, found.get("entry") or ()))
    place = f" at entry ({entry})" if entry else ""
    yield f"relation {number} of the statement, left {symbol} right, fails{place}:"
    for side in ("left", "right"):
        exact = found.get(side, "")
        yield from _wrapped(
            f"    {side:<5} = {exact}{decimal_beside(exact, found.get(f'{side}_decimal', exact))}"
        )


def _setting(head: str, found: Mapping[str, Any]) -> Iterator[str]:
    """Sizes, indices and inputs."""
    places = {**found.get("sizes", {}), **found.get("indices", {})}
    if places:
        yield from _wrapped(head + ", ".join(f"{name} = {value}" for name, value in places.items()))
    inputs = found.get("inputs", {})
    zero = [name for name, value in inputs.items() if is_zero(value)]
    blocks = [matrix_lines(name, value) for name, value in inputs.items() if name not in zero]
    yield from side_by_side(blocks, _WIDTH, 4)
    if zero:
        yield from _wrapped(f"    {' = '.join(zero)} = 0")


def _family(found: Mapping[str, Any]) -> Iterator[str]:
    """Sizes or inputs in terms of t, along which a ratio grows without bound."""
    along = [text if name == "along" else f"{name} = {text}" for name, text in found["family"].items()]
    yield from _wrapped(f"for t = 1, 2, 3, ...: {', '.join(along)}")
    yield from _setting("made at ", found)
    if "count" in found:
        yield from _wrapped(f"    operations of {found.get('algorithm', 'the algorithm')} = {found['count']}")
        yield from _wrapped(f"    bound = {found.get('bound', '')}")
    if "ratio_exact" in found:
        growth = f", and {found['growth']} times that at t" if "growth" in found else ""
        yield from _wrapped(f"    ratio = {found['ratio_exact']} at t = 1{growth}")
    ratios = ", ".join(f"{one['ratio']} at t = {one['t']}" for one in found.get("ratio_at", ()))
    if ratios:
        which = f" of relation {found['relation_number']}" if "relation_number" in found else ""
        yield from _wrapped(f"the ratio{which} grows without bound: {ratios}")


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, _WIDTH, subsequent_indent=" " * 12, break_on_hyphens=False)


def decimal_beside(exact: str, decimal: str) -> str:
    """The decimals of an exact value as they follow it; nothing where they say no more."""
    if exact == decimal:
        return ""
    with suppress(ValueError):
        if Fraction(exact) == Fraction(decimal):
            return f" = {decimal}"
    return f" ≈ {decimal}"


def is_zero(value: Any) -> bool:
    """Whether an input is 0 throughout."""
    return all(map(is_zero, value)) if isinstance(value, list) else value == "0"


def matrix_lines(name: str, value: Any) -> list[str]:
    """An input as lines of one width: a scalar, a vector in one row, a matrix or its slices."""
    if not isinstance(value, list):
        return [f"{name} = {value}"]
    rows = value if value and isinstance(value[0], list) else [value]
    if rows[0] and isinstance(rows[0][0], list):
        lines = [line for k, part in enumerate(rows, start=1) for line in matrix_lines(f"{name}[{k}]", part)]
        return [line.ljust(max(map(len, lines))) for line in lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["[" + " ".join(e.rjust(w) for e, w in zip(row, widths, strict=True)) + "]" for row in rows]
    heads = [f"{name} = ", *[" " * len(f"{name} = ")] * (len(lines) - 1)]
    return [head + line for head, line in zip(heads, lines, strict=True)]


def side_by_side(blocks: Sequence[list[str]], width: int, indent: int) -> Iterator[str]:
    """As many inputs in a row as fit; one wider than that has a row of its own."""
    rows: list[list[list[str]]] = []
    for block in blocks:
        used = sum(len(one[0]) + 3 for one in rows[-1]) if rows else width
        if indent + used + len(block[0]) > width:
            rows.append([])
        rows[-1].append(block)
    for row in rows:
        for k in range(max(map(len, row))):
            parts = [block[k] if k < len(block) else " " * len(block[0]) for block in row]
            yield (" " * indent + "   ".join(parts)).rstrip()
