"""Building the documentation, or a small one with the same settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def build_documentation(source: Path, target: Path, *settings: str) -> subprocess.CompletedProcess[str]:
    """Sphinx with the settings of docs/conf.py, where every warning is an error.

    Args:
        source: a folder with ``docs/index.md``.
        target: where the pages go.
        settings: that are other than in the file, as ``NAME=VALUE``.
    """
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-c", ROOT / "docs"]
    for setting in settings:
        command += ["-D", setting]
    return subprocess.run(
        [*command, source, target],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=280,
    )
