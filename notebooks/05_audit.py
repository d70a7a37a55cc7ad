# %% [markdown]
# # 5. An audit of the paper, and a claim of your own
#
# **What you will see.** Every numbered statement of Alman & Song (NeurIPS 2024, arXiv 2402.04497) is a
# claim that is checked as you run this notebook: the table of all of them, the list of what does not stand
# as printed, what the bounds are worth, and at the end a claim that you write yourself.
#
# **Needs** `pip install 'proofcheck[notebooks]'`. **Takes** about a minute on two cores.
#
# Previous: [4. The lower bound as running code](04_lower_bound.ipynb) · next:
# [6. Training one attention layer](06_training.ipynb)

# %%
from proofcheck.notebook import start

start("notebooks")

# %% tags=["parameters"]
n, d = 120, 3  # of the error and its bound
most_degree = 9
seed = 0
jobs = 2  # worker processes

# %%
import os
import tempfile
from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown, display

from proofcheck import Claim, Interval, Kind, Real, at_most, attention_gradient, equal, plots, verify
from proofcheck.numeric.low_rank import low_rank_gradient
from proofcheck.numeric.low_rank_errors import error_chain
from proofcheck.numeric.polynomial import minimax
from proofcheck.report.errata import find_errata
from proofcheck.report.errata_formats import to_markdown_text

# A cache of this notebook's own, empty at the start: whatever is shown below was computed here.
cache = tempfile.TemporaryDirectory()
os.environ["PROOFCHECK_CACHE_DIR"] = cache.name

report = verify("proofcheck.paper", jobs=jobs)
assert report.passed
report

# %% [markdown]
# ## What does not stand as printed
#
# The list is made from the verdicts, and from nothing else: `proofcheck errata` writes the same as a page.

# %%
errata = find_errata(report)
rows = ["| claim | as printed | how serious | mended form |", "|---|---|---|---|"]
for item in errata.items:
    stands = item.mending.status.word.value
    rows.append(f"| {item.id} | {item.status.value} | {item.seriousness.value} | {stands} |")
display(Markdown("\n".join(rows)))
assert errata.passed  # each has a mended form, and it stands
print(f"{len(errata.items)} of {errata.claims} claims do not stand as printed")

# %% [markdown]
# One of them in full: Theorem D.6. The counterexample is small enough for a pencil. The scores are all 0,
# so each row of $f$ is $(1/2, 1/2)$; the two sides differ by the factor $d = 2$ that comes out of the
# exponential.

# %%
display(Markdown(to_markdown_text(find_errata(report, select=["thm:D.6"]))))

# %% [markdown]
# The same by hand, without the toolkit.

# %%
shown = report["thm:D.6"].printed.counterexample
A1, A2, A3, E, X, Y = (
    np.array(shown["inputs"][name], dtype=float) for name in ("A1", "A2", "A3", "E", "X", "Y")
)


def softmax(S):
    """The rows of f, from Definition 3.4."""
    u = np.exp(S)
    return u / u.sum(axis=1, keepdims=True)


def loss(X):
    """Definition 1.2, the 1/d included."""
    return 0.5 * np.sum((softmax(A1 @ X @ A2.T / A1.shape[1]) @ A3 @ Y - E) ** 2)


def printed_gradient(X):
    """A1ᵀ p A2, with p of Definition C.5."""
    f = softmax(A1 @ X @ A2.T / A1.shape[1])
    h = A3 @ Y
    q = (f @ h - E) @ h.T
    return A1.T @ (f * q - (f * q).sum(axis=1)[:, None] * f) @ A2


a, b = (place - 1 for place in shown["entry"])
step = np.zeros_like(X)
step[a, b] = 1e-5
difference = (loss(X + step) - loss(X - step)) / 2e-5
print(
    f"dL/dX at {tuple(shown['entry'])}: {difference:.6f} by differences, {shown['left']} in the report",
    f"A1ᵀ p A2 there: {printed_gradient(X)[a, b]:.6f}, {shown['right']} in the report",
    sep="\n",
)

# %% [markdown]
# ## What rests on what
#
# A status counts what it rests on. Cited results are assumed, and what needs them is *proved modulo* them.

# %%
lines = [
    f"{id:13} {report[id].status}"
    for id in ("lem:E.4", "lem:D.1", "thm:D.6", "as23:forward", "thm:E.5", "thm:1.5")
]
counts = Counter(result.status.word.value for result in report.results)
print("\n".join([*lines, "", *(f"{count:3} {word}" for word, count in sorted(counts.items()))]))

# %% [markdown]
# ## What a bound is worth
#
# Theorem D.6 writes $1/\mathrm{poly}(n)$. With the constants written out, the error $\delta$ of the
# polynomial for $\exp$ leads to a bound of the gradient's error; `thm:D.6.errors` proves each step for all
# sizes. It is far above the true error, since a sum of absolute values does not see errors of opposite sign
# cancel. Both fall together.

# %%
B = 1.0
rng = np.random.default_rng(seed)
A1, A2, A3, E = (rng.uniform(-B, B, (n, d)) for _ in range(4))
X, Y = np.eye(d), np.eye(d)
radius = float(np.abs(A1 @ X @ A2.T / d).max())  # the largest score
exact = attention_gradient(A1, A2, A3, E, X, Y, method="exact").gradients["X"]

degrees = range(2, most_degree + 1)
true, bound = [], []
for g in degrees:
    polynomial = minimax(g, radius)
    found = low_rank_gradient(A1, A2, A3, E, X, Y, polynomial.coefficients)
    true.append(np.abs(found.gradient - exact).max())
    bound.append(error_chain(A1, A2, A3, E, X, Y, polynomial).gradient)
assert all(error <= most for error, most in zip(true, bound, strict=True))

figure, axes = plt.subplots()
axes.semilogy(degrees, bound, label="bound, composed from the polynomial's error")
axes.semilogy(degrees, true, label="true error")
axes.set(
    xlabel="degree g",
    ylabel="largest entry of the error (unit of dL/dX)",
    title=plots.titled("Error of the low-rank gradient", n=n, d=d, B=B),
)
axes.legend()
plt.show()

# %% [markdown]
# ## A claim of your own
#
# A claim is a Python function of `xp` and of its symbols, with the words of the paper beside it. This one
# says that attention is an average: each row of $D^{-1}\exp(S)\,V$ is at most 1 when the entries of $V$
# are. Its `gap` is a proof for all sizes: right minus left, written as a sum of what is not negative.

# %%
average = Claim(
    "my:average",
    kind=Kind.FACT,
    title="Attention is an average",
    source="this notebook",
    quote="softmax(S) V ≤ 1 where V ≤ 1",
    formula=r"D^{-1} \exp(S)\, V \le 1",
    given={"S": Real("n", "n"), "V": Interval(0, 1, "n", "d")},
)


def rows_of_softmax(xp, S):
    u = xp.exp(S)
    return xp.scale_rows(1 / xp.row_sums(u), u)


@average.printed
def _(xp, S, V):
    f = rows_of_softmax(xp, S)
    return at_most(f @ V, 1, gap=f @ (1 - V))


mine = verify(claims=[average])["my:average"]
assert mine.status.word == "proved"
mine

# %% [markdown]
# And one that is wrong. A common slip: the derivative of a softmax row with a plus sign. The printed form
# is refuted by a counterexample that nobody wrote down, and the mended form is proved beside it.

# %%
jvp = Claim(
    "my:softmax-jvp",
    kind=Kind.LEMMA,
    title="Directional derivative of softmax",
    source="this notebook",
    quote="D softmax(x)[v] = (diag(s) + s sᵀ) v",
    given={"x": Real("n"), "v": Real("n")},
)


def row_of_softmax(xp, x):
    return xp.exp(x) / xp.sum(xp.exp(x))


@jvp.printed
def _(xp, x, v):
    s = row_of_softmax(xp, x)
    return equal(xp.D(lambda t: row_of_softmax(xp, t), x)[v], (xp.diag(s) + xp.outer(s, s)) @ v)


@jvp.mended(because="the sign of the rank-one term")
def _(xp, x, v):
    s = row_of_softmax(xp, x)
    return equal(xp.D(lambda t: row_of_softmax(xp, t), x)[v], (xp.diag(s) - xp.outer(s, s)) @ v)


mine = verify(claims=[jvp])["my:softmax-jvp"]
assert mine.printed.status.word == "refuted"
assert mine.mended.status.word == "proved"
mine

# %%
cache.cleanup()

# %% [markdown]
# ## What to try
#
# 1. Leave `gap` out of the first claim. What does its status become, and what do the checks still find?
# 2. Let `V` go up to 2: `Interval(0, 2, "n", "d")`. Look at the counterexample.
# 3. State that a row of the softmax sums to 1, `equal(xp.sum(row_of_softmax(xp, x)), 1)`.
# 4. In a shell: `proofcheck verify my_claims.py` checks a file of claims, `proofcheck audit my_claims.py`
#    asks whether the checks would notice if a claim were wrong, and
#    `proofcheck verify --format html -o blueprint.html` draws how claims rest on one another.
#
# **In the docs**: `docs/errata.md` is the whole list, `docs/statements.md` has every operation of `xp`,
# `docs/audit.md` and `docs/constant.md` are about what checks and bounds are worth, `docs/blueprint.md`
# about the graph.
#
# Previous: [4. The lower bound as running code](04_lower_bound.ipynb) · next:
# [6. Training one attention layer](06_training.ipynb)
