"""The probe of the lower bound: where the fast gradient stops, measured.

:func:`probe` measures the cells of a :class:`Grid`, :func:`read` gives the rows of one that was run and
:func:`shipped` those of one that comes with the package; :func:`exponents` and :func:`crossings` fit them,
:func:`draw` draws them.
"""

from reductions.probe.cells import FAMILIES, Cell, Grid
from reductions.probe.engines import DaskEngine, Engine, LocalEngine
from reductions.probe.fit import Crossing, Exponent, crossings, exponents
from reductions.probe.picture import Picture, draw
from reductions.probe.row import Row
from reductions.probe.run import Probed, probe
from reductions.probe.store import Probe, read, shipped

__all__ = ["FAMILIES", "Cell", "Crossing", "DaskEngine", "Engine", "Exponent", "Grid", "LocalEngine"]
__all__ += ["Picture", "Probe", "Probed", "Row", "crossings", "draw", "exponents", "probe", "read", "shipped"]
