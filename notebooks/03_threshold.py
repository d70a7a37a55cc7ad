# %% [markdown]
# # 3. Where the fast gradient stops
#
# **What you will see.** The paper has an almost linear algorithm for the gradient where entries are at most
# $B = o(\sqrt{\log n})$, and none for $B = \omega(\sqrt{\log n})$, if SETH holds. Here is the change
# between the two in a small probe that comes with the package: the fast gradient beside the exact one, over
# $n$, $d$, $B/\sqrt{\ln n}$ and families of inputs. How it was measured is in `docs/probe.md`;
# `reductions probe` measures another.
#
# **Needs** `pip install 'proofcheck[notebooks,data]'`. **Takes** about five seconds on two cores.
#
# Previous: [2. The fast gradient](02_fast_algorithm.ipynb) · next:
# [4. The lower bound as running code](04_lower_bound.ipynb)

# %%
from proofcheck.notebook import start

start("notebooks", "data")

# %% tags=["parameters"]
d = 8  # of the curves; the probe has 8 and 16
eps = 1e-2  # the relative error asked for; the probe has 1e-2 and 1e-4
seed = 0  # of the intervals

# %%
import json

import matplotlib.pyplot as plt
import numpy as np

from proofcheck import plots
from reductions.probe import FAMILIES, crossings, exponents, shipped

rows = shipped().rows
families = [family for family in FAMILIES if any(row.family == family for row in rows)]
styles = {
    family: {"color": colour, "marker": marker}
    for family, colour, marker in zip(FAMILIES, plots.CYCLE, plots.MARKERS, strict=False)
}
sizes = sorted({row.n for row in rows})
bounds = sorted({row.b for row in rows})
machine = json.loads(rows[0].environment)
print(f"{len(rows)} rows; n = {sizes}; d = {sorted({row.d for row in rows})}")
print(f"{machine['machine']}, {machine['cpus']} processors, {machine['computed by']}")
print("load", " to ".join(f"{end(row.load for row in rows if row.load):.1f}" for end in (min, max)))


def curve(n, d, family):
    """The rows of one curve, by bound."""
    own = [row for row in rows if (row.n, row.d, row.family, row.eps) == (n, d, family, eps)]
    return sorted(own, key=lambda row: row.b)


def title(what, n, d):
    """A title with the sizes; B is what the rows have, in units of √ln n."""
    return plots.titled(what, n=n, d=d, B=f"{plots.span(bounds)} times √ln n")


def bounds_axis(axes):
    """B / √ln n, on a logarithmic axis."""
    plots.axis_at(axes, "x", bounds)
    axes.set_xlabel(r"$B/\sqrt{\ln n}$ (no unit)")


# %% [markdown]
# ## The degree that an error takes
#
# $e^S$ is replaced by a polynomial; its degree $g$ is the least at which the gradient is within `eps` of
# the exact one. A curve ends where no degree within the budget of features does. Entries of ±B need more
# than uniform ones. (*Hard* inputs have scores of few values, through which a polynomial of low degree
# goes.)

# %%
n = sizes[1]
figure, panels = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True)
for axes, columns in zip(panels, (8, 16), strict=True):
    for family in families:
        met = [row for row in curve(n, columns, family) if row.degree is not None]
        axes.plot(
            [row.b for row in met],
            [row.degree for row in met],
            linestyle="-",
            label=family,
            **styles[family],
        )
    bounds_axis(axes)
    axes.set_title(f"d = {columns}")
panels[0].set_ylabel("degree g")
panels[1].legend()
figure.suptitle(title(f"Degree for a relative error of {eps:g}", n, "8 and 16"))
plt.show()

# %% [markdown]
# ## Features and ranks
#
# A degree $g$ has $k = \binom{d+g}{d}$ features. Beside them is the ε-rank of $e^S$, the least rank of a
# matrix that is near it in the spectral norm: what any method by low rank would need for that. It is
# smaller by orders of magnitude, and falls again for large $B$, where a few entries make up the norm.

# %%
ranked = max(row.n for row in rows if row.rank is not None)
figure, axes = plt.subplots()
for family in families:
    own = curve(ranked, d, family)
    met = [row for row in own if row.features is not None]
    with_rank = [row for row in own if row.rank is not None]
    style = styles[family]
    axes.plot([row.b for row in met], [row.features for row in met], "-", label=family, **style)
    axes.plot([row.b for row in with_rank], [row.rank for row in with_rank], ":", mfc="white", **style)
axes.axhline(ranked, color=plots.GREY, linewidth=0.8)
bounds_axis(axes)
axes.set(
    yscale="log",
    ylabel="features k (solid), ε-rank (dotted)",
    title=title(f"Features and ranks (grey: n), error {eps:g}", ranked, d),
)
axes.legend()
plt.show()

# %% [markdown]
# ## The transition
#
# Time of the fast method over that of the exact one, both timed in the same rounds. Below 1 the fast one is
# quicker. Each curve ends where its error cannot be met within the budget.

# %%
soft = [family for family in families if family != "hard"]
figure, panels = plt.subplots(1, len(soft), figsize=(12, 3.6), sharey=True)
for axes, family in zip(panels, soft, strict=True):
    for size in sizes:
        timed = [row for row in curve(size, d, family) if row.ratio is not None]
        axes.plot([row.b for row in timed], [row.ratio for row in timed], label=f"n = {size:,}")
    axes.axhline(1, color=plots.GREY, linewidth=1)
    plots.axis_at(axes, "x", [bound for bound in bounds if bound <= 1])
    axes.set(yscale="log", xlabel=r"$B/\sqrt{\ln n}$ (no unit)", title=family)
panels[0].set_ylabel("time of fast / time of exact (no unit)")
panels[0].legend()
figure.suptitle(title(f"Fast over exact at a relative error of {eps:g}", sizes, d))
plt.show()

# %% [markdown]
# Where each curve reaches 1 is a crossing $B^*(n)/\sqrt{\ln n}$. It is *below* where the fast method is
# slower from the start, and *beyond* where it is quicker as long as it meets the error. The intervals are
# of the clock alone.

# %%
rng = np.random.default_rng(seed)
own = [row for row in rows if (row.eps, row.d) == (eps, d)]
lines = []
for one in crossings(own, rng):
    ends = ["…" if end is None else f"{end:.2f}" for end in (one.low, one.high)]
    interval = f" ({ends[0]} to {ends[1]})" if one.state == "measured" else ""
    lines.append(f"n = {one.n:5}  {one.family:10} {one.state:8} {one.value:.2f}{interval}")
print("\n".join(lines))

# %% [markdown]
# ## Exponents
#
# Slopes of log time in log n at fixed $b = B/\sqrt{\ln n}$. The exact method is quadratic; the fast one is
# linear while its degree stays, and steeper where the degree rises along with $B = b\sqrt{\ln n}$.

# %%
lines = []
for one in exponents([row for row in own if row.family in soft], rng):
    degrees = f"  degrees {', '.join(map(str, one.degrees))}" if one.method == "fast" else ""
    value = f"{one.value:5.2f} ({one.low:5.2f} to {one.high:5.2f})"
    lines.append(f"{one.family:10} b = {one.b:<5g} {one.method:6} n^{value}{degrees}")
print("\n".join(lines))

# %% [markdown]
# ## Hard instances
#
# Pairs of planted and null orthogonal vectors, as gadgets with entries at most $B$. One query of the
# gradient decides them if it is accurate enough and the thresholds of YES and NO are apart, which takes a
# large $B$. The exact gradient does. The fast one, at the features of the budget, certifies nothing there;
# its value alone is right where scores take so few values that a polynomial goes through all of them, and a
# guess else.

# %%
hard = [row for row in rows if (row.family, row.eps) == ("hard", eps) and row.instances]
lines = ["  n  d     b  largest score  apart  exact right  fast right  by value alone"]
for row in (row for row in hard if row.n in (sizes[0], sizes[-1])):
    lines.append(
        f"{row.n:5} {row.d:2} {row.b:5g} {row.largest_score:9.1f} {row.separated:10}/{row.instances}"
        f" {row.exact_right:10}/{row.instances} {row.right:9}/{row.instances}"
        f" {row.plain_right:10}/{row.instances}"
    )
print("\n".join(lines))
assert sum(row.wrong + row.exact_wrong for row in hard) == 0

# %% [markdown]
# ## What this does not show
#
# No experiment proves a lower bound. One algorithm was measured: that it takes many features beyond some
# $B$ says nothing about others. Over these $n$, $\sqrt{\ln n}$ hardly grows, so that a crossing that is
# constant cannot be told from one that moves slowly. What speaks of all algorithms is the reduction, in the
# next notebook, together with SETH.
#
# ## What to try
#
# 1. Set `eps` to 1e-4. Which curves become empty?
# 2. Set `d` to 16. Where does the transition move, and why to there?
# 3. Draw all pictures of the page: `from reductions.probe import draw`, and
#    `IPython.display.SVG(picture.svg)` for each picture of `draw(rows)`.
# 4. Measure your own machine, in a shell: `reductions probe -o my-probe`. Then
#    `reductions.probe.read("my-probe")` in place of `shipped()`.
#
# **In the docs**: `docs/probe.md` has the design of the probe and its limits, `docs/features.md` how fewer
# features are found.
#
# Previous: [2. The fast gradient](02_fast_algorithm.ipynb) · next:
# [4. The lower bound as running code](04_lower_bound.ipynb)
