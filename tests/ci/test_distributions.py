"""What ``.ci/full`` finds wrong with distributions, by such that are made up."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.ci.scripts import script

distributions = script("distributions")
TRACKED = {
    "pyproject.toml": b"[project]\nversion = '1.0'\n",
    "proofcheck/__init__.py": b"one = 1\n",
    "proofcheck/py.typed": b"",
    "reductions/data.toml": b"two = 2\n",
    "notebooks/01.ipynb": b"{}\n",
}
METADATA = "proofcheck-1.0.dist-info/METADATA"
WHEEL = {
    "proofcheck/__init__.py": b"one = 1\n",
    "proofcheck/py.typed": b"",
    "reductions/data.toml": b"two = 2\n",
    "proofcheck/notebooks/01.ipynb": b"{}\n",
    METADATA: b"Name: proofcheck\nVersion: 1.0\n\n[The paper](https://arxiv.org/abs/1)\n",
}


Changes = dict[str, bytes | None]


def _wrong(
    sdist: Changes | None = None, wheel: Changes | None = None, tree: Changes | None = None
) -> list[str]:
    """What is wrong where files of good distributions are replaced, None being for one that is gone.

    The wheel of the tree is as the other, unless it is given.
    """

    def changed(files: dict[str, bytes], changes: Changes | None) -> dict[str, bytes]:
        return {name: data for name, data in {**files, **(changes or {})}.items() if data is not None}

    found: list[str] = distributions.differences(
        TRACKED,
        changed({**TRACKED, "PKG-INFO": b"x"}, sdist),
        changed(WHEEL, wheel),
        changed(WHEEL, wheel if tree is None else tree),
    )
    return found


def test_nothing_is_wrong_with_good_ones() -> None:
    assert _wrong() == []


def test_files_of_the_sdist() -> None:
    assert _wrong(sdist={"proofcheck/py.typed": None}) == ["the sdist lacks proofcheck/py.typed"]
    assert _wrong(sdist={"junk.log": b""}) == ["the sdist has junk.log, which git does not track"]
    assert _wrong(sdist={"notebooks/01.ipynb": b"[]"}) == ["the sdist's notebooks/01.ipynb differs"]


def test_files_of_the_wheel() -> None:
    name = "reductions/data.toml"
    assert _wrong(wheel={name: None}) == [f"the wheel lacks {name}, or it differs"]
    assert _wrong(wheel={"junk.py": b"?"}) == ["the wheel has junk.py, which is no file of the repository"]
    assert f"the wheel lacks {name}, or it differs" in _wrong(wheel={name: b"two = 3\n"})


def test_wheels_that_differ() -> None:
    prefix = "wheels of the sdist and of the tree: "
    name = "proofcheck/notebooks/01.ipynb"
    assert _wrong(tree={name: None}) == [f"{prefix}only one has {name}"]
    assert _wrong(tree={name: b"[]"}) == [f"{prefix}{name} differs"]


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (b"Version: 1.1\n\n[a](https://b.c)\n", ["the wheel is of version 1.1, not 1.0"]),
        (b"Version: 1.0\n\n[a](docs/b.md) [c](https://d)\n", ["the description links to docs/b.md"]),
        (b"Version: 1.0\n\n", ["the wheel has no description"]),
    ],
)
def test_metadata(metadata: bytes, expected: list[str]) -> None:
    assert _wrong(wheel={METADATA: metadata}) == expected


def test_archives_are_read(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "it.tar.gz", "w:gz") as archive:
        for name, data in TRACKED.items():
            member = tarfile.TarInfo(f"proofcheck-1.0/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    with zipfile.ZipFile(tmp_path / "it.whl", "w") as archive:
        for name, data in WHEEL.items():
            archive.writestr(name, data)
    assert distributions.read_sdist(tmp_path / "it.tar.gz") == TRACKED
    assert distributions.read_wheel(tmp_path / "it.whl") == WHEEL
