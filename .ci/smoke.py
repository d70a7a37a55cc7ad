"""Try what an installation gives: ``smoke.py PART SOURCE``, PART being ``core`` or an extra installed alone.

Run by ``.ci/full`` outside the clone, with SOURCE the unpacked source distribution; a part that fails raises.
``smoke.py --extras`` lists the extras that a user may want.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FOR_DEVELOPING = ("dev", "test")
FORMULA = "p cnf 4 5\n1 2 0\n-1 3 0\n-2 -3 4 0\n-4 1 0\n2 3 0\n"
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": "hf", "MPLBACKEND": "Agg"}


def extras() -> list[str]:
    """Those of pyproject.toml, without those for developing."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [name for name in project["optional-dependencies"] if name not in FOR_DEVELOPING]


def run(program: str, *arguments: str, code: int = 0, show: bool = False, **variables: str) -> str:
    """What a program of this environment prints; shown with the time it took.

    Raises:
        AssertionError: it exited with another code.
    """
    start = time.monotonic()
    done = subprocess.run(
        [str(Path(sysconfig.get_path("scripts")) / program), *arguments],
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **OFFLINE, **variables},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    print(f"$ {program} {' '.join(arguments)}  # {time.monotonic() - start:.1f} s", flush=True)
    if show or done.returncode != code:
        print(done.stdout, done.stderr, sep="", flush=True)
    assert done.returncode == code, f"exit code {done.returncode}, expected {code}"
    return done.stdout


def arrays(n: int = 300, d: int = 3) -> dict[str, Any]:
    """Inputs of the attention loss, the same each time."""
    import numpy as np

    rng = np.random.default_rng(0)
    made: dict[str, Any] = {name: rng.uniform(-1, 1, (n, d)) for name in ("A1", "A2", "A3", "E")}
    return made | {"X": np.eye(d), "Y": np.eye(d)}


def reference() -> Any:
    """The gradient in X for these inputs, in the closed form of the paper, by NumPy alone."""
    import numpy as np

    it = arrays()
    d = it["X"].shape[0]
    f = np.exp(it["A1"] @ it["X"] @ it["A2"].T / d)
    f /= f.sum(axis=1, keepdims=True)
    h = it["A3"] @ it["Y"]
    q = (f @ h - it["E"]) @ h.T
    p = f * (q - (f * q).sum(axis=1, keepdims=True))
    return it["A1"].T @ p @ it["A2"] / d


def agrees(found: Any, tolerance: float = 1e-10) -> bool:
    """Whether a gradient in X is that one, relative to its largest entry."""
    import numpy as np

    true = reference()
    return bool(np.abs(np.asarray(found) - true).max() <= tolerance * np.abs(true).max())


def core(source: Path) -> None:
    """The package without extras: every command that needs none, and a line for what is missing."""
    from proofcheck import attention_gradient
    from proofcheck.errors import UserInputError
    from proofcheck.namespaces.arrays import as_backend

    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert run("proofcheck", "--version") == f"proofcheck {project['version']}\n"
    assert run("reductions", "--version") == f"reductions {project['version']}\n"
    print(run("proofcheck", "verify").splitlines()[-1])
    run("proofcheck", "doctor", show=True)
    run("reductions", "sizes")
    Path("formula.cnf").write_text(FORMULA, encoding="utf-8")
    assert run("reductions", "decide", "formula.cnf", code=10).startswith("s SATISFIABLE\n")
    paths = run("proofcheck", "notebooks", "course").split()
    assert sorted(map(str, Path("course").glob("*.ipynb"))) == sorted(paths) != []
    run("proofcheck", "new", "a-paper")
    result = attention_gradient(**arrays(), method="exact")
    assert agrees(result.gradients["X"])
    assert "pip install 'proofcheck[fast]'" in result.computed_by
    for library in ("torch", "jax", "cupy"):
        said = None
        try:
            as_backend(library, arrays()["X"])
        except UserInputError as error:
            said = str(error)
        assert said is not None, f"{library} is there without its extra"
        assert f"pip install 'proofcheck[{library}]'" in said, said


def notebooks(source: Path) -> None:
    """A notebook of the course runs; a plot is drawn; JupyterLab starts."""
    run("proofcheck", "notebooks", "course")
    run("pytest", "-q", "-p", "no:cacheprovider", "--nbmake", "course/01_problem_and_gradient.ipynb")
    run("proofcheck", "constant", "lem:E.3", "--n", "2:4", "--d", "1:2", "--plot", "plot.svg")
    assert Path("plot.svg").stat().st_size > 0
    run("jupyter", "lab", "--version")
    run("jupytext", "--version")


def fast(source: Path) -> None:
    """Compiled kernels compute gradients."""
    from proofcheck import attention_gradient

    for method, tolerance in (("exact", 1e-10), ("fast", 1e-2)):
        result = attention_gradient(**arrays(), method=method)
        assert result.computed_by == "compiled kernels", result.computed_by
        assert agrees(result.gradients["X"], tolerance)


def sat(source: Path) -> None:
    """A solver decides formulas."""
    from reductions.problems.sat import Formula

    found = Formula(2, ((1, 2), (-1, 2))).solve()
    assert found is not None
    assert 2 in found
    assert Formula(1, ((1,), (-1,))).solve() is None


def data(source: Path) -> None:
    """A data set is written, and read back."""
    import reductions

    run("reductions", "generate", "tiny", "--count", "2")
    run("reductions", "validate", "tiny")
    rows = list(reductions.load("tiny"))
    assert {row.label for row in rows} == {True, False, None}


def dist(source: Path) -> None:
    """Gradients of Zarr arrays, and on workers of dask."""
    import numpy as np
    import zarr

    for name, array in arrays().items():
        zarr.save_array(f"arrays/{name}.zarr", array)
    for engine in (("local",), ("dask", "--workers", "2")):
        run("proofcheck", "gradient", "arrays", "--engine", *engine, "-o", engine[0], "--rtol", "1e-2")
        assert agrees(np.load(f"{engine[0]}/grad_X.npy"), 1e-2)


def hf(source: Path) -> None:
    """A data set as `datasets` loads it, with Croissant metadata, and as safetensors."""
    os.environ.update(OFFLINE)
    import datasets
    import mlcroissant
    from safetensors.numpy import load_file

    run("reductions", "generate", "tiny", "--count", "2")
    table = datasets.load_dataset("tiny", "planted-n64", split="train")
    assert set(table["label"]) == {True, False}
    assert mlcroissant.Dataset("tiny/croissant.json").metadata.name
    run("reductions", "export", "tiny", "--format", "safetensors", "-o", "exported")
    (file,) = Path("exported").glob("planted-n64-train-*.safetensors")
    assert len(load_file(file)["label"]) == len(table)


def torch(source: Path) -> None:
    """The loss has a backward pass."""
    from importlib import import_module

    library = import_module("torch")
    from proofcheck.torch import FastAttentionLoss

    inputs = {name: library.from_numpy(array) for name, array in arrays().items()}
    inputs["X"].requires_grad_()
    FastAttentionLoss(method="exact")(*inputs.values()).backward()
    assert agrees(inputs["X"].grad.numpy())


def jax(source: Path) -> None:
    """Gradients of JAX's arrays."""
    from importlib import import_module

    library = import_module("jax")
    library.config.update("jax_enable_x64", True)
    _library("jax", "Array", library)


def cupy(source: Path) -> None:
    """Gradients of CuPy's arrays."""
    from importlib import import_module

    _library("cupy", "ndarray", import_module("cupy"))


def _library(name: str, type_name: str, library: Any) -> None:
    from proofcheck import attention_gradient
    from proofcheck.namespaces.arrays import as_backend, to_numpy

    inputs = {key: as_backend(name, array) for key, array in arrays().items()}
    found = attention_gradient(**inputs, method="exact").gradients["X"]
    assert isinstance(found, getattr(library, type_name))
    assert agrees(to_numpy(found))


def docs(source: Path) -> None:
    """The documentation of the source distribution is built, with every warning an error."""
    built = Path("built").absolute()
    os.chdir(source)
    run("sphinx-build", "-W", "--keep-going", "-q", "-b", "html", "-c", "docs", ".", str(built))
    assert any(built.rglob("*.html"))


PARTS: dict[str, Callable[[Path], None]] = {
    part.__name__: part for part in (core, notebooks, fast, sat, data, dist, hf, torch, jax, cupy, docs)
}

if __name__ == "__main__":
    if sys.argv[1:] == ["--extras"]:
        print("\n".join(extras()))
    else:
        PARTS[sys.argv[1]](Path(sys.argv[2]))
        print(f"{sys.argv[1]} works on Python {sys.version.split()[0]}")
