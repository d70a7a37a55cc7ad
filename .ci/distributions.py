"""Compare the distributions with the repository: ``distributions.py SDIST WHEEL WHEEL_OF_THE_TREE``.

The source distribution has every file that git tracks and no other; the wheel made from it is the same as one
made from the tree, has every file of both packages, and what else it has is a file of the repository too.
"""

from __future__ import annotations

import email
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("proofcheck/", "reductions/")

Files = Mapping[str, bytes]


def differences(tracked: Files, sdist: Files, wheel: Files, of_the_tree: Files) -> list[str]:
    """What is wrong, a line each.  Files are by name; those of the sdist by their name in the repository."""
    return [
        *_of_the_sdist(tracked, sdist),
        *(f"wheels of the sdist and of the tree: {line}" for line in _unequal(wheel, of_the_tree)),
        *_of_the_wheel(tracked, wheel),
        *_of_the_metadata(tracked, wheel),
    ]


def _unequal(first: Files, second: Files) -> Iterator[str]:
    for name in sorted(first.keys() | second.keys()):
        if first.get(name) != second.get(name):
            yield f"{name} differs" if name in first and name in second else f"only one has {name}"


def _of_the_sdist(tracked: Files, sdist: Files) -> Iterator[str]:
    made = {"PKG-INFO"}
    yield from (f"the sdist lacks {name}" for name in sorted(tracked.keys() - sdist.keys()))
    extra = sorted(sdist.keys() - tracked.keys() - made)
    yield from (f"the sdist has {name}, which git does not track" for name in extra)
    same = tracked.keys() & sdist.keys()
    yield from (f"the sdist's {name} differs" for name in sorted(same) if tracked[name] != sdist[name])


def _of_the_wheel(tracked: Files, wheel: Files) -> Iterator[str]:
    wanted = sorted(name for name in tracked if name.startswith(PACKAGES))
    yield from (
        f"the wheel lacks {name}, or it differs" for name in wanted if wheel.get(name) != tracked[name]
    )
    known = set(tracked.values())
    for name, data in sorted(wheel.items()):
        if ".dist-info/" not in name and data not in known:
            yield f"the wheel has {name}, which is no file of the repository"


def _of_the_metadata(tracked: Files, wheel: Files) -> Iterator[str]:
    """The version, and links of the description that lead nowhere from a package index."""
    (text,) = (data.decode() for name, data in wheel.items() if name.endswith(".dist-info/METADATA"))
    metadata = email.message_from_string(text)
    version = tomllib.loads(tracked["pyproject.toml"].decode())["project"]["version"]
    if metadata["Version"] != version:
        yield f"the wheel is of version {metadata['Version']}, not {version}"
    targets = re.findall(r"\]\(([^)]+)\)", metadata.get_payload())
    yield from (f"the description links to {one}" for one in targets if not one.startswith("https://"))
    if not targets:
        yield "the wheel has no description"


def read_sdist(path: Path) -> dict[str, bytes]:
    """Its files by their name below the one directory that it has."""
    with tarfile.open(path) as archive:
        members = [member for member in archive.getmembers() if member.isfile()]
        return {member.name.partition("/")[2]: archive.extractfile(member).read() for member in members}


def read_wheel(path: Path) -> dict[str, bytes]:
    """Its files by name."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def read_tracked() -> dict[str, bytes]:
    """What git tracks, as it is now."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return {name: (ROOT / name).read_bytes() for name in names.decode().split("\0") if name}


if __name__ == "__main__":
    sdist, wheel, of_the_tree = map(Path, sys.argv[1:])
    wrong = differences(read_tracked(), read_sdist(sdist), read_wheel(wheel), read_wheel(of_the_tree))
    print("\n".join(wrong) or "the distributions have what the repository has")
    sys.exit(bool(wrong))
