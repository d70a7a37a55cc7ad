"""The inputs of a loss as one vector of float64, and back into what its function takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from proofcheck.errors import UserInputError
from proofcheck.gradcheck.libraries import Library, TorchLibrary, XpLibrary, library_of

__all__ = ["Block", "Inputs", "gather", "takes_xp"]

Values = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Block:
    """One input within the vector.

    Attributes:
        name: for readers.
        key: its position or name in the user's structure; None if the inputs are a single array.
        shape: of the array.
        start, stop: where its entries are.
        like: the user's own array.
    """

    name: str
    key: str | int | None
    shape: tuple[int, ...]
    start: int
    stop: int
    like: Any

    @property
    def within(self) -> slice:
        """Where its entries are."""
        return slice(self.start, self.stop)

    def coordinate(self, position: int) -> str:
        """The name of one entry of the vector, such as ``X[3, 2]``; indices from 0."""
        if not self.shape:
            return self.name
        index = np.unravel_index(position - self.start, self.shape)
        return f"{self.name}[{', '.join(str(int(k)) for k in index)}]"


@dataclass(frozen=True)
class Inputs:
    """All inputs.

    Attributes:
        structure: ``"one"`` array, a ``"tuple"`` of positional ones or a ``"dict"`` of keywords.
        blocks: those that the gradient is in.
        flat: their values, float64.
        library: whose arrays they are.
        fixed: keyword inputs that the gradient is not in, and sizes.
        notes: what is to be said about them.
        bare: the gradient may be one array instead of a dict with one.
    """

    structure: str
    blocks: tuple[Block, ...]
    flat: Values
    library: Library
    fixed: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    bare: bool = False

    def call(self, function: Callable[..., Any], flat: Values) -> Any:
        """Call a function at a point; it gets arrays of its own."""
        flat = flat.copy()
        made = [self.library.make(flat[b.within].reshape(b.shape), b.like) for b in self.blocks]
        if self.structure == "dict":
            named = {str(b.key): value for b, value in zip(self.blocks, made, strict=True)}
            return function(**named, **self._fixed(flat.dtype))
        return function(*made, **self._fixed(flat.dtype))

    def _fixed(self, dtype: Any) -> dict[str, Any]:
        made = {}
        for name, value in self.fixed.items():
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                low = dtype == np.float32
                value = self.library.make(value.astype(np.float32) if low else value.copy(), value)
            made[name] = value
        return made

    def block_of(self, position: int) -> Block:
        """The input that an entry of the vector belongs to."""
        return next(b for b in self.blocks if b.start <= position < b.stop)

    def coordinate(self, position: int) -> str:
        """The name of an entry of the vector."""
        return self.block_of(position).coordinate(position)


def takes_xp(function: object) -> bool:
    """Whether a function is written against ``xp``: its first parameter is called that."""
    try:
        parameters = list(inspect.signature(function).parameters)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return parameters[:1] == ["xp"]


def gather(
    loss: Callable[..., Any],
    inputs: Any,
    *,
    names: Sequence[str] | None = None,
    wrt: Sequence[str] | str | None = None,
    sizes: Mapping[str, int] | None = None,
) -> Inputs:
    """Check the inputs and lay them out as one vector.

    Args:
        loss: the loss, whose parameters name positional inputs.
        inputs: an array, a tuple of arrays or a dict of arrays.
        names: for the report, one for each input.
        wrt: of a dict, the names that the gradient is in.
        sizes: further keyword arguments of a loss of ``xp``: the sizes by name.

    Raises:
        UserInputError: no arrays, of several libraries, of integers, empty, not finite, or with other names.
    """
    structure, given = _items(loss, inputs, names)
    chosen = _chosen(given, structure, wrt)
    xp = takes_xp(loss)
    library: Library | None = None
    blocks: list[Block] = []
    parts: list[Values] = []
    fixed: dict[str, Any] = dict(sizes or {})
    notes: list[str] = []
    for key, (name, value) in given.items():
        own = library_of(name, value)
        if library is None:
            library = own
        elif type(own) is not type(library):
            raise UserInputError(
                f"the inputs come from different libraries ({next(iter(given.values()))[0]}: {library.name}, "
                f"{name}: {own.name}); convert them to one"
            )
        if key not in chosen:
            fixed[str(key)] = np.asarray(own.to_numpy(value), dtype=np.float64) if xp else value
            continue
        values, note = _values(name, own.to_numpy(value))
        notes += [note] if note else []
        start = blocks[-1].stop if blocks else 0
        like = value if isinstance(own, TorchLibrary) else None
        blocks.append(Block(name, key, values.shape, start, start + values.size, like))
        parts.append(values.reshape(-1))
    assert library is not None
    if xp:
        library = XpLibrary()
    bare = structure == "dict" and wrt is not None and len(blocks) == 1
    return Inputs(structure, tuple(blocks), np.concatenate(parts), library, fixed, tuple(notes), bare)


Given = dict[Any, tuple[str, Any]]


def _items(loss: Callable[..., Any], inputs: Any, names: Sequence[str] | None) -> tuple[str, Given]:
    if isinstance(inputs, Mapping):
        if not all(isinstance(key, str) for key in inputs):
            raise UserInputError("inputs is a dict with keys that are not names; expected names of arguments")
        if names is not None:
            raise UserInputError("names is for inputs that are an array or a tuple; a dict has its own names")
        found: Given = {key: (key, value) for key, value in inputs.items()}
        structure = "dict"
    elif isinstance(inputs, tuple):
        words = list(names) if names is not None else _parameters(loss, len(inputs))
        _check_names(words, len(inputs))
        found = {k: (word, value) for k, (word, value) in enumerate(zip(words, inputs, strict=True))}
        structure = "tuple"
    else:
        words = list(names) if names is not None else _parameters(loss, 1)
        _check_names(words, 1)
        found = {None: (words[0], inputs)}
        structure = "one"
    if not found:
        raise UserInputError("inputs is empty; expected at least one array")
    return structure, found


def _check_names(names: Sequence[str], count: int) -> None:
    if len(names) != count or len(set(names)) != count:
        raise UserInputError(f"names={list(names)!r}: expected {count} different names, one for each input")


def _parameters(loss: Callable[..., Any], count: int) -> list[str]:
    """Names of positional inputs: the loss's own parameters where it has them."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = list(inspect.signature(loss).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    found = [p.name for p in parameters if p.kind in positional]
    if found[:1] == ["xp"]:
        found = found[1:]
    if len(found) >= count:
        return found[:count]
    return ["inputs"] if count == 1 else [f"inputs[{k}]" for k in range(count)]


def _chosen(given: Given, structure: str, wrt: Sequence[str] | str | None) -> set[Any]:
    if wrt is None:
        return set(given)
    chosen = {wrt} if isinstance(wrt, str) else set(wrt)
    if structure != "dict" or not chosen or not chosen <= set(given):
        raise UserInputError(
            f"wrt={wrt!r}: expected names of inputs, which are then a dict of arrays by name"
        )
    return chosen


def _values(name: str, values: Values) -> tuple[Values, str | None]:
    """One input as float64, with a note if it was not."""
    kind = values.dtype.kind
    if kind == "c":
        raise UserInputError(f"{name} is complex ({values.dtype}); expected real numbers: pass its two parts")
    if kind != "f":
        raise UserInputError(
            f"{name} has dtype {values.dtype}; expected float64: convert it, as in {name}.astype('float64'), "
            "for a derivative needs inputs that can move a little"
        )
    if not values.size:
        raise UserInputError(f"{name} is empty (shape {values.shape}); expected at least one entry")
    if not np.all(np.isfinite(values)):
        raise UserInputError(f"{name} has an entry that is not finite (NaN or infinite); remove it")
    note = None
    if values.dtype != np.float64:
        note = f"{name} is {values.dtype}; it was checked at float64, where the derivative can be measured"
    return np.array(values, dtype=np.float64, order="C"), note
