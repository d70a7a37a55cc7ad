"""Every planted wrong gradient, theme by theme."""

from __future__ import annotations

from tests.gradcheck_power import attention, planted_hidden, planted_layers, planted_losses, planted_numbers
from tests.gradcheck_power.cases import Plant


def all_planted() -> list[Plant]:
    """The library, in the order of the table: the attention loss of the paper first."""
    modules = (attention, planted_losses, planted_layers, planted_numbers, planted_hidden)
    return [plant for module in modules for plant in module.planted()]
