"""The course of notebooks: where it lies in an installation, and copying it out."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from proofcheck.errors import UserInputError
from proofcheck.files import replacing

__all__ = ["copy_notebooks", "notebooks"]


def notebooks() -> dict[str, bytes]:
    """The notebooks in their order: what each file holds, by its name.

    A wheel has them inside the package, a clone beside it.

    Raises:
        UserInputError: neither is so.
    """
    clone = Path(__file__).parents[1]
    places: list[Traversable] = [files("proofcheck") / "notebooks"]
    if (clone / "pyproject.toml").is_file():
        places.append(clone / "notebooks")
    for place in places:
        if place.is_dir():
            found = {file.name: file.read_bytes() for file in place.iterdir() if file.name.endswith(".ipynb")}
            if found:
                return dict(sorted(found.items()))
    raise UserInputError("this installation of proofcheck has no notebooks; install it anew")


def copy_notebooks(directory: Path, *, force: bool = False) -> list[Path]:
    """Write the notebooks into a directory, which is made if it is not there.

    What is there already and the same is left alone.

    Args:
        directory: where.
        force: overwrite what differs; else nothing is written if anything does.

    Returns:
        The paths of all of them, in their order.

    Raises:
        UserInputError: a file differs, or cannot be read or written.
    """
    contents = {directory / name: content for name, content in notebooks().items()}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        missing = [path for path in contents if not path.exists()]
        there = [path for path in contents if path not in missing]
        odd = [path for path in there if not path.is_file()]
        changed = [path for path in there if path not in odd and path.read_bytes() != contents[path]]
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UserInputError(
            f"cannot write {str(directory)!r}: {reason}; choose another directory"
        ) from error
    if odd:
        raise UserInputError(f"{str(odd[0])!r} is not a regular file; choose another directory")
    if changed and not force:
        others = f" and {len(changed) - 1} more differ" if len(changed) > 1 else " differs"
        raise UserInputError(
            f"{str(changed[0])!r}{others} from what proofcheck has; --force overwrites, or choose another "
            "directory"
        )
    for path in missing + changed:
        with replacing(path) as file:
            file.write(contents[path])
    return list(contents)
