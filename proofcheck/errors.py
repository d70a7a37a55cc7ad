"""The exceptions proofcheck raises on purpose.

Everything derives from :class:`ProofcheckError`.  The command line turns a
:class:`UserInputError` into one line and exit code 2; an :class:`IllFormedError` is not a
failure of the program but a finding about a statement.
"""

from __future__ import annotations

__all__ = [
    "ApproximationError",
    "ClaimDefinitionError",
    "DeclarationError",
    "EmptyDomainError",
    "FreeSymbolError",
    "IllFormedError",
    "IndexRangeError",
    "MissingExtraError",
    "OutsideCalculusError",
    "ProofcheckError",
    "ShapeError",
    "UserInputError",
]


class ProofcheckError(Exception):
    """Base of every exception this package raises on purpose."""


class UserInputError(ProofcheckError):
    """An argument, file or option that cannot be used; the message says what to change."""


class MissingExtraError(UserInputError):
    """Something optional is not installed; the message has the line that installs it."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback: the one line."""
        return [str(self)]


class ApproximationError(UserInputError):
    """A numeric method cannot give what is asked of it; the message says what it can give."""


class ClaimDefinitionError(ProofcheckError):
    """A claim is declared wrongly: duplicate id, unknown ``uses``, cycle, missing source."""


class OutsideCalculusError(ProofcheckError):
    """An expression that a namespace cannot represent exactly; the check answers UNKNOWN."""


class EmptyDomainError(ProofcheckError):
    """No input meets a claim's assumptions; the claim is *vacuous*."""


class IllFormedError(ProofcheckError):
    """The statement, as written, does not denote anything."""


class ShapeError(IllFormedError):
    """Two shapes do not fit."""


class IndexRangeError(IllFormedError):
    """An index lies outside the range of the dimension it is used for."""


class FreeSymbolError(IllFormedError):
    """A symbol that nothing declares."""


class DeclarationError(IllFormedError):
    """A symbol with contradictory declarations."""
