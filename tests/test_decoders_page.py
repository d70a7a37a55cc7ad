"""The page that has the three decoders side by side is what its benchmark writes."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_first_rows_are_written_again() -> None:
    benchmark = runpy.run_path(str(ROOT / "benchmarks" / "decoders.py"))
    page = (ROOT / "docs" / "decoders.md").read_text(encoding="utf-8")
    head, rows = page.removeprefix(benchmark["PAGE"]), benchmark["table"](16)
    assert head != page
    assert head.startswith(rows)
    # Two instances for each decoder and N = 8, 16, …, 256.
    assert len(head.splitlines()) == 2 + 6 * 6


def test_only_the_printed_decoder_does_not_decide() -> None:
    page = (ROOT / "docs" / "decoders.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line[:2] == "| "
    ]
    for _, _, truth, decoder, answer, _, needed, _, _, plain in rows[1:]:
        if decoder == "riemann":
            assert (answer, needed) == ("undecided", "none does")
        else:
            assert answer == truth == plain
            assert float(needed) > 0
    assert any(row[3] == "riemann" and row[2] != row[9] for row in rows[1:])
