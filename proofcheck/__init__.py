"""proofcheck: check a theory paper's claims one by one, symbolically and numerically."""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proofcheck.claims import (
        Bits,
        Claim,
        HalfMax,
        Index,
        Interval,
        Kind,
        Level,
        Positive,
        Real,
        all_of,
        at_most,
        bounded,
        equal,
        has_shape,
        vanishes,
        within,
    )
    from proofcheck.gradcheck import GradcheckReport, gradcheck
    from proofcheck.numeric.gradient import attention_gradient
    from proofcheck.verify import verify

__all__ = [
    "Bits",
    "Claim",
    "GradcheckReport",
    "HalfMax",
    "Index",
    "Interval",
    "Kind",
    "Level",
    "Positive",
    "Real",
    "all_of",
    "at_most",
    "attention_gradient",
    "bounded",
    "equal",
    "gradcheck",
    "has_shape",
    "vanishes",
    "verify",
    "within",
]

# What is not of proofcheck.claims. Imported when first asked for: pytest loads the plugin, and with it this
# package, in every project of an environment.
_HOMES = {
    "GradcheckReport": "proofcheck.gradcheck",
    "attention_gradient": "proofcheck.numeric.gradient",
    "gradcheck": "proofcheck.gradcheck",
    "verify": "proofcheck.verify",
}


class _Package(ModuleType):
    """This package, in which a function keeps its name when the module of the same name is imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES.get(name, "proofcheck.claims")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
