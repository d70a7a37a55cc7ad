# %% [markdown]
# # 1. The problem and its gradient
#
# **What you will see.** Alman & Song, *The Fine-Grained Complexity of Gradient Computation for Training
# Large Language Models* (NeurIPS 2024, arXiv 2402.04497), from the definition of the attention loss to
# Lemma C.7, the closed form of its gradient. Every statement below is an object that is checked as you run
# the notebook. No status is written down anywhere: each is computed from what the checks find.
#
# **Needs** `pip install 'proofcheck[notebooks]'`. **Takes** about a minute on two cores.
#
# Next: [2. The fast gradient](02_fast_algorithm.ipynb)

# %%
from proofcheck.notebook import start

start("notebooks")

# %% tags=["parameters"]
n, d = 3, 2  # of the small instance; d at least 2, where a factor of d can be seen
ladder_n, ladder_d = 5, 3  # of the finite differences
seed = 0
jobs = 2  # worker processes

# %%
import os
import tempfile
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown, Math, display

from proofcheck import plots, verify
from proofcheck.checks.binding import draw_point
from proofcheck.checks.finite_difference import error_ladder, fitted_order, noise
from proofcheck.derive import as_markdown, as_text, derive
from proofcheck.paper import definitions, gradient, problem, tensor_trick

# A cache of this notebook's own, empty at the start: whatever is shown below was computed here.
cache = tempfile.TemporaryDirectory()
os.environ["PROOFCHECK_CACHE_DIR"] = cache.name


def show(*claims):
    """Each claim in the paper's words, with its formula."""
    for claim in claims:
        display(claim, Math(claim.formula))


# %% [markdown]
# ## The problem
#
# Given $A_1, A_2, A_3, E \in \mathbb{R}^{n \times d}$ and $Y \in \mathbb{R}^{d \times d}$, find the
# $X \in \mathbb{R}^{d \times d}$ for which one attention layer comes closest to $E$.

# %%
show(problem.def_1_2)

# %% [markdown]
# Section 3 takes the loss apart. With $\mathsf{A} = A_1 \otimes A_2$, its $j_0$-th block of $n$ rows
# $\mathsf{A}_{j_0}$, and $x = \mathrm{vec}(X)$:

# %%
show(
    definitions.def_3_2,
    definitions.def_3_3,
    definitions.def_3_4,
    definitions.def_3_5,
    definitions.def_3_6,
    definitions.def_3_7,
)

# %% [markdown]
# ### The same in NumPy
#
# A small instance, written from the definitions and without the toolkit. `vec` lists a matrix row by row,
# which is the order in which $\mathrm{vec}(A_1 X A_2^\top) = (A_1 \otimes A_2)\,\mathrm{vec}(X)$ (Fact 3.8)
# holds for NumPy's `kron`.

# %%
rng = np.random.default_rng(seed)
A1, A2, A3, E = rng.normal(size=(4, n, d))
X, Y = rng.normal(size=(2, d, d))


def loss(A1, A2, A3, E, X, Y):
    """Definition 1.2, the 1/d included."""
    u = np.exp(A1 @ X @ A2.T / A1.shape[1])
    f = u / u.sum(axis=1, keepdims=True)
    return 0.5 * np.sum((f @ A3 @ Y - E) ** 2)


A, x = np.kron(A1, A2), X.reshape(-1)
assert np.allclose(A @ x, (A1 @ X @ A2.T).reshape(-1))  # Fact 3.8

blocks = A.reshape(n, n, d * d)  # blocks[j0] is the j0-th block of n rows
u = np.exp(blocks @ x)  # Definition 3.2, row j0
alpha = u.sum(axis=1)  # Definition 3.3
f = u / alpha[:, None]  # Definition 3.4
h = A3 @ Y  # Definition 3.5
c = f @ h - E  # Definition 3.6
entry_losses = 0.5 * c**2  # Definition 3.7

assert np.allclose(f.sum(axis=1), 1)
with np.printoptions(precision=4, suppress=True):
    print("f =", f, "c =", c, sep="\n")
print(f"sum of the entries' losses, Definition 3.7: {entry_losses.sum():.6f}")
print(f"loss of Definition 1.2:                     {loss(A1, A2, A3, E, X, Y):.6f}")
assert not np.isclose(entry_losses.sum(), loss(A1, A2, A3, E, X, Y))

# %% [markdown]
# The last two numbers differ, and Lemma 3.10 says that they are equal. Definition 1.2 divides the scores by
# $d$; Definition 3.2 does not. Dividing there too closes the gap.

# %%
f = np.exp(blocks @ x / d)
f /= f.sum(axis=1, keepdims=True)
assert np.isclose(0.5 * np.sum((f @ h - E) ** 2), loss(A1, A2, A3, E, X, Y))

show(tensor_trick.lem_3_10)

# %% [markdown]
# ## Checking
#
# `verify` runs a claim and everything it uses through the checks. Lemma 3.10 is kept twice: as printed,
# with the counterexample that the search found, and as mended, with its proof. *Proved* means for all real
# inputs and all sizes $n, d$.

# %%
report = verify("proofcheck.paper", select=["lem:3.10"])
lemma = report["lem:3.10"]
assert lemma.printed.status.word == "refuted"
assert lemma.mended.status.word == "proved"
lemma

# %% [markdown]
# ## Lemma B.1: the derivative, part by part
#
# Appendix B differentiates each piece in $x_i$, for Definition 3.7 (without the $1/d$). Each part is proved
# twice, at symbolic sizes by rewriting to a normal form and at fixed sizes in exact arithmetic on free
# symbols, with SymPy's opinion beside it. Finite differences with a fitted order, complex steps, floats
# with error bounds and a search for a counterexample are asked too.

# %%
PARTS = [f"lem:B.1.{part}" for part in range(1, 9)]
report = verify("proofcheck.paper", select=PARTS)
assert [result.claim.id for result in report.results] == PARTS
for result in report.results:
    assert result.status.word == "proved", result.claim.id
    assert result.mended is None  # as printed
report

# %% [markdown]
# What the checks of one part found, part 5, the derivative of a row of the softmax:

# %%
report["lem:B.1.5"]

# %% [markdown]
# ## Lemma C.7: the gradient in closed form
#
# Appendix C sums part 8 over all entries. With $q = c\,h^\top$ and, row by row,
# $p_{j_0} = (\mathrm{diag}(f_{j_0}) - f_{j_0} f_{j_0}^\top)\, q_{j_0}$, the gradient is a product of three
# matrices.

# %%
show(gradient.def_C_3, gradient.def_C_5, gradient.lem_C_7)

# %% [markdown]
# The lemma is stated for the loss of Definition 1.2, so the $1/d$ that Appendix B set aside is missing from
# it. The checks find that out by themselves:

# %%
lemma = verify("proofcheck.paper", select=["lem:C.7"], jobs=jobs)["lem:C.7"]
assert lemma.printed.status.word == "refuted"
assert lemma.mended.status.word == "proved"
lemma

# %% [markdown]
# The counterexample was searched for, confirmed in exact arithmetic, and then shrunk to the smallest sizes
# and the simplest entries.

# %%
found = lemma.printed.counterexample


def matrix(rows):
    """Nested lists of exact values as a LaTeX matrix."""
    body = r" \\ ".join(" & ".join(row) for row in rows)
    return rf"\begin{{pmatrix}} {body} \end{{pmatrix}}"


def symbol(name):
    """A name as in the paper: A1 is A with the index 1."""
    return f"{name[0]}_{{{name[1:]}}}" if name[1:] else name


display(Math(r",\quad ".join(f"{symbol(name)} = {matrix(rows)}" for name, rows in found["inputs"].items())))
entry = ",".join(map(str, found["entry"]))
display(
    Math(
        rf"\left(\frac{{dL}}{{dx}}\right)_{{{entry}}} = {found['left']}"
        rf"\quad\text{{but}}\quad \mathrm{{vec}}(A_1^\top p\, A_2)_{{{entry}}} = {found['right']}"
    )
)

# %% [markdown]
# It can be checked without the toolkit, by differences of the loss in plain NumPy:

# %%
point = {
    name: np.array([[float(Fraction(value)) for value in row] for row in rows])
    for name, rows in found["inputs"].items()
}
(coordinate,) = found["entry"]

step = np.zeros(point["X"].size)
step[coordinate - 1] = 1e-5  # coordinates count from 1
step = step.reshape(point["X"].shape)
above = loss(**point | {"X": point["X"] + step})
below = loss(**point | {"X": point["X"] - step})
difference = (above - below) / 2e-5
print(f"by differences {difference:.9f}, exactly {found['left']}, Lemma C.7 as printed {found['right']}")
assert np.isclose(difference, float(Fraction(found["left"])), rtol=1e-6)
assert not np.isclose(difference, float(Fraction(found["right"])), rtol=1e-2)

# %% [markdown]
# ## The gradient, derived by the program
#
# So far the paper's formulas were checked. `derive` finds the gradient by itself: it differentiates the
# chain $u, \alpha, f, h, c$ of Section 3 one quantity after another, for symbolic $n$ and $d$, and puts
# $q$, $r$ and $p$ in where their definitions appear. Every line is proved with all names unfolded.

# %%
derivation = derive("loss-gradient")
assert derivation.proved
assert "A1ᵀ p A2 / d" in as_text(derivation)
display(Markdown(as_markdown(derivation)))

# %% [markdown]
# ## Finite differences: error against step
#
# A central difference with step $\eta$ is off by $O(\eta^2)$. Where the formula for the derivative is
# right, the distance between formula and difference therefore falls with slope 2 on logarithmic axes, until
# rounding takes over at about $\varepsilon/\eta$. Where the formula is wrong, the distance settles at the
# formula's own error. This is what the level `finite_difference` measures, here for both forms of Lemma C.7
# at the same point.

# %%
sizes = {"n": ladder_n, "d": ladder_d}
forms = gradient.lem_C_7.forms()
point = draw_point(forms["mended"], sizes, np.random.default_rng(seed), scale=Fraction(1))
ladders, orders = {}, {}
for name, form in forms.items():
    ladders[name] = error_ladder(form, sizes, point, {}, noise(form, sizes, point, {}))
    orders[name] = round(fitted_order(ladders[name]), 3) + 0.0  # never -0.00
    print(f"{name}: fitted order {orders[name]:.2f}, smallest error {min(ladders[name].errors):.1e}")

assert abs(orders["mended"] - 2) < 0.05
assert abs(orders["printed"]) < 0.05
assert min(ladders["printed"].errors) > 0.1
assert min(ladders["mended"].errors) < 1e-8

# %%
figure, axes = plt.subplots()
for name, ladder in ladders.items():
    label = f"Lemma C.7 as {name} (fitted order {orders[name]:.2f})"
    axes.loglog(ladder.steps, ladder.errors, linestyle="-", label=label)
steps = np.array(ladders["mended"].steps)
first = ladders["mended"].errors[0]
B = max(float(abs(entry)) for name in ("A1", "A2", "A3", "E") for entry in point[name].flat)
axes.loglog(
    steps[:14], 3 * first * (steps[:14] / steps[0]) ** 2, "--", marker="", color=plots.GREY, label="slope 2"
)
axes.set(
    xlabel=r"step $\eta$ of the central difference (no unit)",
    ylabel="largest difference / the gradient (no unit)",
    title=plots.titled("Formula against finite differences, float64", **sizes, B=round(B, 2)),
)
axes.legend(loc="upper left", bbox_to_anchor=(0, 0.9))
plt.show()

# %% [markdown]
# ## All claims
#
# Everything encoded so far, each statement as printed and, where that does not stand, as mended. A status
# can be no better than what the claim rests on.

# %%
report = verify("proofcheck.paper", jobs=jobs)
assert report.passed
for result in report.results:
    if result.mended is not None:
        assert result.printed.status.word in ("refuted", "ill-formed"), result.claim.id
report

# %%
cache.cleanup()

# %% [markdown]
# ## What to try
#
# 1. Put the $1/d$ into `u` of the NumPy cell, and find the one assertion that then fails.
# 2. Derive another gradient: `derive("y-gradient")`; `proofcheck.derive.TARGETS` has the names.
# 3. Look at another claim of the table, as in `report["lem:B.1.8"]`. Which checks said nothing, and why?
# 4. Raise `ladder_n`. Where does rounding take over now?
#
# **In the docs**: `docs/statuses.md` on what a status means, `docs/derivations.md` on the program's own
# derivations, `docs/statements.md` on how a statement is written.
#
# Next: [2. The fast gradient](02_fast_algorithm.ipynb)
