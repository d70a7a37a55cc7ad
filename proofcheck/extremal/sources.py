"""Where a relation stands in a statement's Python source."""

from __future__ import annotations

import ast
import textwrap

from proofcheck.checks.cost import atoms_of_shapes
from proofcheck.claims.claim import Form
from proofcheck.errors import ProofcheckError

__all__ = ["relation_source"]

_RELATIONS = ("equal", "at_most", "has_shape", "within", "bounded", "vanishes")


def relation_source(form: Form, number: int) -> str:
    """One relation as the statement writes it, on one line and without its ``gap``.

    A helper that makes several relations stands for each of them.  Empty where that cannot be seen.

    Args:
        form: whose statement.
        number: of the relation, from 1.
    """
    try:
        tree = ast.parse(textwrap.dedent(form.source))
        total = len(list(atoms_of_shapes(form)))
    except (SyntaxError, ProofcheckError):
        return ""
    calls = _returned(tree)
    # A name, or what is unpacked, may be any number of relations too.
    unknown = [k for k, call in enumerate(calls) if _name(call) not in _RELATIONS]
    if len(unknown) > 1:
        # What each of them makes is not known: only what stands before the first is.
        calls = calls[: unknown[0]]
    elif unknown:
        (k,) = unknown
        calls = [*calls[:k], *[calls[k]] * (total - len(calls) + 1), *calls[k + 1 :]]
    return _words(calls[number - 1]) if number <= len(calls) else ""


def _returned(tree: ast.Module) -> list[ast.expr]:
    """What a function returns: the arguments of all_of, or the one call."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    returns = [node for node in functions[-1].body if isinstance(node, ast.Return)] if functions else []
    value = returns[-1].value if returns else None
    if not isinstance(value, ast.Call):
        return []
    if _name(value) != "all_of":
        return [value]
    return list(value.args)


def _name(part: ast.expr) -> str:
    """The name of the function that is called; empty for anything else."""
    return part.func.id if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) else ""


def _words(call: ast.expr) -> str:
    if not isinstance(call, ast.Call):
        return ""
    kept = [word for word in call.keywords if word.arg != "gap"]
    return ast.unparse(ast.Call(call.func, call.args, kept))
