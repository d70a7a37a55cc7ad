"""The loss and the gradient under check: called at any point and level, values checked, calls counted."""

from __future__ import annotations

import contextlib
import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from proofcheck.errors import UserInputError
from proofcheck.gradcheck.extended import NotAdmittedError, Numbers
from proofcheck.gradcheck.inputs import Inputs
from proofcheck.gradcheck.result import Place
from proofcheck.loading import one_line

__all__ = ["Subject", "UnavailableError", "place_of"]

Values = np.ndarray[Any, Any]


class UnavailableError(Exception):
    """A function raised, or gave no finite number, at a point of our own choosing."""


def place_of(function: Any) -> Place:
    """Where a function is defined, as far as that can be had."""
    function = inspect.unwrap(function) if callable(function) else function
    while hasattr(function, "func") and callable(function.func):  # functools.partial
        function = function.func
    name = getattr(function, "__name__", None) or type(function).__name__
    try:
        return Place(name, inspect.getsourcefile(function), inspect.getsourcelines(function)[1])
    except (OSError, TypeError):
        return Place(name)


def _not_admitted(error: Exception) -> NotAdmittedError:
    """The error as it is told of a point with many digits."""
    return error if isinstance(error, NotAdmittedError) else NotAdmittedError(one_line(error))


class Subject:
    """A loss and its alleged gradient.

    Args:
        loss: of the inputs.
        grad: of the same.
        inputs: where they are given.

    Attributes:
        functions: the user's own, by role.
    """

    def __init__(self, loss: Callable[..., Any], grad: Callable[..., Any], inputs: Inputs) -> None:
        self.inputs = inputs
        self.library = inputs.library
        self.loss_place, self.grad_place = place_of(loss), place_of(grad)
        self.calls = {"loss": 0, "grad": 0}
        #: The gradient returns one array instead of a dict with one.
        self.bare = False
        self.functions = {"loss": loss, "grad": grad}
        self._ready = {role: self.library.prepare(own, None) for role, own in self.functions.items()}
        self._numbers: Numbers | None = None
        self._with_digits: dict[str, Callable[..., Any]] = {}

    @property
    def numbers(self) -> Numbers:
        """The numbers of the level ``extended``."""
        assert self._numbers is not None
        return self._numbers

    def use(self, numbers: Numbers) -> None:
        """Take these numbers for the level ``extended``."""
        self._numbers = numbers
        self._with_digits = {role: self.library.prepare(own, numbers) for role, own in self.functions.items()}

    def compile(self) -> None:
        """Replace the functions by compiled ones where the library has that and they give the same."""
        for role in ("loss", "grad"):
            faster = self.library.faster(self.functions[role])
            if faster is None:
                continue
            try:
                # What the tracer makes of side effects and branches, only trying can tell.
                with self.library.scope():
                    self.inputs.call(faster, self.inputs.flat)
            except Exception:
                continue
            self._ready[role] = faster

    def _call(self, role: str, flat: Values) -> Any:
        self.calls[role] += 1
        function = self._with_digits[role] if flat.dtype == object else self._ready[role]
        return self.inputs.call(function, flat)

    @contextlib.contextmanager
    def moved_constants(self, rng: np.random.Generator) -> Iterator[bool]:
        """For a while, functions with constant arrays moved in the last place; whether there are any."""
        mover = self.library.mover(rng)
        if mover is None:
            yield False
            return
        ready = self._ready
        self._ready = {role: mover.function(own) for role, own in self.functions.items()}
        try:
            yield mover.moved > 0
        finally:
            self._ready = ready

    # The point given: whatever is wrong here is the user's to mend.

    def first_loss(self) -> float:
        """The loss at the point given.

        Raises:
            UserInputError: it raises, or gives anything but one finite real number, or changes its inputs.
        """
        value = self._guarded("loss")
        if value is None:
            raise UserInputError("loss returned None; expected a number: does it end in a return statement?")
        array = self._array("loss", value)
        if array.shape != ():
            raise UserInputError(
                f"loss returned an array of shape {array.shape}; expected a single number: add its "
                "entries up, as in value.sum()"
            )
        if array.dtype.kind == "c":
            raise UserInputError(f"loss returned a complex number, {array[()]}; expected a real one")
        if array.dtype.kind not in "fiu":
            raise UserInputError(f"loss returned a value of type {array.dtype}; expected a real number")
        number = float(array)
        if not math.isfinite(number):
            raise UserInputError(f"loss is {number} at the inputs given; expected a finite number")
        return number

    def first_grad(self) -> Values:
        """The gradient at the point given, as one vector; infinite and NaN entries are let through.

        Raises:
            UserInputError: it raises, or differs from the inputs in structure, shape or kind of number.
        """
        value = self._guarded("grad")
        return np.concatenate(
            [self._part(block, one) for block, one in zip(self.inputs.blocks, self.parts(value), strict=True)]
        )

    def _guarded(self, role: str) -> Any:
        """Call a function at the point given, and see that it leaves its inputs alone."""
        flat = self.inputs.flat
        passed: list[Any] = []

        def watched(*values: Any, **named: Any) -> Any:
            passed.extend(values)
            passed.extend(named[str(b.key)] for b in self.inputs.blocks if str(b.key) in named)
            return self._ready[role](*values, **named)

        self.calls[role] += 1
        try:
            value = self.inputs.call(watched, flat)
        except UserInputError:
            raise
        except Exception as error:
            raise UserInputError(f"{role} raised {one_line(error)} at the inputs given") from error
        for block, after in zip(self.inputs.blocks, passed, strict=True):
            now = self.library.to_numpy(after).reshape(-1)
            if now.dtype != object and not np.array_equal(now, flat[block.within]):
                raise UserInputError(
                    f"{role} changes its input {block.name} in place; expected it to be left alone: "
                    "copy it first"
                )
        return value

    def _array(self, role: str, value: Any) -> Values:
        try:
            return self.library.to_numpy(value)
        except Exception as error:
            raise UserInputError(
                f"{role} returned a {type(value).__name__}, which is no number and no array"
            ) from error

    def parts(self, value: Any) -> list[Any]:
        """What the gradient returned, input by input."""
        blocks, structure = self.inputs.blocks, self.inputs.structure
        if value is None:
            raise UserInputError("grad returned None; expected arrays: does it end in a return statement?")
        if structure == "one":
            if isinstance(value, (tuple, list, Mapping)):
                raise UserInputError(
                    f"grad returned a {type(value).__name__}; expected one array, as the inputs are one array"
                )
            return [value]
        if structure == "tuple":
            if not isinstance(value, (tuple, list)) or len(value) != len(blocks):
                got = (
                    f"{len(value)} values"
                    if isinstance(value, (tuple, list))
                    else f"a {type(value).__name__}"
                )
                raise UserInputError(
                    f"grad returned {got}; expected a tuple of {len(blocks)}, one for each input"
                )
            return list(value)
        self.bare = self.inputs.bare and not isinstance(value, Mapping)
        if self.bare:
            return [value]
        names = [str(b.key) for b in blocks]
        if not isinstance(value, Mapping):
            raise UserInputError(
                f"grad returned a {type(value).__name__}; expected a dict with the keys {', '.join(names)}"
            )
        if set(value) != set(names):
            raise UserInputError(
                f"grad returned the keys {', '.join(map(str, value))}; expected {', '.join(names)}, "
                "as the inputs have"
            )
        return [value[name] for name in names]

    def _part(self, block: Any, value: Any) -> Values:
        array = self._array("grad", value)
        where = f"grad in {block.name}"
        if array.shape != block.shape:
            hint = "; it seems to be transposed" if array.T.shape == block.shape else ""
            raise UserInputError(
                f"{where} has shape {array.shape}; expected {block.shape}, the input's{hint}"
            )
        if array.dtype.kind in "iu":
            raise UserInputError(
                f"{where} has dtype {array.dtype}; expected float64: integers lose what is behind the point"
            )
        if array.dtype.kind != "f":
            raise UserInputError(f"{where} has dtype {array.dtype}; expected real numbers (float64)")
        return np.asarray(array, dtype=np.float64).reshape(-1)

    # Points of our own choosing: what is wrong there is passed over.

    def loss(self, flat: Values) -> Any:
        """The loss at a point, in the kind of number of the point; NaN where it has none."""
        try:
            value = self._call("loss", flat)
            if flat.dtype == object:
                return self._digits(np.asarray(self.library.to_numpy(value), dtype=object)[()])
            return float(value) if isinstance(value, (float, int)) else float(self.library.to_numpy(value))
        except Exception as error:
            if flat.dtype == object:
                raise _not_admitted(error) from error
            return math.nan

    def _digits(self, value: Any) -> Any:
        if not self.numbers.is_one(value):
            if isinstance(value, (int, float, np.integer, np.floating)):  # a loss that is constant here
                return self.numbers.number(float(value))
            raise NotAdmittedError(f"it gives a {type(value).__name__}")
        return value

    def grad(self, flat: Values) -> Values:
        """The gradient at a point, as a vector of the kind of number of the point.

        Raises:
            UnavailableError: it raises, or returns another structure.
            NotAdmittedError: the same, with many digits.
        """
        try:
            value = self._call("grad", flat)
            parts = self.parts(value)
            kind: Any = object if flat.dtype == object else flat.dtype
            made = []
            for block, one in zip(self.inputs.blocks, parts, strict=True):
                array = np.asarray(self.library.to_numpy(one), dtype=kind)
                if array.shape != block.shape:
                    raise UserInputError(
                        f"grad in {block.name} has shape {array.shape}; expected {block.shape}"
                    )
                made.append(array.reshape(-1))
            whole = np.concatenate(made)
        except Exception as error:
            if flat.dtype == object:
                raise _not_admitted(error) from error
            # Numbers with many digits may be what a function has kept from an earlier call.
            raise UnavailableError(one_line(error)) from error
        if flat.dtype == object:
            for k, entry in enumerate(whole):
                whole[k] = self._digits_of_grad(entry)
        return whole

    def _digits_of_grad(self, value: Any) -> Any:
        if self.numbers.is_one(value):
            return value
        # A constant of the function, or of an array that it made: inputs cannot have become floats.
        if isinstance(value, (int, float, np.integer, np.floating)):
            return self.numbers.number(float(value))
        raise NotAdmittedError(f"it gives a {type(value).__name__}")

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """What must hold around every call; warnings about overflow at far points are no news."""
        import warnings

        with self.library.scope(), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            yield
