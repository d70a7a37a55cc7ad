"""Mutants: a form with one small change, made from its own syntax tree, that the checks should notice.

Only the returned relations are changed, one occurrence at a time.  A local that feeds both sides is
first put in the place of the one occurrence that is changed: to change its definition would merely
rename an input.  For the same reason the bodies of local functions stay, and so does the algorithm of
``within`` with its inputs, of which only the shapes count.  Stated shapes stay too: another shape is
ill-typed.  Beside the relations, each hypothesis is weakened, alone.

A mutant states the changed relation only: the others stand, and would take their time.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from proofcheck.claims.claim import Form
from proofcheck.claims.domains import Domain, Index, Interval, Positive, Real
from proofcheck.claims.proposition import all_of, at_most, has_shape, vanishes, within
from proofcheck.straight_line import RELATIONS, StraightLine, free_names, renamed, straight_line

__all__ = ["Mutant", "mutants"]

_LOOPS = ("sum_over", "rows", "columns")
_SIGNS = {ast.Add: ast.Sub, ast.Sub: ast.Add}


@dataclass(frozen=True)
class Mutant:
    """A form of one changed relation, or with one weaker hypothesis.

    Attributes:
        form: the form with the change in it.
        original: the form with the same relation as it was.
        whole: the form with all its relations as they were.
        description: where the change is, and ``before → after``.
        of_hypothesis: a declaration was weakened, and the relations are as they were.
    """

    form: Form
    original: Form
    whole: Form
    description: str
    of_hypothesis: bool = False


def mutants(form: Form, words: str) -> list[Mutant]:
    """All mutants of a form, in the order of its source.

    Args:
        form: the form.
        words: what it is, for a message.

    Raises:
        UserInputError: the form's statement cannot be read.
    """
    source = straight_line(form.statement, words)
    found: list[Mutant] = []
    times: Counter[str] = Counter()
    for relation, changes in _Generator(form, source).relations(source.result):
        original = replace(form, statement=source.returning(relation))
        for change in {ast.unparse(change.node): change for change in changes}.values():
            times[change.description] += 1
            number = times[change.description]
            again = f" (occurrence {number})" if number > 1 else ""
            statement = source.returning(change.node, form.size_symbols)
            changed = replace(form, statement=statement)
            found.append(Mutant(changed, original, form, change.description + again))
    return found + list(_hypotheses(form))


def _hypotheses(form: Form) -> Iterator[Mutant]:
    for name, declaration in form.given.items():
        weaker: list[Domain | Index] = []
        if isinstance(declaration, Interval) and declaration.is_discrete:
            weaker = [Interval(0, 1, *declaration.dims, role=declaration.role)]
        elif isinstance(declaration, (Interval, Positive)):
            weaker = [Real(*declaration.dims, role=declaration.role)]
        elif isinstance(declaration, Index) and declaration.dim in form.size_symbols:
            weaker = [Index(symbol) for symbol in form.size_symbols if symbol != declaration.dim]
        for other in weaker:
            given = {**form.given, name: other}
            words = f"given {name}: {declaration.describe()} → {other.describe()}"  # type: ignore[union-attr]
            yield Mutant(replace(form, given=given), form, form, words, of_hypothesis=True)
    if form.where is not None:
        yield Mutant(replace(form, where=None), form, form, "where: dropped", of_hypothesis=True)


@dataclass(frozen=True)
class _Change:
    """A changed copy of a node, and in words what is changed in it."""

    node: ast.expr
    description: str

    def within(self, place: str) -> _Change:
        return replace(self, description=f"{place}, {self.description}")


@dataclass(frozen=True)
class _Scope:
    """What names mean at a place of a statement.

    Attributes:
        kinds: by name: "array", "size", "xp", "function", or the range of an index, "1..n".
        locals: definitions that may take the place of their names.
    """

    kinds: Mapping[str, str]
    locals: Mapping[str, ast.expr]

    def kind(self, node: ast.expr) -> str:
        """What an expression is; "size" for numbers too."""
        if isinstance(node, ast.Starred):
            return "function"  # any number of arguments: what they are is not known
        if isinstance(node, ast.Name):
            if node.id in self.locals:
                return self.kind(self.locals[node.id])
            return self.kinds.get(node.id, "function")
        if isinstance(node, ast.Lambda):
            return "function"
        if isinstance(node, (ast.Constant, ast.BinOp, ast.UnaryOp)):
            parts = [one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)]
            return "array" if any(self.kind(part) == "array" for part in parts) else "size"
        return "size" if isinstance(node, ast.Call) and _operation(node) == "T_mat" else "array"


class _Generator:
    def __init__(self, form: Form, source: StraightLine) -> None:
        self._source = source
        self._sizes = form.size_symbols
        kinds = dict.fromkeys(source.parameters, "array") | dict.fromkeys(form.size_symbols, "size")
        kinds |= {name: f"1..{index.dim}" for name, index in form.indices().items()}
        kinds[source.parameters[0]] = "xp"
        self._top = _Scope(kinds, source.locals)
        self._number = 0

    # --- relations ------------------------------------------------------------------------------

    def relations(self, node: ast.expr) -> Iterator[tuple[ast.expr, Iterator[_Change]]]:
        """Every relation of a proposition, with its changes; places are named by its number and the side."""
        if isinstance(node, ast.Name) and node.id in self._source.locals:
            yield from self.relations(self._source.locals[node.id])
            return
        maker = self._source.resolve(node.func) if isinstance(node, ast.Call) else None
        if isinstance(node, ast.Call) and maker is all_of:
            for part in node.args:
                yield from self.relations(part)
            return
        self._number += 1
        if maker not in (has_shape, vanishes):  # of a rate, as of an algorithm, the body stays
            yield node, self._of_relation(node, maker, f"relation {self._number}")

    def _of_relation(self, node: ast.expr, maker: Any, place: str) -> Iterator[_Change]:
        if not isinstance(node, ast.Call) or maker not in RELATIONS:
            yield from (change.within(place) for change in self._changes(node, self._top))
        elif maker is within:
            yield from (change.within(f"{place} bound") for change in self._bounds(node))
        else:
            if maker is at_most:
                yield _change(node, _replaced(node, args=node.args[::-1])).within(place)
            for number, side in enumerate(node.args):
                for change in self._changes(side, self._top):
                    whole = replace(change, node=_with_item(node, "args", number, change.node))
                    yield whole.within(f"{place} {('left', 'right')[number]}")

    def _bounds(self, node: ast.Call) -> Iterator[_Change]:
        for number, keyword in enumerate(node.keywords):
            for change in self._changes(keyword.value, self._top):
                yield replace(change, node=_with_keyword(node, number, change.node))
            for name in self._sizes:
                larger = ast.copy_location(
                    ast.BinOp(keyword.value, ast.Mult(), ast.Name(name, ast.Load())), keyword.value
                )
                change = _change(keyword.value, larger)
                yield replace(change, node=_with_keyword(node, number, larger))

    # --- expressions ----------------------------------------------------------------------------

    def _changes(self, node: ast.expr, scope: _Scope) -> Iterator[_Change]:
        """Every single change in an expression; what is unpacked stays."""
        if isinstance(node, ast.Starred):
            return
        present = ast.unparse(node)
        for other in self._replacements(node, scope):
            if ast.unparse(other) != present:
                yield _change(node, other)
        if isinstance(node, ast.Name) and node.id in scope.locals:
            # The definition comes here for this one occurrence; its own names mean what they mean at the top.
            yield from self._changes(scope.locals[node.id], self._top)
        elif isinstance(node, ast.Lambda):
            yield from self._in_lambda(node, scope, "array")
        elif isinstance(node, ast.Call):
            yield from self._in_call(node, scope)
        elif isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Attribute, ast.Subscript, ast.Tuple)):
            for field, value in ast.iter_fields(node):
                if isinstance(value, ast.expr):
                    for change in self._changes(value, scope):
                        yield replace(change, node=_replaced(node, **{field: change.node}))
                elif field == "elts":
                    for number, part in enumerate(value):
                        for change in self._changes(part, scope):
                            yield replace(change, node=_with_item(node, field, number, change.node))

    def _in_call(self, node: ast.Call, scope: _Scope) -> Iterator[_Change]:
        if not isinstance(node.func, ast.Name) and _operation(node) is None:
            for change in self._changes(node.func, scope):
                yield replace(change, node=_replaced(node, func=change.node))
        for number, argument in enumerate(node.args):
            if isinstance(argument, ast.Lambda) and _operation(node) in _LOOPS:
                inside = self._in_lambda(argument, scope, f"1..{ast.unparse(node.args[1])}")
            else:
                inside = self._changes(argument, scope)
            for change in inside:
                yield replace(change, node=_with_item(node, "args", number, change.node))
        for number, keyword in enumerate(node.keywords):
            for change in self._changes(keyword.value, scope):
                yield replace(change, node=_with_keyword(node, number, change.node))

    def _in_lambda(self, node: ast.Lambda, scope: _Scope, kind: str) -> Iterator[_Change]:
        names = {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
        # A definition put into the body must not be caught by the lambda's parameters.
        clash = {name: f"{name}_" for name in names & self._reached(free_names(node))}
        if clash:
            names = {clash.get(name, name) for name in names}
            arguments = copy.deepcopy(node.args)
            for one in ast.walk(arguments):
                if isinstance(one, ast.arg):
                    one.arg = clash.get(one.arg, one.arg)
            node = _replaced(node, args=arguments, body=renamed(node.body, clash))
        inner = _Scope(
            {**scope.kinds, **dict.fromkeys(names, kind)},
            {name: value for name, value in scope.locals.items() if name not in names},
        )
        for change in self._changes(node.body, inner):
            yield replace(change, node=_replaced(node, body=change.node))

    def _reached(self, names: frozenset[str]) -> frozenset[str]:
        """The names that the definitions of these locals read, through other locals too."""
        found: set[str] = set()
        waiting = [name for name in names if name in self._source.locals]
        while waiting:
            for name in free_names(self._source.locals[waiting.pop()]) - found:
                found.add(name)
                if name in self._source.locals:
                    waiting.append(name)
        return frozenset(found)

    # --- the operators --------------------------------------------------------------------------

    def _replacements(self, node: ast.expr, scope: _Scope) -> Iterator[ast.expr]:
        """What may stand in the place of an expression, its parts being as they are."""
        if isinstance(node, ast.BinOp):
            yield from self._of_operation(node, scope)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield node.operand
        elif isinstance(node, ast.Constant):
            yield from (ast.Constant(value) for value in _other_numbers(node.value))
        elif isinstance(node, ast.Name) and node.id not in scope.locals:
            kind = scope.kinds.get(node.id)
            if kind == "size" or (kind is not None and kind.startswith("1..")):
                others = (name for name, one in scope.kinds.items() if one == kind and name != node.id)
                yield from (ast.Name(name, ast.Load()) for name in others)
        elif isinstance(node, ast.Attribute) and node.attr == "T":
            yield node.value
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
            yield _replaced(node, slice=_replaced(node.slice, elts=node.slice.elts[::-1]))
        elif isinstance(node, ast.Call):
            yield from self._of_call(node, scope)

    def _of_operation(self, node: ast.BinOp, scope: _Scope) -> Iterator[ast.expr]:
        """Sign flipped; term or factor dropped; an operand transposed."""
        if type(node.op) in _SIGNS:
            yield _replaced(node, op=_SIGNS[type(node.op)]())
        if isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.MatMult, ast.Div)):
            yield node.left
        if isinstance(node.op, (ast.Add, ast.Mult, ast.MatMult)):
            yield node.right
        elif isinstance(node.op, ast.Sub):
            yield ast.UnaryOp(ast.USub(), node.right)
        for field in ("left", "right"):
            operand: ast.expr = getattr(node, field)
            if scope.kind(operand) == "array" and not _is_transpose(operand):
                yield _replaced(node, **{field: _transpose(operand)})

    def _of_call(self, node: ast.Call, scope: _Scope) -> Iterator[ast.expr]:
        """An exponential or the weights of rows dropped; two arguments swapped; one transposed."""
        operation = _operation(node)
        if operation in ("exp", "scale_rows"):
            yield node.args[-1]
        kinds = [scope.kind(one) for one in node.args]
        for first, kind in enumerate(kinds):
            for second in range(first + 1, len(kinds)):
                if kind in ("xp", "function") or kinds[second] != kind:
                    continue
                swapped = list(node.args)
                swapped[first], swapped[second] = swapped[second], swapped[first]
                yield _replaced(node, args=swapped)
            if kind == "array" and not _is_transpose(node.args[first]):
                yield _with_item(node, "args", first, _transpose(node.args[first]))


def _other_numbers(value: Any) -> tuple[Any, ...]:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ()
    if isinstance(value, float):
        return (2 * value,)
    return (value + 1, value - 1) if value > 1 else (value + 1,)


def _operation(node: ast.Call) -> str | None:
    """The name in ``xp.name(...)``."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else None


def _is_transpose(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "T"


def _transpose(node: ast.expr) -> ast.expr:
    return ast.copy_location(ast.Attribute(node, "T", ast.Load()), node)


def _replaced(node: Any, **fields: Any) -> Any:
    """A copy of a node with other fields; nodes are shared between mutants and never changed."""
    other = copy.copy(node)
    for field, value in fields.items():
        setattr(other, field, value)
    return other


def _with_item(node: Any, field: str, number: int, item: ast.expr) -> Any:
    items = list(getattr(node, field))
    items[number] = item
    return _replaced(node, **{field: items})


def _with_keyword(node: ast.Call, number: int, value: ast.expr) -> Any:
    keywords = list(node.keywords)
    keywords[number] = _replaced(keywords[number], value=value)
    return _replaced(node, keywords=keywords)


def _change(before: ast.expr, after: ast.expr) -> _Change:
    after = ast.copy_location(after, before)
    return _Change(after, f"line {before.lineno}: {ast.unparse(before)} → {ast.unparse(after)}")
