"""The printed decoder beside the other two, on planted and null orthogonal vectors.

    python benchmarks/decoders.py [--to N] [-o FILE]

Gradients are exact, in float64, with their rigorous error; nothing is timed, and a second run writes the same
table, which is docs/decoders.md. One BLAS thread (OPENBLAS_NUM_THREADS=1) is fastest.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from proofcheck.files import write_atomically
from reductions.decide import Verdict, chain_named, decide_instance
from reductions.families import null_orthogonal_vectors, planted_orthogonal_vectors
from reductions.oracles import FloatOracle
from reductions.problems.orthogonal_vectors import OrthogonalVectors

DECODERS = ("one-query", "gauss-legendre", "riemann")
SEED = 0
DENSITY = 0.6


def columns(N: int) -> int:
    """Coordinates for N vectors a side, O(log N)."""
    return 3 * N.bit_length()


def cases(largest: int) -> Iterator[tuple[int, bool, str, Verdict]]:
    """N, whether there is an orthogonal pair, the decoder and what it found; N = 8, 16, … to ``largest``."""
    for N in itertools.takewhile(largest.__ge__, (8 << k for k in itertools.count())):
        rng = np.random.default_rng([SEED, N])
        m = columns(N)
        left, right, _ = planted_orthogonal_vectors(N, m, DENSITY, rng)
        instances = {
            True: OrthogonalVectors(left, right),
            False: OrthogonalVectors(*null_orthogonal_vectors(N, m, DENSITY, rng)),
        }
        for truth, vectors in instances.items():
            for decoder in DECODERS:
                made = vectors
                for step in chain_named("direct", decoder).steps[1:]:
                    (reduced,) = step.apply(made)
                    made = reduced.instance
                yield N, truth, decoder, decide_instance(made, FloatOracle(), decoder)


def table(largest: int) -> str:
    """A Markdown table, one row for each case."""
    words = {True: "YES", False: "NO", None: "undecided"}
    head = ("N", "n", "is", "decoder", "answer", "gradients", "needed", "had", "sum", "plain answer")
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for N, truth, decoder, found in cases(largest):
        middle = (found.thresholds.yes + found.thresholds.no) / 2
        of_sum = f"{found.error - 2 * found.achieved * dimension(N, decoder):.1e}"
        cells = (
            N,
            2 * N,
            words[truth],
            decoder,
            words[found.answer],
            found.calls,
            f"{found.required:.1e}" if found.required else "none does",
            f"{found.achieved:.1e}",
            "0" if decoder == "one-query" else of_sum,
            words[found.value > middle],
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def dimension(N: int, decoder: str) -> int:
    """Columns d of Q and K."""
    steps = chain_named("direct", decoder).steps
    sizes = {"N": N, "m": columns(N)}
    for step in steps[1:]:
        sizes |= step.sizes(sizes)
    return sizes["d"]


PAGE = f"""# Three decoders, side by side

What Theorem E.5 takes, ⌈log₂⁴ n⌉ points of a left Riemann sum, beside Gauss–Legendre quadrature with a
certified number of points and one query at X = I. For each N there is one instance of orthogonal vectors with
a planted orthogonal pair and one that has none (3 ⌈log₂ 2N⌉ coordinates, density {DENSITY}, seed {SEED}),
through the direct embedding. Gradients are exact, in float64, with a rigorous error.

- *answer*: what the certificate says;
- *gradients*: how many were asked for;
- *needed*, *had*: the accuracy of an entry of the gradient below which the answer is certain, and what it
  was; where half of the room between YES and NO is less than the error of the sum alone, no accuracy does;
- *sum*: a bound of the error of the sum, of f(1);
- *plain answer*: what the value alone would say, being above or below the middle, with no certificate.

Written by `python benchmarks/decoders.py -o docs/decoders.md`; a test compares its first rows.

"""


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--to", type=int, default=256, metavar="N", help="the largest N (default 256)")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write here, not to standard output"
    )
    arguments = parser.parse_args()
    page = PAGE + table(arguments.to)
    if arguments.output is None:
        sys.stdout.write(page)
    else:
        write_atomically(arguments.output, page)


if __name__ == "__main__":
    main()
