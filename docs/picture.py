"""Draw the README's picture: what ``proofcheck verify`` prints about some claims, as an SVG.

Run ``python docs/picture.py`` after a change that the table shows; a test compares the words of the
picture with those of a run.
"""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

from proofcheck import verify
from proofcheck.report.table import print_table
from proofcheck.results import Report

IDS = ("def:1.2", "def:3.4", "lem:B.1.5", "lem:B.1.8", "lem:C.7", "lem:C.6", "prf:4.1")
TITLE = f"proofcheck verify: {len(IDS)} of the paper's claims"
TARGET = Path(__file__).parent / "images" / "verify.svg"
WIDTH = 100


def picture(report: Report) -> str:
    """The SVG of the table of the chosen claims, without references to fonts on other machines."""
    chosen = Report(tuple(result for result in report.results if result.claim.id in IDS), report.environment)
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    print_table(chosen, console)
    svg = console.export_svg(title=TITLE, unique_id="verify")
    return re.sub(r"\s*@font-face \{.*?\}\n", "\n", svg, flags=re.DOTALL)


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(picture(verify("proofcheck.paper", select=IDS)), encoding="utf-8")
    print(f"wrote {TARGET.name}")
