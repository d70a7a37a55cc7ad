"""The card of a data set, ``README.md``: a head that ``datasets.load_dataset`` reads, and ``card.md``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from reductions.datasets.place import DATA, PICTURE
from reductions.datasets.spec import SPLITS, Spec

__all__ = ["card_of", "splits_of"]

_KINDS = {
    "planted": "gap inner product: a YES-instance has one planted pair, its NO-twin the same sides with "
    "the columns of one permuted",
    "sat": "random k-SAT through the reductions; a formula and its twin, of which one is satisfiable",
    "signs": "all entries ±B: the largest scores that a bound on the entries allows; nothing to decide",
    "aligned": "all rows along one direction: scores of rank one; nothing to decide",
    "uniform": "uniform entries: where the fast algorithm works, as a control; nothing to decide",
}
_LICENCES = {"cc0-1.0": "CC0 1.0", "cc-by-4.0": "CC BY 4.0", "apache-2.0": "Apache 2.0"}


def splits_of(entries: Sequence[Mapping[str, Any]]) -> dict[str, Counter[str]]:
    """For each configuration the rows of each of its splits that has any."""
    found: dict[str, Counter[str]] = {}
    for entry in entries:
        found.setdefault(entry["config"], Counter())[entry["split"]] += entry["rows"]
    return found


def card_of(spec: Spec, entries: Sequence[Mapping[str, Any]]) -> str:
    """The card of a data set with these shards."""
    splits = splits_of(entries)
    head = ["---", f"license: {spec.licence}", f"pretty_name: {_quoted(spec.title)}", "configs:"]
    for config in spec.configs:
        head += [f"- config_name: {config.name}", "  data_files:"]
        for split in (split for split in SPLITS if split in splits[config.name]):
            head += [f"  - split: {split}", f"    path: {DATA}/{config.name}/{split}-*.parquet"]
    body = [
        "---",
        "",
        f"# {spec.name}",
        "",
        f"{spec.title}.",
        "",
        "Instances of the gradient of attention, from the reductions behind its lower bound (Alman & Song "
        f"2024): `reductions generate`, seed {spec.seed}. Licence: {_LICENCES[spec.licence]}.",
        "",
        f"![largest score over ln n of each configuration]({PICTURE})",
        "",
        "| configuration | kind | n | " + " | ".join(SPLITS) + " |",
        "|---|---|---|" + "---|" * len(SPLITS),
    ]
    for config in spec.configs:
        counts = " | ".join(str(splits[config.name][split]) for split in SPLITS)
        body.append(f"| `{config.name}` | {config.kind} | {config.n} | {counts} |")
    kinds = dict.fromkeys(config.kind for config in spec.configs)
    body += ["", *(f"- **{kind}**: {_KINDS[kind]}." for kind in kinds)]
    first = spec.configs[0].name
    text = resources.files("reductions.datasets").joinpath("card.md").read_text(encoding="utf-8")
    text = text.replace("{name}", spec.name).replace("{config}", first)
    text = text.replace("{split}", next(split for split in SPLITS if split in splits[first]))
    return "\n".join([*head, *body]) + "\n" + text


def _quoted(text: str) -> str:
    """A YAML string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
