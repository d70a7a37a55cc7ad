"""How a notebook starts: with what it needs, or with one line that says what to install."""

from __future__ import annotations

import sys
from typing import Any

from proofcheck import plots
from proofcheck.extras import check_extras

__all__ = ["start"]


def start(*extras: str) -> None:
    """Begin a notebook: find out whether what these extras bring is installed, and take the style of plots.

    Called in a notebook's first code cell.  Where something is missing the cell ends with one line and no
    traceback, and "run all" stops there.  In a notebook plots are shown as SVG, the same bytes each time.

    Args:
        *extras: of proofcheck, as ``pip install 'proofcheck[notebooks]'`` names them; ``"notebooks"`` is
            needed always.

    Raises:
        MissingExtraError: something is not installed; the message has the line that installs it.
        UserInputError: there is no such extra.
    """
    check_extras(*dict.fromkeys(("notebooks", *extras)))
    plots.use()
    if "IPython" in sys.modules:
        _show_as_svg()


def _show_as_svg() -> None:
    """For the inline backend, which Jupyter shows plots with, if a notebook is what runs this."""
    from IPython import get_ipython

    if get_ipython() is None:
        return
    import matplotlib.pyplot  # noqa: F401  (sets the backend up, which then takes the formats)
    from matplotlib_inline.config import InlineBackend

    backend: Any = InlineBackend.instance()
    backend.print_figure_kwargs = {"bbox_inches": "tight", "metadata": {"Date": None}}
    backend.figure_formats = {"svg"}
