"""Formulas in DIMACS files, read and written.

Lines that begin with ``c`` are comments; one line says ``p cnf VARIABLES CLAUSES``; then come the clauses,
each a sequence of non-zero literals that a 0 closes, over as many lines as it likes.  (DIMACS,
*Satisfiability: Suggested Format*, 1993.)  Files of SATLIB end with a line ``%``, which is understood.

Files come from anywhere: none is read beyond a limit, memory is asked for only as what is read needs it, and
whatever is wrong with a file is one line that says where.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NoReturn

from proofcheck.errors import UserInputError
from proofcheck.files import resolved, write_atomically
from reductions.problems.sat import Formula

__all__ = ["MOST_BYTES", "MOST_VARIABLES", "parse_dimacs", "read_dimacs", "to_dimacs", "write_dimacs"]

#: The largest file that is read, unless asked otherwise.
MOST_BYTES = 1 << 26
#: The most variables a header may declare: an assignment has a literal for each, however short the file is.
MOST_VARIABLES = 1 << 24

_HEADER = "a header 'p cnf VARIABLES CLAUSES'"
_TOKEN = re.compile(r"\S+")
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_LONGEST_SHOWN = 40
_CHUNK = 1 << 20


def read_dimacs(source: str | os.PathLike[str] | IO[Any], *, most_bytes: int = MOST_BYTES) -> Formula:
    """The formula of a file, given by its path or open for reading as text or as bytes.

    Args:
        source: a path, or something with ``read``.
        most_bytes: larger files are refused; of text, characters are counted.

    Raises:
        UserInputError: it cannot be read, is too large, is not UTF-8, or as :func:`parse_dimacs` says.
    """
    if isinstance(source, str | os.PathLike):
        name = repr(os.fspath(source))
        with _readable(name), open(source, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > most_bytes:
                raise _too_large(name, most_bytes)
            data = _content(file, name, most_bytes)
    else:
        name = _name_of(source)
        with _readable(name):
            data = _content(source, name, most_bytes)
    return parse_dimacs(_decoded(data, name) if isinstance(data, bytes) else data, name)


def parse_dimacs(text: str, name: str = "DIMACS text") -> Formula:
    """The formula that a DIMACS text describes.

    An empty clause, a 0 alone, is taken as the format has it, though it makes the formula unsatisfiable; so
    is a header that declares more variables than occur.  Lines end with LF, CRLF or CR.  Takes linear time.

    Args:
        text: all of the file.
        name: of the file, for messages.

    Raises:
        UserInputError: the text is not of the format, or its header does not fit its clauses; the message has
            the name, the line, what was found and what was expected.
    """
    reading = _Reading(name)
    for line in io.StringIO(text.removeprefix("\ufeff"), newline=None):
        reading.take(line)
    return reading.formula()


def to_dimacs(formula: Formula, comments: Iterable[str] = ()) -> str:
    """The formula as DIMACS text, a clause on each line; reading it gives an equal formula.

    Args:
        formula: to write.
        comments: put first; each line of them becomes a comment line.

    Raises:
        UserInputError: a comment has a NUL character, which text files do not hold.
    """
    lines = []
    for comment in comments:
        if "\0" in comment:
            raise UserInputError(f"comment {_shown(comment)}: expected text without NUL characters")
        # Not splitlines(): that splits at characters which do not end a line of a file.
        lines += [f"c {line}".rstrip(" ") for line in re.split("\r\n|\r|\n", comment)]
    lines.append(f"p cnf {formula.variables} {len(formula.clauses)}")
    lines += [" ".join([*map(str, clause), "0"]) for clause in formula.clauses]
    # What UTF-8 cannot hold (parts of names of files, in comments) is written by its number.
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace").decode()


def write_dimacs(path: str | os.PathLike[str], formula: Formula, comments: Iterable[str] = ()) -> None:
    """Write :func:`to_dimacs` to a file, which has all of it or is left as it was.

    Args:
        path: of the file.
        formula: to write.
        comments: put first.

    Raises:
        UserInputError: the place cannot be written to, or a comment has a NUL character.
    """
    text = to_dimacs(formula, comments)
    name = repr(os.fspath(path))
    try:
        write_atomically(resolved(Path(path)), text)
    except (OSError, ValueError) as error:  # of a path with a NUL, without a name, or in a loop
        raise UserInputError(f"cannot write {name}: {error}; choose another path") from error


@dataclass
class _Reading:
    """What was read so far."""

    name: str
    line: int = 0
    header: tuple[int, int, int] | None = None  # variables, clauses, its line
    ended: bool = False  # by SATLIB's %
    clauses: list[tuple[int, ...]] = field(default_factory=list)
    open: list[int] = field(default_factory=list)  # the clause without its 0
    opened: int = 0
    seen: dict[str, int] = field(default_factory=dict)  # one object for all occurrences of a literal

    def take(self, line: str) -> None:
        """Read one line."""
        self.line += 1
        start = line.lstrip()[:1]
        if "\0" in line:
            self.fail("a NUL character", "text")
        if start in ("", "c"):
            return
        if self.ended:
            self.after_end(line)
        elif start == "p":
            self.take_header(line)
        elif self.header is None:
            self.fail(_shown(line.strip()), f"{_HEADER} before all else")
        elif line.strip() == "%":
            self.ended = True
        else:
            self.take_literals(line)

    def take_header(self, line: str) -> None:
        """Read the line that begins with p."""
        if self.header is not None:
            self.fail("a second header", f"one, as on line {self.header[2]}")
        words = line.split(maxsplit=4)
        if len(words) != 4 or words[:2] != ["p", "cnf"]:
            self.fail(_shown(line.strip()), _HEADER)
        variables, clauses = (self.number(word, _HEADER) for word in words[2:])
        if variables < 0 or clauses < 0:
            self.fail(_shown(line.strip()), f"{_HEADER} without negative numbers")
        if variables > MOST_VARIABLES:
            self.fail(f"{variables} variables", f"at most {MOST_VARIABLES}")
        self.header = variables, clauses, self.line

    def take_literals(self, line: str) -> None:
        """Read a line of clauses or of parts of them."""
        assert self.header is not None
        for token in _tokens(line):
            literal = self.seen.get(token)
            if literal is None:
                literal = self.seen[token] = self.literal(token)
            if literal:
                self.opened = self.opened if self.open else self.line
                self.open.append(literal)
                continue
            if len(self.clauses) == self.header[1]:
                self.fail(f"the end of clause {len(self.clauses) + 1}", self.promised())
            self.clauses.append(tuple(self.open))
            self.open.clear()

    def literal(self, token: str) -> int:
        """What a word of a clause says."""
        assert self.header is not None
        most = self.header[0]
        expected = f"a literal from -{most} to {most}, or the 0 that closes a clause"
        literal = self.number(token, expected)
        if abs(literal) > most:
            self.fail(_shown(token), f"{expected}: {most} variables are declared on line {self.header[2]}")
        return literal

    def number(self, token: str, expected: str) -> int:
        """An integer of at most 18 digits."""
        if not _NUMBER.fullmatch(token):
            self.fail(_shown(token), expected)
        return int(token)

    def after_end(self, line: str) -> None:
        """SATLIB's files have a 0 on a line after the %."""
        if line.strip() != "0":
            self.fail(_shown(line.strip()), "nothing after the line '%', but a 0 alone")

    def formula(self) -> Formula:
        """All that was read, once there is no more."""
        self.line = max(self.line, 1)
        if self.header is None:
            self.fail("the end of the file", _HEADER)
        if self.open:
            self.fail("the end of the file", f"the 0 that closes the clause begun on line {self.opened}")
        if len(self.clauses) != self.header[1]:
            self.fail(f"the end of the file after {len(self.clauses)}", self.promised())
        return Formula(self.header[0], tuple(self.clauses))

    def promised(self) -> str:
        """What the header says of clauses."""
        assert self.header is not None
        return f"{self.header[1]} clauses, which line {self.header[2]} declares"

    def fail(self, found: str, expected: str) -> NoReturn:
        """Refuse the file."""
        raise UserInputError(f"{self.name}, line {self.line}: found {found}; expected {expected}")


def _tokens(line: str) -> Iterator[str]:
    # One at a time: a line may be all of a large file.
    return (match.group() for match in _TOKEN.finditer(line))


def _shown(text: str) -> str:
    cut = len(text) > _LONGEST_SHOWN
    return repr(text[:_LONGEST_SHOWN]) + ("…" if cut else "")


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Whatever opening and reading complain of becomes one line."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise UserInputError(f"cannot read {name}: not {error.encoding} text, {error.reason}") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL, a closed file
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UserInputError(f"cannot read {name}: {reason}") from error


def _content(file: IO[Any], name: str, most: int) -> Any:
    # A pipe may give less than what is asked for, and there may be no end to it.
    parts, length = [], 0
    while part := file.read(min(_CHUNK, most + 1 - length)):
        parts.append(part)
        length += len(part)
        if length > most:
            raise _too_large(name, most)
    return (b"" if isinstance(part, bytes) else "").join(parts)


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = f"the byte 0x{data[error.start]:02x}"
        raise UserInputError(
            f"{name}, line {line}: found {byte}, which is not UTF-8; expected text, not compressed"
        ) from error


def _name_of(file: IO[Any]) -> str:
    name = getattr(file, "name", None)
    return repr(name) if isinstance(name, str) else "the stream"


def _too_large(name: str, most: int) -> UserInputError:
    return UserInputError(f"{name} is larger than {most} bytes, the most that is read; split or shrink it")
