"""Who catches what: every checker on every planted and every correct gradient, as a page.

    python -m tests.gradcheck_power.table [-o FILE]

Nothing is timed and every seed is fixed, so a second run with the same versions writes the same page, which
is docs/gradcheck_power.md.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

import numpy as np

from proofcheck.files import write_atomically
from tests.gradcheck_power.cases import Case, Gradient, Kind, Plant, block_errors, call, copied, like
from tests.gradcheck_power.checkers import CHECKERS, OURS, Answer, Found
from tests.gradcheck_power.correct import all_correct
from tests.gradcheck_power.oracle import true_gradient
from tests.gradcheck_power.planted import all_planted

Row = dict[str, Found]
CAUGHT, BOTH, MISSED, UNDECIDED, FAILED = "caught", "refuses both", "missed", "undecided", "could not run"
MARKED = {CAUGHT: CAUGHT, MISSED: f"**{MISSED}**"} | {word: f"*{word}*" for word in (BOTH, UNDECIDED, FAILED)}
# What stands in the column of sizes for an error that is not one of the values at the point.
NO_SIZE = {
    Kind.NOT_FINITE: "NaN",
    Kind.UNSTABLE: "varies",
    Kind.STATEFUL: "later calls",
    Kind.MUTATES: "inputs",
}


@dataclass(frozen=True)
class Results:
    """Every answer; with a planted error stands what was said of the right gradient in its place."""

    planted: list[tuple[Plant, Row, Row]]
    correct: dict[str, list[tuple[Case, Row]]]


def run() -> Results:
    """Every checker on every gradient."""
    right: dict[Case, Row] = {}
    planted = []
    for plant in all_planted():
        case = plant.case
        if case not in right:
            right[case] = _row(case, lambda case=case: case.gradient)
        planted.append((plant, _row(case, plant.fresh), right[case]))
    correct = {
        family: [(case, _row(case, lambda case=case: case.gradient)) for case in cases]
        for family, cases in all_correct().items()
    }
    return Results(planted, correct)


def _row(case: Case, fresh: Callable[[], Gradient]) -> Row:
    return {name: check(case, fresh()) for name, check in CHECKERS.items()}


def outcome(wrong: Found, right: Found) -> str:
    """What became of a planted error: to refuse it while refusing the right gradient too tells nothing."""
    if wrong.answer is Answer.REFUSED:
        return BOTH if right.answer is Answer.REFUSED else CAUGHT
    return {Answer.PASSED: MISSED, Answer.UNDECIDED: UNDECIDED, Answer.FAILED: FAILED}[wrong.answer]


def size(plant: Plant) -> str:
    """How far off the planted gradient is, in the block where it is most, or how else it is wrong."""
    if plant.kind in NO_SIZE:
        return NO_SIZE[plant.kind]
    with np.errstate(all="ignore"):
        wrong = call(plant.fresh(), copied(plant.case.inputs))
    return f"{max(block_errors(wrong, like(plant.case.inputs, true_gradient(plant.case)))):.0e}"


def lines(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table."""
    head = list(head)
    cells = [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    made = [f"| {' | '.join(head)} |", "|---" * len(head) + "|", *(f"| {' | '.join(row)} |" for row in cells)]
    return "\n".join(made) + "\n"


def _scores(results: Results) -> str:
    planted = {
        name: Counter(outcome(row[name], right[name]) for _, row, right in results.planted)
        for name in CHECKERS
    }
    rows = [row for family in results.correct.values() for _, row in family]
    correct = {name: Counter(row[name].answer for row in rows) for name in CHECKERS}
    total = len(results.planted)
    caught = [planted[name][CAUGHT] for name in CHECKERS]
    said = {Answer.REFUSED: "refused", Answer.UNDECIDED: UNDECIDED, Answer.FAILED: FAILED}
    return lines(
        ["", *CHECKERS],
        [
            (f"planted errors, of {total}: {CAUGHT}", *(f"{one} ({one / total:.1%})" for one in caught)),
            *(
                (f"planted errors: {word}", *(planted[name][word] for name in CHECKERS))
                for word in (MISSED, UNDECIDED, BOTH, FAILED)
            ),
            *(
                (f"correct gradients, of {len(rows)}: {word}", *(correct[name][answer] for name in CHECKERS))
                for answer, word in said.items()
            ),
        ],
    )


def _planted(results: Results) -> str:
    parts = []
    for theme, group in groupby(results.planted, key=lambda pair: pair[0].theme):
        rows = [
            (
                plant.name.removeprefix(f"{theme}: "),
                plant.what,
                size(plant),
                *(MARKED[outcome(row[name], right[name])] for name in CHECKERS),
            )
            for plant, row, right in group
        ]
        parts.append(
            f"### {theme.capitalize()}\n\n{lines(['planted', 'what it is', 'off by', *CHECKERS], rows)}"
        )
    return "\n".join(parts)


def _correct(results: Results) -> str:
    head = ["family", "cases", *(f"{name} refuses" for name in CHECKERS), f"{OURS} undecided"]
    rows = []
    for family, pairs in results.correct.items():
        refused = [sum(row[name].answer is Answer.REFUSED for _, row in pairs) for name in CHECKERS]
        rows.append(
            (family, len(pairs), *refused, sum(row[OURS].answer is Answer.UNDECIDED for _, row in pairs))
        )
    return lines(head, rows)


def _notes(results: Results) -> str:
    """The correct gradients that ours did not certify, and whatever could not be run, by name."""
    correct = [(case.name, row) for family in results.correct.values() for case, row in family]
    undecided = [f"- {name}\n" for name, row in correct if row[OURS].answer is not Answer.PASSED]
    everything = [*((plant.name, row) for plant, row, _ in results.planted), *correct]
    failed = [
        f"- {checker}, {name}: `{row[checker].why.partition(':')[0]}`\n"
        for name, row in everything
        for checker in CHECKERS
        if row[checker].answer is Answer.FAILED
    ]
    return (
        f"Correct gradients that ours does not certify:\n\n{''.join(undecided) or 'none.'}\n"
        f"Could not run:\n\n{''.join(failed) or 'none.'}"
    )


def versions() -> str:
    """One line; another machine may have others."""
    named = {"proofcheck": "proofcheck", "torch": "torch", "JAX": "jax", "NumPy": "numpy"}
    return "Versions: " + ", ".join(f"{name} {version(package)}" for name, package in named.items()) + "."


def page(results: Results) -> str:
    """The page."""
    return f"""# Who catches what

Planted wrong gradients and correct ones, each given to `proofcheck.gradcheck` (*ours*),
`torch.autograd.gradcheck` and `jax.test_util.check_grads`, in one session, each at its defaults.

{_scores(results)}
{versions()}

How each was called:

- *ours*: `gradcheck(loss, grad, inputs)`. *caught* means REFUTED, *missed* means CERTIFIED; UNDECIDED is
  neither.
- *torch*: `torch.autograd.gradcheck(function, inputs)`, where `function` is a `torch.autograd.Function` whose
  forward pass is the loss and whose backward pass is the gradient times what arrives. Inputs keep their
  dtype; torch says that its defaults are meant for float64, and warns about others.
- *JAX, x64*: `jax.test_util.check_grads(function, inputs, order=1)` with 64-bit types enabled. `order` has no
  default; 1 is for gradients. The function is a `custom_jvp` with the rule ⟨gradient, tangent⟩, so that both
  default modes run; NumPy functions are called back (`pure_callback`).
- *JAX*: the same without 64-bit types, which is JAX's own default: inputs are rounded to float32.

Warnings are silenced for all. torch and JAX refuse by an error that says the gradients differ; any other
exception is *could not run*. A checker that refuses the right gradient of the same loss as well has told
nothing: *refuses both*, which does not count as caught.

## Planted errors

Every one is shown to be wrong, by torch's autograd, in the tests. *off by* is the largest difference from the
right gradient over the largest entry of that, in the block (array) where this is most; *varies*: another
gradient at every call; *later calls*: right at the first call and wrong once the inputs have moved; *inputs*:
the values are right, but the caller's inputs are changed.

{_planted(results)}
## Correct gradients

Two hundred, from a seed, each within the roundoff and conditioning of a gradient by torch's autograd or by
mpmath.

{_correct(results)}
{_notes(results)}
Written by `python -m tests.gradcheck_power.table -o docs/gradcheck_power.md`; `pytest tests/gradcheck_power`
writes it again and compares.
"""


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write here, not to standard output"
    )
    output = parser.parse_args().output
    made = page(run())
    if output is None:
        sys.stdout.write(made)
    else:
        write_atomically(output, made)


if __name__ == "__main__":
    main()
