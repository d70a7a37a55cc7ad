"""Compare the distributions with the repository: ``distributions.py SDIST WHEEL WHEEL_OF_THE_TREE``.

The source distribution has every file that git tracks and no other; the wheel made from it is the same as one
made from the tree, and has every file of both packages.
"""

from __future__ import annotations

import email
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("proofcheck", "reductions")


def differences(sdist: Path, wheel: Path, of_the_tree: Path) -> list[str]:
    """What is wrong, a line each."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    tracked = {name: (ROOT / name).read_bytes() for name in listed.decode().split("\0") if name}
    found = _of_the_sdist(sdist)
    lines = [f"{sdist.name} lacks {name}" for name in sorted(tracked.keys() - found.keys())]
    lines += [
        f"{sdist.name} has {name}, which git does not track" for name in sorted(found.keys() - tracked.keys())
    ]
    lines += [
        f"{sdist.name}: {name} differs"
        for name in tracked.keys() & found.keys()
        if tracked[name] != found[name]
    ]
    made, direct = _of_the_wheel(wheel), _of_the_wheel(of_the_tree)
    lines += [
        f"wheels of the sdist and of the tree differ in {name}" for name in sorted(_unequal(made, direct))
    ]
    wanted = {
        name: data for name, data in tracked.items() if name.startswith(tuple(f"{one}/" for one in PACKAGES))
    }
    lines += [f"{wheel.name} lacks {name}" for name in sorted(wanted) if made.get(name) != wanted[name]]
    known = set(tracked.values())
    lines += [
        f"{wheel.name} has {name}, which is in no file of the repository"
        for name, data in made.items()
        if ".dist-info/" not in name and data not in known
    ]
    return lines + _of_the_metadata(made)


def _of_the_sdist(path: Path) -> dict[str, bytes]:
    """Files by their name in the repository, without the metadata that every source distribution has."""
    with tarfile.open(path) as archive:
        members = [member for member in archive.getmembers() if member.isfile()]
        files = {member.name.partition("/")[2]: archive.extractfile(member).read() for member in members}
    del files["PKG-INFO"]
    return files


def _of_the_wheel(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _unequal(first: dict[str, bytes], second: dict[str, bytes]) -> set[str]:
    return {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)}


def _of_the_metadata(wheel: dict[str, bytes]) -> list[str]:
    """The version, and links of the description that lead nowhere from a package index."""
    (text,) = (data.decode() for name, data in wheel.items() if name.endswith(".dist-info/METADATA"))
    metadata = email.message_from_string(text)
    lines = []
    expected = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    if metadata["Version"] != expected:
        lines.append(f"the wheel is of version {metadata['Version']}, not {expected}")
    targets = re.findall(r"\]\(([^)]+)\)", metadata.get_payload())
    lines += [f"the description links to {target}" for target in targets if not target.startswith("https://")]
    return lines if targets else [*lines, "the wheel has no description"]


if __name__ == "__main__":
    wrong = differences(*map(Path, sys.argv[1:]))
    print("\n".join(wrong) or "the distributions have what the repository has")
    sys.exit(bool(wrong))
