"""A statement's syntax as local definitions and one returned expression, and functions made of that again.

Statements share work through locals: ``f = f_row(...)`` may feed both sides of an equation.  To look
at one occurrence alone, its definition must be put in its place; here is what tells where that can be
done.  Helpers of its module that make the relations (``return sanity(xp, X, n)``), name several values at
once (``f, c, p = parts(...)``) or are private and give a side (``equal(..., _right_side(...))``) are
opened, so that their bodies count as the statement's own.
"""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

from proofcheck.claims.proposition import all_of, at_most, equal, has_shape, vanishes, within
from proofcheck.errors import UserInputError

__all__ = ["RELATIONS", "StraightLine", "free_names", "renamed", "straight_line"]

RELATIONS = (equal, at_most, has_shape, vanishes, within)
_SCOPES = (ast.Lambda, ast.FunctionDef, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def free_names(node: ast.AST) -> frozenset[str]:
    """The names read in a node that it does not bind itself."""
    if isinstance(node, ast.Name):
        return frozenset({node.id}) if isinstance(node.ctx, ast.Load) else frozenset()
    found: set[str] = set()
    for child in ast.iter_child_nodes(node):
        found |= free_names(child)
    return frozenset(found - _bound(node)) if isinstance(node, _SCOPES) else frozenset(found)


def _bound(scope: ast.AST) -> set[str]:
    """The names a lambda, a function or a comprehension binds for its body."""
    if isinstance(scope, ast.Lambda):
        return {one.arg for one in ast.walk(scope.args) if isinstance(one, ast.arg)}
    names = _stored(scope)
    if isinstance(scope, ast.FunctionDef):
        names |= {one.arg for one in ast.walk(scope.args) if isinstance(one, ast.arg)}
        names -= {scope.name}
    return names


def _stored(node: ast.AST) -> set[str]:
    stored = {
        one.id for one in ast.walk(node) if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)
    }
    return stored | {one.name for one in ast.walk(node) if isinstance(one, ast.FunctionDef)}


class _Rename(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, _SCOPES):
            inner = {old: new for old, new in self._names.items() if old not in _bound(node)}
            _Rename(inner).generic_visit(node)
            if isinstance(node, ast.FunctionDef):
                node.name = self._names.get(node.name, node.name)
            return node
        if isinstance(node, ast.Name):
            node.id = self._names.get(node.id, node.id)
            return node
        return self.generic_visit(node)


def renamed(node: Any, names: Mapping[str, str]) -> Any:
    """A copy of a node with its free names replaced."""
    return _Rename(names).visit(copy.deepcopy(node))


def _parsed(function: Callable[..., Any]) -> ast.FunctionDef | None:
    """The definition of a function, with the line numbers of its file; None if it cannot be had."""
    try:
        lines, first = inspect.getsourcelines(function)
        (definition,) = ast.parse(textwrap.dedent("".join(lines))).body
    except (OSError, TypeError, ValueError, SyntaxError):
        return None
    if not isinstance(definition, ast.FunctionDef):
        return None
    ast.increment_lineno(definition, first - 1)
    return definition


def _split(definition: ast.FunctionDef) -> tuple[list[ast.stmt], ast.expr] | None:
    """What is done before the end, and the one expression returned; None if it is not so."""
    *before, last = definition.body
    returns = sum(isinstance(node, ast.Return) for stmt in definition.body for node in _own(stmt))
    if not isinstance(last, ast.Return) or last.value is None or returns != 1:
        return None
    return [one for one in before if not _is_docstring(one)], last.value


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """A statement and what is in it, without the bodies of local functions."""
    yield node
    if not isinstance(node, (ast.FunctionDef, ast.Lambda)):
        for child in ast.iter_child_nodes(node):
            yield from _own(child)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


@dataclass(frozen=True)
class StraightLine:
    """A function as statements and one returned expression.

    Attributes:
        function: the function it was read from.
        definition: its syntax.
        statements: what comes before the return, with helpers opened.
        result: the returned expression, with helpers opened.
        locals: definitions of the names that may be replaced by them.
    """

    function: FunctionType
    definition: ast.FunctionDef
    statements: tuple[ast.stmt, ...]
    result: ast.expr
    locals: Mapping[str, ast.expr]

    def resolve(self, node: ast.expr) -> Any:
        """The global object a name stands for; None for locals, parameters and anything else."""
        if isinstance(node, ast.Name) and node.id not in self.locals and node.id not in self.parameters:
            return self.function.__globals__.get(node.id)
        return None

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters."""
        return tuple(one.arg for one in ast.walk(self.definition.args) if isinstance(one, ast.arg))

    def returning(self, result: ast.expr, sizes: Sequence[str] = ()) -> FunctionType:
        """The function with another returned expression; locals it does not need are not computed.

        Args:
            result: the expression.
            sizes: names that become parameters if the expression reads them and nothing binds them.
        """
        definition = copy.deepcopy(self.definition)
        for name in sizes:
            if name in free_names(result) and name not in self.parameters:
                definition.args.kwonlyargs.append(ast.arg(name))
                definition.args.kw_defaults.append(None)
        definition.decorator_list, definition.returns = [], None
        for parameter in ast.walk(definition.args):
            if isinstance(parameter, ast.arg):
                parameter.annotation = None
        definition.body = [*self._needed(result), ast.Return(result)]
        old = self.function.__code__
        outer: ast.stmt = definition
        if old.co_freevars:
            # Inside a function with these as parameters, the compiler sees what the closure holds.
            outer = copy.copy(definition)
            parameters = [ast.arg(name) for name in old.co_freevars]
            outer.name, outer.body = "_", [definition]
            outer.args = ast.arguments([], parameters, None, [], [], None, [])
        module = ast.fix_missing_locations(ast.Module([outer], []))
        code = compile(module, "<mutant>", "exec", dont_inherit=True)
        if old.co_freevars:
            code = _code_named("_", code)
        code = _code_named(definition.name, code)
        cells = dict(zip(old.co_freevars, self.function.__closure__ or (), strict=True))
        made = FunctionType(
            code,
            self.function.__globals__,
            definition.name,
            self.function.__defaults__,
            tuple(cells[name] for name in code.co_freevars),
        )
        made.__kwdefaults__ = self.function.__kwdefaults__
        return made

    def _needed(self, result: ast.expr) -> list[ast.stmt]:
        needed = set(free_names(result))
        kept: list[ast.stmt] = []
        for statement in reversed(self.statements):
            if isinstance(statement, (ast.Assign, ast.FunctionDef)) and not _stored(statement) & needed:
                continue
            needed |= free_names(statement)
            kept.append(statement)
        return kept[::-1]


def _code_named(name: str, code: CodeType) -> CodeType:
    return next(one for one in code.co_consts if isinstance(one, CodeType) and one.co_name == name)


def straight_line(function: Callable[..., Any], words: str) -> StraightLine:
    """Read a statement.

    Args:
        function: the statement.
        words: what it is, for a message.

    Raises:
        UserInputError: it is no function with readable source that ends in its one return.
    """
    definition = _parsed(function)
    parts = _split(definition) if definition is not None else None
    if not isinstance(function, FunctionType) or definition is None or parts is None:
        raise UserInputError(
            f"{words} cannot be audited: its statement must be a function defined with 'def' in a source "
            "file, with one return, at its end"
        )
    opener = _Opener(function, definition)
    for statement in parts[0]:
        opener.add(statement)
    result = opener.proposition(parts[1])
    statements = tuple(opener.statements)
    return StraightLine(function, definition, statements, result, _inlinable(statements))


def _inlinable(statements: tuple[ast.stmt, ...]) -> dict[str, ast.expr]:
    """Names assigned once, from what does not change afterwards."""
    nodes = [node for statement in statements for node in _own(statement)]
    times = Counter(
        node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    )
    times += Counter(node.name for node in nodes if isinstance(node, ast.FunctionDef))
    changing = {name for name, count in times.items() if count > 1}
    found: dict[str, ast.expr] = {}
    for statement in statements:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name, names = statement.targets[0].id, free_names(statement.value)
            if len(statement.targets) == 1 and not ({name} | names) & changing:
                found[name] = statement.value
    return found


class _Opener:
    """Collects the statements of a function while opening helpers."""

    def __init__(self, function: FunctionType, definition: ast.FunctionDef) -> None:
        self._globals = function.__globals__
        self._own = {one.arg for one in ast.walk(definition.args) if isinstance(one, ast.arg)}
        self._own |= _stored(definition)
        self._taken = _all_names(definition)
        self.statements: list[ast.stmt] = []

    def add(self, statement: ast.stmt) -> None:
        """Add a statement; several names assigned at once become one assignment each."""
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if not isinstance(statement, ast.Assign) or not isinstance(target, ast.Tuple):
            self.statements.append(statement)
            return
        value = statement.value
        opened = self._opened(value) if isinstance(value, ast.Call) else None
        value = opened or value
        names = _stored(statement)
        if (
            isinstance(value, ast.Tuple)
            and len(value.elts) == len(target.elts)
            and all(isinstance(one, ast.Name) for one in target.elts)
            and not names & free_names(value)
        ):
            for one, part in zip(target.elts, value.elts, strict=True):
                self.statements.append(ast.copy_location(ast.Assign([one], part), statement))
        else:
            self.statements.append(ast.copy_location(ast.Assign([target], value), statement))

    def proposition(self, node: ast.expr) -> ast.expr:
        """A returned expression with the helpers that make its relations opened."""
        if not isinstance(node, ast.Call):
            return node
        if self._global(node.func) is all_of:
            parts = [self.proposition(one) for one in node.args]
            return ast.copy_location(ast.Call(node.func, parts, node.keywords), node)
        if self._global(node.func) in RELATIONS:
            return ast.copy_location(
                ast.Call(node.func, [self._side(one) for one in node.args], node.keywords), node
            )
        opened = self._opened(node)
        return node if opened is None else self.proposition(opened)

    def _side(self, node: ast.expr) -> ast.expr:
        """A side of a relation; a private helper that it is the value of is opened, being a part of it."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.startswith("_"):
            opened = self._opened(node)
            return node if opened is None else self._side(opened)
        return node

    def _global(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Name) and node.id not in self._own:
            return self._globals.get(node.id)
        return None

    def _opened(self, call: ast.Call) -> ast.expr | None:
        """What a helper of the same module returns, after adding its statements; None if it stays shut."""
        helper = self._global(call.func)
        if not isinstance(helper, FunctionType) or helper.__globals__ is not self._globals:
            return None
        definition = _parsed(helper)
        parts = _split(definition) if definition is not None else None
        if definition is None or parts is None or helper.__closure__:
            return None
        signature = inspect.signature(helper)
        try:
            keywords = {one.arg or "**": one.value for one in call.keywords}
            bound = signature.bind(*call.args, **keywords).arguments
        except TypeError:
            return None
        starred = any(isinstance(one, ast.Starred) for one in call.args)
        gathers = any(
            one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) for one in signature.parameters.values()
        )
        # What it calls a global must not be a local here.
        clash = (free_names(definition) - {definition.name}) & self._own
        if starred or gathers or clash or set(bound) != set(signature.parameters):
            return None
        # A parameter that is given under its own name stays; every other name becomes a fresh local.
        same = {name for name, value in bound.items() if isinstance(value, ast.Name) and value.id == name}
        local = {one for statement in parts[0] for one in _stored(statement)} - same
        used = _all_names(definition)
        fresh = {name: self._fresh(name, used) for name in sorted((set(bound) | local) - same)}
        self._taken |= used
        for name, value in bound.items():
            if name not in same:
                self.statements.append(
                    ast.copy_location(ast.Assign([ast.Name(fresh[name], ast.Store())], value), call)
                )
        for statement in parts[0]:
            self.add(renamed(statement, fresh))
        result: ast.expr = renamed(parts[1], fresh)
        return result

    def _fresh(self, name: str, used: set[str]) -> str:
        free, number = name, 2
        while free in self._taken or (free != name and free in used):
            free, number = f"{name}_{number}", number + 1
        self._taken.add(free)
        self._own.add(free)
        return free


def _all_names(node: ast.AST) -> set[str]:
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return names | {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)} | _stored(node)
