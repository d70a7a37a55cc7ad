"""Execute the notebooks: of each script NN_name.py its NN_name.ipynb, the same cells with outputs.

Run ``python notebooks/execute.py [NN ...]`` with the extra ``dev`` installed; without numbers, all of them.
The scripts are what is edited.  Who edits a notebook instead takes its cells over to the script by
``jupytext --sync notebooks/NN_name.ipynb``, or lets Jupyter do so (``[tool.jupytext]`` in pyproject.toml).

What differs from run to run and says nothing to a reader is left out: times, and the plain text beside an
HTML output.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def execute(script: Path) -> None:
    """Execute one script's cells and write the notebook; a cell that raises leaves the notebook as it was."""
    notebook = jupytext.read(script, fmt="py:percent")
    notebook.metadata = nbformat.from_dict({"kernelspec": METADATA["kernelspec"]})
    resources = {"metadata": {"path": str(HERE)}}
    NotebookClient(
        notebook, timeout=1800, record_timing=False, coalesce_streams=True, resources=resources
    ).execute()
    notebook.metadata = nbformat.from_dict(METADATA)
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number:02d}"
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        for output in cell.get("outputs", []):
            if "text/html" in output.get("data", {}):
                del output.data["text/plain"]
    nbformat.validate(notebook)
    nbformat.write(notebook, script.with_suffix(".ipynb"))


if __name__ == "__main__":
    wanted = tuple(sys.argv[1:])
    for path in sorted(HERE.glob("[0-9][0-9]_*.py")):
        if not wanted or path.name.startswith(wanted):
            start = time.perf_counter()
            execute(path)
            print(f"executed {path.stem} in {time.perf_counter() - start:.0f} s", flush=True)
