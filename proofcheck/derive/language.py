"""A small matrix language for losses: Python's expression syntax, parsed and never evaluated as Python.

``parse_declaration("A1: n d")`` declares an n×d matrix, ``"v: n"`` a vector, ``"t:"`` a scalar and
``"i: index n"`` an index.  An expression is interpreted over any namespace that statements are written
against, so one text gives the terms of the calculus and, at fixed sizes, exact numbers.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NoReturn

from proofcheck.errors import IllFormedError, OutsideCalculusError, UserInputError

__all__ = ["FUNCTIONS", "Declaration", "Expression", "Interpreter", "parse_declaration"]

_LONGEST = 5_000
_DEEPEST = 100
_LARGEST_EXPONENT = 8
_NAME = re.compile(r"[^\W\d]\w*")
_OPERATORS: Mapping[type[ast.operator], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", lambda a, b: a + b),
    ast.Sub: ("-", lambda a, b: a - b),
    ast.Mult: ("*", lambda a, b: a * b),
    ast.Div: ("/", lambda a, b: a / b),
    ast.MatMult: ("@", lambda a, b: a @ b),
}
FUNCTIONS: Mapping[str, int] = {
    "diag": 1,
    "exp": 1,
    "eye": 1,
    "inner": 2,
    "kron": 2,
    "log": 1,
    "norm2": 1,
    "ones": 1,
    "outer": 2,
    "rowsum": 1,
    "softmax": 1,
    "sum": 1,
    "vec": 1,
}
"""The functions of the language and how many arguments they take."""


@dataclass(frozen=True)
class Declaration:
    """A name: an array with a size symbol for each axis, or an index that runs over one."""

    name: str
    dims: tuple[str, ...]
    is_index: bool = False


def parse_declaration(text: str) -> Declaration:
    """Read ``NAME: SIZE SIZE`` or ``NAME: index SIZE``.

    Raises:
        UserInputError: it is neither.
    """
    name, colon, rest = (part.strip() for part in unicodedata.normalize("NFKC", text).partition(":"))
    words = rest.split()
    is_index = words[:1] == ["index"]
    dims = tuple(words[1:] if is_index else words)
    wrong = next((word for word in (name, *dims) if not _NAME.fullmatch(word)), None)
    if not colon or wrong is not None or (is_index and len(dims) != 1):
        raise UserInputError(
            f"--given {text!r}: expected a name, a colon and size symbols, as in 'A1: n d', 'v: n', 't:' "
            "or 'i: index n'"
        )
    if name in FUNCTIONS:
        raise UserInputError(f"--given {text!r}: {name} is a function of the language; choose another name")
    return Declaration(name, dims, is_index)


class Expression:
    """A parsed expression.

    Attributes:
        source: its text.
        body: its syntax tree.
    """

    def __init__(self, source: str) -> None:
        """Parse a text.

        Raises:
            UserInputError: it is no expression of the language; the message has the place.
        """
        self.source = source
        if len(source) > _LONGEST:
            raise UserInputError(f"the expression has {len(source)} characters, at most {_LONGEST} are read")
        if "\n" in source.strip() or "\0" in source:
            raise UserInputError("the expression must be one line")
        self._text = source.strip()
        try:
            self.body = ast.parse(self._text, mode="eval").body
        except SyntaxError as error:
            reason = error.msg[:1].lower() + error.msg[1:]
            # CPython has no place, or one beyond the text, for what is missing at its end.
            column = min(error.offset or len(self._text) + 1, len(self._text) + 1)
            around = repr(self._text[column - 1 :][:24]) if column <= len(self._text) else "the end"
            self.fail(column, f"{reason}, at {around}")
        except (RecursionError, MemoryError, ValueError) as error:
            raise UserInputError("the expression is nested too deeply to be read") from error
        self._check(self.body, 0)

    def fail(self, column: int, reason: str) -> NoReturn:
        """Complain about a place, counted in characters from 1."""
        raise UserInputError(f"expression, column {column}: {reason}")

    def column(self, node: ast.AST) -> int:
        """Where a node begins, counted in characters from 1."""
        offset = getattr(node, "col_offset", 0)
        return len(self._text.encode()[:offset].decode()) + 1

    def words(self, node: ast.AST) -> str:
        """The text of a node."""
        return ast.get_source_segment(self._text, node) or "the expression"

    def _check(self, node: ast.AST, depth: int) -> None:
        """Only what the language has: everything else is refused before anything is interpreted."""
        if depth > _DEEPEST:
            raise UserInputError("the expression is nested too deeply to be read")
        children: list[ast.AST] = []
        match node:
            case ast.BinOp(left, operator, right):
                if type(operator) not in (*_OPERATORS, ast.Pow):
                    self.fail(self.column(node), f"{_kind(operator)} is not in the language")
                children = [left, right]
            case ast.UnaryOp(operator, operand):
                if not isinstance(operator, (ast.USub, ast.UAdd)):
                    self.fail(self.column(node), f"{_kind(operator)} is not in the language")
                children = [operand]
            case ast.Constant(value):
                if type(value) not in (int, float) or len(self.words(node)) > 30:
                    self.fail(self.column(node), "expected a number of at most 30 characters")
            case ast.Attribute(value, attribute):
                if attribute != "T":
                    self.fail(self.column(node), f".{attribute} is not in the language, only .T is")
                children = [value]
            case ast.Call(function, arguments, keywords):
                if not isinstance(function, ast.Name) or keywords:
                    self.fail(self.column(node), "expected a function's name and arguments without keywords")
                children = [self._checked_generator(one, function.id) or one for one in arguments]
            case ast.Subscript(value, index):
                keys = index.elts if isinstance(index, ast.Tuple) else [index]
                children = [value, *(key for key in keys if not _is_colon(key))]
            case ast.Name():
                pass
            case _:
                self.fail(self.column(node), f"{_kind(node)} is not in the language here")
        for child in children:
            self._check(child, depth + 1)

    def _checked_generator(self, node: ast.AST, function: str) -> ast.AST | None:
        """The summand of ``sum(… for i in n for j in m)``."""
        if not isinstance(node, ast.GeneratorExp) or function != "sum":
            return None
        for clause in node.generators:
            names = isinstance(clause.target, ast.Name) and isinstance(clause.iter, ast.Name)
            if not names or clause.ifs or clause.is_async:
                self.fail(self.column(clause.target), "expected 'for INDEX in SIZE'")
        return node.elt


def _is_colon(node: ast.AST) -> bool:
    return isinstance(node, ast.Slice) and node.lower is node.upper is node.step is None


def _kind(node: ast.AST) -> str:
    """What a reader calls a kind of syntax."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).lower()
    known = {"if exp": "a condition", "compare": "a comparison", "bool op": "'and' or 'or'"}
    return known.get(words, f"'{words.removesuffix(' exp')}'")


Hook = Callable[[str, Any], Any]


class Interpreter:
    """Expressions over a namespace.

    Args:
        expression: what to interpret.
        xp: the namespace.
        names: what declared names, indices and sizes stand for.
        sizes: what a size symbol stands for where an axis has it.
        scalar: a rational number, as a scalar array of the namespace.
        on_function: sees the function's name and argument and may give a value for the call.
    """

    def __init__(
        self,
        expression: Expression,
        xp: Any,
        names: Mapping[str, Any],
        sizes: Mapping[str, Any],
        scalar: Callable[[Any], Any],
        on_function: Hook | None = None,
    ) -> None:
        self.expression, self.xp = expression, xp
        self._names, self._sizes, self._scalar = dict(names), sizes, scalar
        self._on_function = on_function
        self._inside_sums = 0

    def value(self) -> Any:
        """What the expression denotes: an array of the namespace.

        Raises:
            UserInputError: a name is not declared, or shapes do not fit.
            OutsideCalculusError: a part is outside the calculus; the message names it.
        """
        return self._value(self.expression.body)

    def _value(self, node: ast.AST) -> Any:
        try:
            return self._interpreted(node)
        except OutsideCalculusError as error:
            if getattr(error, "placed", False):
                raise
            found = OutsideCalculusError(f"{self.expression.words(node)}: {error}")
            found.placed = True  # type: ignore[attr-defined]
            raise found from error
        except IllFormedError as error:
            self.expression.fail(self.expression.column(node), f"{self.expression.words(node)}: {error}")

    def _interpreted(self, node: ast.AST) -> Any:
        match node:
            case ast.Constant():
                return self._scalar(_rational(node.value))
            case ast.Name(name):
                return self._array(node, name)
            case ast.UnaryOp(operator, operand):
                value = self._value(operand)
                return -value if isinstance(operator, ast.USub) else value
            case ast.BinOp(left, ast.Pow(), right):
                return self._value(left) ** self._exponent(right)
            case ast.BinOp(left, operator, right):
                return _OPERATORS[type(operator)][1](self._value(left), self._value(right))
            case ast.Attribute(value, _):
                return self._value(value).T
            case ast.Subscript(value, index):
                keys = index.elts if isinstance(index, ast.Tuple) else [index]
                return self._value(value)[tuple(map(self._key, keys))]
            case ast.Call(ast.Name(name), arguments):
                return self._call(node, name, arguments)
        raise AssertionError(f"{ast.dump(node)} was let through")

    def _array(self, node: ast.AST, name: str) -> Any:
        if name in self._sizes:
            return self._scalar(self._sizes[name])
        if name not in self._names:
            declared = ", ".join(sorted([*self._names, *self._sizes]))
            self.expression.fail(
                self.expression.column(node),
                f"{name} is not declared; --given declares {declared or 'nothing'}",
            )
        value = self._names[name]
        if not hasattr(value, "shape"):
            self.expression.fail(self.expression.column(node), f"the index {name} is used as an array")
        return value

    def _key(self, node: ast.AST) -> Any:
        if _is_colon(node):
            return slice(None)
        if isinstance(node, ast.Name) and not hasattr(self._names.get(node.id, slice), "shape"):
            if node.id in self._names:
                return self._names[node.id]
            self._array(node, node.id)
        if isinstance(node, ast.Constant):
            raise OutsideCalculusError(f"the fixed index {node.value!r} at symbolic sizes")
        self.expression.fail(
            self.expression.column(node),
            "expected an index, as declared by --given 'i: index n' or 'for i in n'",
        )

    def _exponent(self, node: ast.AST) -> int:
        sign = -1 if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else 1
        inner = node.operand if isinstance(node, ast.UnaryOp) else node
        value = inner.value if isinstance(inner, ast.Constant) else None
        if type(value) is not int or value > _LARGEST_EXPONENT:
            self.expression.fail(
                self.expression.column(node),
                f"expected an exponent from -{_LARGEST_EXPONENT} to {_LARGEST_EXPONENT}",
            )
        return sign * value

    def _call(self, node: ast.AST, name: str, arguments: Sequence[ast.AST]) -> Any:
        if name not in FUNCTIONS:
            known = ", ".join(FUNCTIONS)
            raise OutsideCalculusError(f"{name} is outside the calculus, which knows {known}")
        if len(arguments) != FUNCTIONS[name]:
            self.expression.fail(
                self.expression.column(node),
                f"{name} takes {FUNCTIONS[name]} argument(s), not {len(arguments)}",
            )
        if isinstance(arguments[0], ast.GeneratorExp):
            return self._sum(arguments[0].elt, list(arguments[0].generators))
        if name in ("ones", "eye"):
            return getattr(self.xp, name)(self._size(arguments[0]))
        values = [self._value(argument) for argument in arguments]
        if self._on_function is not None and not self._inside_sums:
            named = self._on_function(name, values[0])
            if named is not None:
                return named
        return self._applied(name, values)

    def _applied(self, name: str, values: Sequence[Any]) -> Any:
        xp, first = self.xp, values[0]
        match name:
            case "norm2":
                return xp.sum(first * first)
            case "rowsum":
                return xp.row_sums(first)
            case "softmax":
                weights = xp.exp(first)
                if len(first.shape) == 1:
                    return weights / xp.sum(weights)
                return xp.scale_rows(1 / xp.row_sums(weights), weights)
            case _:
                return getattr(xp, name)(*values)

    def _size(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Name) and node.id in self._sizes:
            return self._sizes[node.id]
        self.expression.fail(
            self.expression.column(node),
            f"expected one of the sizes {', '.join(sorted(self._sizes)) or '(none)'}",
        )

    def _sum(self, body: ast.AST, clauses: list[ast.comprehension]) -> Any:
        if not clauses:
            return self._value(body)
        clause, *others = clauses
        assert isinstance(clause.target, ast.Name)
        name = clause.target.id
        if name in self._names or name in self._sizes:
            self.expression.fail(
                self.expression.column(clause.target), f"{name} already stands for something"
            )

        inside = dict(self._names)  # a namespace may call ``make`` later, when other names are in scope

        def make(index: Any) -> Any:
            outside, self._names = self._names, {**inside, name: index}
            self._inside_sums += 1
            try:
                return self._sum(body, others)
            finally:
                self._inside_sums -= 1
                self._names = outside

        return self.xp.sum_over(make, self._size(clause.iter))


def _rational(value: object) -> Fraction:
    """A number as a reader means it: 0.1 is a tenth."""
    try:
        return Fraction(str(value))
    except ValueError as error:
        raise OutsideCalculusError("not a finite number") from error
