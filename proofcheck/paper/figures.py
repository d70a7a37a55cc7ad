"""Figures 1 and 2 as claims about shapes: what is drawn, and whether it is what the caption says."""

from __future__ import annotations

from typing import Any

from proofcheck.claims import Claim, Kind, all_of, equal, has_shape
from proofcheck.paper.definitions import LOSS, SCORES
from proofcheck.paper.formulas import c_entry, f_row, h_column, row_jacobian
from proofcheck.paper.gradient import COORDINATE, column_of_block

fig_1 = Claim(
    "fig:1",
    kind=Kind.FIGURE,
    title="The gradient of one entry, drawn",
    source="Alman & Song 2024, Figure 1",
    quote="Drawn: a scalar c(x)_{j0,i0}, a d²×n matrix A_{j0}^T, an n×n diagonal diag(f(x)_{j0}) less the "
    "product of an n×1 and a 1×n (f(x)_{j0}, f(x)_{j0}^T), an n×1 h(y)_{i0}. Caption: an example of "
    "c(x,y)_{j0,i0} · A_{j0,i}^T (diag(f(x)_{j0}) − f(x)_{j0} f(x)_{j0}^T) h(y)_{i0}.",
    formula=r"c(x,y)_{j_0,i_0} \cdot \mathsf{A}_{j_0,i}^\top "
    r"(\mathrm{diag}(f(x)_{j_0}) - f(x)_{j_0} f(x)_{j_0}^\top)\, h(y)_{i_0}",
    given={**LOSS, **COORDINATE},
    uses=("def:3.2", "def:3.4", "def:3.5", "def:3.6"),
)


def factors(
    xp: Any, A1: Any, A2: Any, x: Any, A3: Any, Y: Any, E: Any, j0: Any, i0: Any, n: Any
) -> tuple[Any, Any, Any, Any]:
    """c(x,y)_{j0,i0}, A_{j0}^T, f(x)_{j0} and h(y)_{i0}, the last two as n×1 matrices."""
    A = xp.kron(A1, A2)
    return (
        c_entry(xp, A, x, A3, Y, E, j0, i0, n),
        xp.block(A, j0, n).T,
        xp.column(f_row(xp, A, x, j0, n)),
        xp.column(h_column(xp, A3, Y, i0)),
    )


def _drawn_shapes(c: Any, blocks: Any, f: Any, h: Any, n: Any, d: Any) -> Any:
    return all_of(
        has_shape(c, ()),
        has_shape(blocks, (d * d, n)),
        has_shape(f, (n, 1)),
        has_shape(f.T, (1, n)),
        has_shape(f @ f.T, (n, n)),
        has_shape(h, (n, 1)),
    )


@fig_1.printed
def _(
    xp: Any, A1: Any, A2: Any, x: Any, A3: Any, Y: Any, E: Any, j0: Any, i0: Any, i: Any, n: Any, d: Any
) -> Any:
    c, blocks, f, h = factors(xp, A1, A2, x, A3, Y, E, j0, i0, n)
    middle = xp.diag(f[:, 1]) - f @ f.T
    caption_factor = xp.column(column_of_block(xp, xp.kron(A1, A2), j0, i, n)).T
    drawn = c * (blocks @ middle @ h)
    return all_of(_drawn_shapes(c, blocks, f, h, n, d), equal(drawn, c * (caption_factor @ middle @ h)))


@fig_1.mended(
    because="what is drawn has all d² coordinates at once: its factor is A_{j0}^T, d²×n; "
    "the caption's A_{j0,i}^T is 1×n and gives one of them"
)
def _(
    xp: Any, A1: Any, A2: Any, x: Any, A3: Any, Y: Any, E: Any, j0: Any, i0: Any, i: Any, n: Any, d: Any
) -> Any:
    c, blocks, f, h = factors(xp, A1, A2, x, A3, Y, E, j0, i0, n)
    middle = xp.diag(f[:, 1]) - f @ f.T
    caption_factor = xp.column(column_of_block(xp, xp.kron(A1, A2), j0, i, n)).T
    drawn = c * (blocks @ middle @ h)
    return all_of(
        _drawn_shapes(c, blocks, f, h, n, d),
        has_shape(drawn, (d * d, 1)),
        equal(drawn[i, 1], (c * (caption_factor @ middle @ h))[1, 1]),
    )


fig_2 = Claim(
    "fig:2",
    kind=Kind.FIGURE,
    title="The Jacobian of one softmax row, drawn",
    source="Alman & Song 2024, Figure 2",
    quote="diag(f(x)_{j0}) − f(x)_{j0} f(x)_{j0}^T alone: an n×n diagonal less the product of an n×1 "
    "and a 1×n.",
    formula=r"\mathrm{diag}(f(x)_{j_0}) - f(x)_{j_0} f(x)_{j_0}^\top",
    given=SCORES,
    uses=("def:3.4",),
)


@fig_2.printed
def _(xp: Any, A1: Any, A2: Any, x: Any, j0: Any, n: Any) -> Any:
    row = f_row(xp, xp.kron(A1, A2), x, j0, n)
    f = xp.column(row)
    return all_of(
        has_shape(xp.diag(row), (n, n)),
        has_shape(f, (n, 1)),
        has_shape(f.T, (1, n)),
        equal(xp.diag(row) - f @ f.T, row_jacobian(xp, row)),
    )
