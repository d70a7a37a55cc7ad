from __future__ import annotations

import gzip
import io
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofcheck.errors import UserInputError
from reductions.problems import dimacs
from reductions.problems.dimacs import MOST_VARIABLES, parse_dimacs, read_dimacs, to_dimacs, write_dimacs
from reductions.problems.sat import Formula
from tests.reductions.problems.test_sat import formulas, randoms

SMALL = Formula(3, ((1, -2), (-1, 2, 3)))
TEXT = "c a comment\np cnf 3 2\n1 -2 0\n-1 2 3 0\n"


def refusal(text: str) -> str:
    with pytest.raises(UserInputError) as caught:
        parse_dimacs(text, "here")
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 250
    return message


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("\n", "\r"),
        TEXT.rstrip(),
        "\ufeff" + TEXT,
        "p cnf 3 2\n1 -2 0 -1 2 3 0",
        "p cnf 3 2\n1\n-2 0 -1\n\n2 3\n0",
        "  p   cnf\t3  2  \n\t1 -2 0\n  -1 2 3 0  \n",
        "p cnf 3 2\n1 -2\nc within a clause\n0\ncnf is a comment too\n-1 2 3 0\nc after\n c indented\n",
        "c\nc p cnf 9 9\np cnf 3 2\n1 -2 0\n-1 2 3 0\n\n\n",
        "p cnf 3 2\n1 -2 0\n-1 2 3 0\n%\n0\n\n",
        "p cnf 3 2\r\n1 -2 0\r\n-1 2 3 0\r\n%\r\n0\r\n",
        "p cnf 3 2\n1 -2 0\n-1 2 3 0\n%\nc bye\n",
        "c \N{GREEK SMALL LETTER ALPHA}\u2028\x0bp cnf 1 1\np cnf 3 2\n1 -2 0\n-1 2 3 0\n",
    ],
)
def test_ways_to_write_one_formula(text: str) -> None:
    assert parse_dimacs(text) == SMALL


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("p cnf 0 0\n", Formula(0, ())),
        ("p cnf 5 0", Formula(5, ())),
        ("p cnf 2 1\n0\n", Formula(2, ((),))),
        ("p cnf 2 3\n0 1 0 0", Formula(2, ((), (1,), ()))),
        ("p cnf 9 1\n1 1 -1 0", Formula(9, ((1, 1, -1),))),
        (f"p cnf {MOST_VARIABLES} 1\n{MOST_VARIABLES} 0", Formula(MOST_VARIABLES, ((MOST_VARIABLES,),))),
    ],
)
def test_edges_of_the_format(text: str, formula: Formula) -> None:
    assert parse_dimacs(text) == formula


HEADER = "a header 'p cnf VARIABLES CLAUSES'"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f"here, line 1: found the end of the file; expected {HEADER}"),
        ("c only\nc comments\n", f"here, line 2: found the end of the file; expected {HEADER}"),
        ("c x\n1 2 0\n", f"here, line 2: found '1 2 0'; expected {HEADER} before all else"),
        ("%\n0\n", f"here, line 1: found '%'; expected {HEADER} before all else"),
        ("\n \nc\n\n2 0\n", f"here, line 5: found '2 0'; expected {HEADER} before all else"),
        ("PK\x03\x04junk\n", f"here, line 1: found 'PK\\x03\\x04junk'; expected {HEADER} before all else"),
        ("p cnf 1 1\n1 0\np cnf 1 1\n", "here, line 3: found a second header; expected one, as on line 1"),
        ("p cnf 1 1\n1\np cnf 1 1\n0", "here, line 3: found a second header; expected one, as on line 1"),
        ("p cnf 3\n", f"here, line 1: found 'p cnf 3'; expected {HEADER}"),
        ("p cnf 3 2 1\n", f"here, line 1: found 'p cnf 3 2 1'; expected {HEADER}"),
        ("p wcnf 3 2\n", f"here, line 1: found 'p wcnf 3 2'; expected {HEADER}"),
        ("pcnf 3 2 1\n", f"here, line 1: found 'pcnf 3 2 1'; expected {HEADER}"),
        ("p cnf x 2\n", f"here, line 1: found 'x'; expected {HEADER}"),
        ("p cnf 3 2.0\n", f"here, line 1: found '2.0'; expected {HEADER}"),
        ("p cnf -3 2\n", f"here, line 1: found 'p cnf -3 2'; expected {HEADER} without negative numbers"),
        ("p cnf 3 -2\n", f"here, line 1: found 'p cnf 3 -2'; expected {HEADER} without negative numbers"),
        ("p cnf 16777217 1\n1 0", "here, line 1: found 16777217 variables; expected at most 16777216"),
        (f"p cnf {'9' * 5000} 1\n", f"here, line 1: found '{'9' * 40}'…; expected {HEADER}"),
        (
            "p cnf 3 3\n1 0\n2 0\n",
            "here, line 3: found the end of the file after 2; expected 3 clauses, which line 1 declares",
        ),
        (
            "p cnf 3 99999999999\n",
            "here, line 1: found the end of the file after 0; expected 99999999999 clauses, which line 1 "
            "declares",
        ),
        (
            "c\np cnf 3 1\n1 0\n2 0\n3 0\n",
            "here, line 4: found the end of clause 2; expected 1 clauses, which line 2 declares",
        ),
        (
            "p cnf 3 1\n1 0\n%\n2 0\n",
            "here, line 4: found '2 0'; expected nothing after the line '%', but a 0 alone",
        ),
        (
            "p cnf 3 2\n1 0\n2\n3",
            "here, line 4: found the end of the file; expected the 0 that closes the clause begun on line 3",
        ),
        (
            "p cnf 3 2\n1 0\n2\n%\n0\n",
            "here, line 5: found the end of the file; expected the 0 that closes the clause begun on line 3",
        ),
        (
            "p cnf 3 1\n1 4 0\n",
            "here, line 2: found '4'; expected a literal from -3 to 3, or the 0 that closes a clause: "
            "3 variables are declared on line 1",
        ),
        (
            "p cnf 3 1\n-4 0\n",
            "here, line 2: found '-4'; expected a literal from -3 to 3, or the 0 that closes a clause: "
            "3 variables are declared on line 1",
        ),
        ("p cnf 1 1\n1 0\0", "here, line 2: found a NUL character; expected text"),
        ("c \0\np cnf 1 1\n1 0", "here, line 1: found a NUL character; expected text"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize(
    "token",
    ["x", "1.0", "1e0", "--1", "+1", "-0", "01", "1_0", "0x1", "٣", "²", "-", "1,2", "%", "1\x00", "nan"],
)
def test_words_that_are_no_literals(token: str) -> None:
    message = refusal(f"p cnf 30 1\n1\n2 {token} 0\n")
    assert message.startswith("here, line 3: found ")
    assert "expected " in message


def test_long_words_are_refused_and_shortened() -> None:
    message = refusal("p cnf 3 1\n" + "7" * 10**6 + " 0")
    assert message.startswith(f"here, line 2: found '{'7' * 40}'…; expected a literal")


def test_a_newline_cannot_break_the_message(tmp_path: Path) -> None:
    path = tmp_path / "two\nlines.cnf"
    path.write_text("p cnf")
    with pytest.raises(UserInputError) as caught:
        read_dimacs(path)
    assert "\n" not in str(caught.value)


@given(formulas, st.lists(st.text(), max_size=3))
def test_what_is_written_is_read_back(formula: Formula, comments: list[str]) -> None:
    comments = [comment.replace("\0", "") for comment in comments]
    text = to_dimacs(formula, comments)
    assert parse_dimacs(text) == formula
    assert parse_dimacs(text.replace("\n", "\r\n")) == formula
    assert read_dimacs(io.BytesIO(text.encode())) == formula
    assert read_dimacs(io.StringIO(text)) == formula


@given(st.text())
def test_no_text_gives_another_exception(text: str) -> None:
    for given_text in (text, f"p cnf 2 1\n{text}", f"p cnf 1 1\n1 0\n{text}"):
        try:
            parse_dimacs(given_text)
        except UserInputError as error:
            assert "line " in str(error)  # noqa: PT017


@given(st.binary())
def test_no_bytes_give_another_exception(data: bytes) -> None:
    try:
        read_dimacs(io.BytesIO(data))
    except UserInputError as error:
        assert str(error).startswith("the stream")  # noqa: PT017


@given(st.text(alphabet="pcnf 0123-%\n\r", max_size=60))
def test_what_is_accepted_says_what_it_is_read_as(text: str) -> None:
    # Another reader, for texts that this one accepts: all words after the header, cut at the zeros.
    try:
        formula = parse_dimacs("p cnf 3 2\n" + text)
    except UserInputError:
        return
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    words = " ".join(line for line in lines if not line.strip().startswith("c")).partition("%")[0].split()
    clauses = " ".join(words).split("0")
    assert clauses.pop() == ""
    assert formula == Formula(3, tuple(tuple(map(int, clause.split())) for clause in clauses))


def test_the_text_is_plain() -> None:
    assert to_dimacs(SMALL) == "p cnf 3 2\n1 -2 0\n-1 2 3 0\n"
    assert to_dimacs(Formula(1, ((),))) == "p cnf 1 1\n0\n"
    commented = to_dimacs(Formula(0, ()), ["one", "two\nthree\r\nfour\rp cnf 1 1", "", "α \udc80"])
    assert commented == "c one\nc two\nc three\nc four\nc p cnf 1 1\nc\nc α \\udc80\np cnf 0 0\n"
    with pytest.raises(UserInputError, match=r"comment 'a.x00b': expected text without NUL characters"):
        to_dimacs(SMALL, ["a\0b"])


def test_another_reader_agrees() -> None:
    from pysat.formula import CNF

    for formula in randoms(60):
        if () in formula.clauses:
            continue  # which that reader drops
        other = CNF(from_string=to_dimacs(formula))
        assert other.clauses == [list(clause) for clause in formula.clauses]
        assert parse_dimacs(CNF(from_clauses=other.clauses).to_dimacs()).clauses == formula.clauses


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "small.cnf"
    write_dimacs(path, SMALL, ["a comment"])
    assert path.read_bytes() == TEXT.encode()
    assert read_dimacs(path) == read_dimacs(str(path)) == SMALL
    with path.open() as text, path.open("rb") as data, path.open("rb", buffering=0) as raw:
        assert read_dimacs(text) == read_dimacs(data) == read_dimacs(raw) == SMALL
    write_dimacs(str(path), Formula(1, ()))
    assert read_dimacs(path) == Formula(1, ())
    assert os.listdir(tmp_path) == ["small.cnf"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "small.cnf"
    write_dimacs(path, SMALL)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserInputError, match="No space left on device"):
        write_dimacs(path, Formula(1, ()))
    assert read_dimacs(path) == SMALL
    assert os.listdir(tmp_path) == ["small.cnf"]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path in [tmp_path, tmp_path / "none" / "x.cnf", "/", "", "a\0b", tmp_path / "loop" / "x.cnf"]:
        with pytest.raises(UserInputError, match=r"cannot write .*; choose another path") as caught:
            write_dimacs(path, SMALL)
        assert "\n" not in str(caught.value)


def complaint(source: Any, **options: int) -> str:
    with pytest.raises(UserInputError) as caught:
        read_dimacs(source, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    assert complaint(tmp_path) == f"cannot read {str(tmp_path)!r}: Is a directory"
    missing = tmp_path / "missing.cnf"
    assert complaint(missing) == f"cannot read {str(missing)!r}: No such file or directory"
    assert complaint("a\0b") == "cannot read 'a\\x00b': embedded null byte"
    closed = io.StringIO(TEXT)
    closed.close()
    assert complaint(closed) == "cannot read the stream: I/O operation on closed file"
    with (tmp_path / "write-only").open("w") as file:
        assert complaint(file).endswith("write-only': not readable")


def test_what_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "x.cnf"
    path.write_bytes(b"c one\nc \xe9t\xe9\np cnf 1 0\n")
    expected = "line 2: found the byte 0xe9, which is not UTF-8; expected text, not compressed"
    assert complaint(path) == f"{str(path)!r}, {expected}"
    with path.open("rb") as file:
        assert complaint(file) == f"{str(path)!r}, {expected}"
    with path.open(encoding="utf-8") as text:
        assert complaint(text) == f"cannot read {str(path)!r}: not utf-8 text, invalid continuation byte"
    path.write_bytes(gzip.compress(TEXT.encode()))
    assert "found the byte 0x8b, which is not UTF-8; expected text, not compressed" in complaint(path)
    path.write_bytes(bytes(range(128)))
    assert "line 1: found a NUL character; expected text" in complaint(path)


class Counted(io.RawIOBase):
    """An endless line, which counts what is read of it."""

    def __init__(self) -> None:
        self.given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        buffer[:] = b"1 " * (len(buffer) // 2) + b" " * (len(buffer) % 2)
        self.given += len(buffer)
        return len(buffer)


def test_no_more_is_read_than_the_limit() -> None:
    endless = Counted()
    assert complaint(endless, most_bytes=5000) == (
        "the stream is larger than 5000 bytes, the most that is read; split or shrink it"
    )
    assert endless.given == 5001
    endless = Counted()
    assert "larger than 67108864 bytes" in complaint(endless)
    assert endless.given == 2**26 + 1


def test_the_limit_is_the_largest_size_accepted(tmp_path: Path) -> None:
    path = tmp_path / "x.cnf"
    path.write_text(TEXT)
    assert read_dimacs(path, most_bytes=len(TEXT)) == SMALL
    assert read_dimacs(io.StringIO(TEXT), most_bytes=len(TEXT)) == SMALL
    assert f"{str(path)!r} is larger than" in complaint(path, most_bytes=len(TEXT) - 1)
    assert "the stream is larger than" in complaint(io.StringIO(TEXT), most_bytes=len(TEXT) - 1)


def test_a_large_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sparse.cnf"
    with path.open("wb") as file:
        file.truncate(1 << 40)

    def unread(*_: object) -> bytes:
        raise AssertionError

    monkeypatch.setattr(dimacs, "_content", unread)
    assert "is larger than 67108864 bytes" in complaint(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_that_gives_little_at_a_time(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def write() -> None:
        with pipe.open("wb", buffering=0) as file:
            for at in range(0, len(TEXT), 5):
                file.write(TEXT[at : at + 5].encode())
                time.sleep(0.001)

    writer = threading.Thread(target=write)
    writer.start()
    assert read_dimacs(pipe) == SMALL
    writer.join()


def test_one_long_line() -> None:
    text = "p cnf 2 200000 " + "\n" + "1 -2 0 " * 200_000
    formula = parse_dimacs(text)
    assert len(formula.clauses) == 200_000
    assert set(formula.clauses) == {(1, -2)}
