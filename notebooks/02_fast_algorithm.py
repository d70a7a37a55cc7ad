# %% [markdown]
# # 2. The fast gradient: rank, degree and time
#
# **What you will see.** The gradient of the attention loss (Definition 1.2) goes through the $n^2$ weights
# $f = \mathrm{softmax}(S)$ of the scores $S = A_1 X A_2^\top/d$. If $e^S$ is replaced by a polynomial
# $P(S)$ of degree $g$, then $P(S)$ has rank at most $k = \binom{d+g}{d}$, whatever $n$ is, and the gradient
# costs time linear in $n$. This notebook looks at what that rests on: the rank, the degree that an error
# takes, and the time.
#
# **Needs** `pip install 'proofcheck[notebooks]'`. **Takes** about ten seconds on two cores.
#
# Previous: [1. The problem and its gradient](01_problem_and_gradient.ipynb) · next:
# [3. Where the fast gradient stops](03_threshold.ipynb)

# %%
from proofcheck.notebook import start

start("notebooks")

# %% tags=["parameters"]
rank_n, rank_d = 400, 4  # of the singular values
n, d, B = 2000, 8, 1.0  # of the errors; d and B of the times also
smallest, largest = 11, 15  # of the times: powers of 2
seed = 0

# %%
import time

import matplotlib.pyplot as plt
import numpy as np

from proofcheck import attention_gradient, plots
from proofcheck.numeric.monomials import feature_count
from proofcheck.numeric.polynomial import aggarwal_alman_degree, smallest_degree


def inputs(n, d, B):
    """Uniform entries in [-B, B]; X = Y = I."""
    rng = np.random.default_rng(seed)
    arrays = {name: rng.uniform(-B, B, (n, d)) for name in ("A1", "A2", "A3", "E")}
    return arrays | {"X": np.eye(d), "Y": np.eye(d)}


# %% [markdown]
# ## The softmax is close to a matrix of low rank
#
# The singular values of $f$ fall fast where entries are small, and slowly where they are large. The lines
# mark $k = \binom{d+g}{d}$, the number of monomials of degree at most $g$: that many singular values are
# enough for a polynomial of degree $g$.

# %%
bounds = (0.5, 1, 2, 4)
figure, axes = plt.subplots()
for bound in bounds:
    arrays = inputs(rank_n, rank_d, bound)
    S = arrays["A1"] @ arrays["A2"].T / rank_d
    f = np.exp(S) / np.exp(S).sum(axis=1, keepdims=True)
    values = np.linalg.svd(f, compute_uv=False)
    axes.semilogy(np.arange(1, rank_n + 1), values / values[0], markevery=10, label=f"B = {bound}")
for g in (1, 2, 3, 4):
    k = feature_count(rank_d, g)
    axes.axvline(k, color=plots.GREY, linewidth=0.8)
    axes.text(k, 2, f"g = {g}", ha="center", fontsize=8, backgroundcolor="white")
axes.set(
    xlabel="number of the singular value",
    ylabel="singular value of f / the largest (no unit)",
    title=plots.titled("Singular values of the softmax", n=rank_n, d=rank_d, B=bounds),
    xlim=(0, 130),
    ylim=(1e-13, 10),
)
axes.legend(loc="lower left")
plt.show()

# %% [markdown]
# ## The degree that an error takes
#
# What counts is the *relative* error $\delta = \sup_{|t|\le\rho} |P(t)e^{-t} - 1|$: a factor common to all
# weights of a row cancels. Beside the least degree for each $\delta$ stands the formula of Aggarwal and
# Alman with 1 for its constant, on the range $[0, 2\rho]$ that $[-\rho, \rho]$ becomes by a shift. (Where
# $\log(1/\varepsilon)$ comes close to that range the formula has a pole; it is about growth, not about
# single numbers.)

# %%
lines = ["  rho   delta   degree   Aggarwal-Alman"]
for rho in (0.5, 1.0, 2.0, 4.0, 8.0):
    for delta in (1e-2, 1e-4, 1e-8):
        polynomial = smallest_degree(delta, rho)
        formula = aggarwal_alman_degree(delta, 2 * rho)
        lines.append(f"{rho:5.1f}  {delta:.0e}  {polynomial.degree:6d}   {formula:10d}")
print("\n".join(lines))

# %% [markdown]
# ## Three numbers about the error of a gradient
#
# `error_bound` is rigorous. `error_estimate` is an interval from exact rows for a random sample of queries.
# And the true error, from the exact gradient, is far below both: errors of different sign cancel, within a
# row and between rows, and neither a sum of absolute values nor a sample of queries can see that.

# %%
arrays = inputs(n, d, B)
exact = attention_gradient(**arrays, method="exact").gradients["X"]
size = np.abs(exact).max()
degrees = range(1, 9)
true, bound, high = [], [], []
for g in degrees:
    result = attention_gradient(**arrays, method="fast", degree=g)
    true.append(np.abs(result.gradients["X"] - exact).max() / size)
    bound.append(result.error_bound["X"] / size)
    high.append(result.error_estimate["X"].high / size)

figure, axes = plt.subplots()
axes.semilogy(degrees, bound, label="rigorous bound")
axes.semilogy(degrees, high, label="estimate, upper end (95 %)")
axes.semilogy(degrees, true, label="true error")
axes.set(
    xlabel="degree g",
    ylabel="error / largest entry of the gradient (no unit)",
    title=plots.titled("Error of the fast gradient in X", n=n, d=d, B=B),
)
axes.legend()
plt.show()
assert all(t <= h <= b for t, h, b in zip(true, high, bound, strict=True))

# %% [markdown]
# ## Time is linear in n
#
# Times are of this run, on this machine; what matters is the slope.

# %%
sizes = [2**power for power in range(smallest, largest + 1)]


def seconds(n, rounds, **how):
    """The best time of some calls."""
    arrays, taken = inputs(n, d, B), []
    for _ in range(rounds):
        before = time.perf_counter()
        attention_gradient(**arrays, **how)
        taken.append(time.perf_counter() - before)
    return min(taken)


figure, axes = plt.subplots()
for g in (2, 3):
    fast = [seconds(size, 3, method="fast", degree=g) for size in sizes]
    axes.plot(sizes, fast, linestyle="-", label=f"fast, degree {g}")
exact = [seconds(size, 2, method="exact") for size in sizes[:2]]
scaled = exact[1] * (np.array(sizes) / sizes[1]) ** 2
axes.plot(sizes, scaled, ":", color=plots.GREY, marker="", label="exact, scaled by n²")
axes.plot(sizes[:2], exact, linestyle="-", label="exact")
plots.axis_at(axes, "x", sizes)
axes.set(
    yscale="log",
    xlabel="n (rows)",
    ylabel="time of dL/dX (seconds)",
    title=f"{plots.titled('Time against n', n=sizes, d=d, B=B)}, best of three",
)
axes.legend()
plt.show()

# %% [markdown]
# ## The method is chosen for you
#
# Small entries: a low degree is enough. Large ones: no polynomial of moderate degree follows $e^S$, and the
# exact method is taken. The threshold near $\sqrt{\log n}$ is the paper's subject.

# %%
lines = []
for share in (0.25, 0.5, 1.0, 2.0):
    bound = share * np.sqrt(np.log(n))
    result = attention_gradient(**inputs(n, d, bound), rtol=1e-2)
    how = f"{result.method}" + (f", degree {result.degree}, k = {result.features}" if result.degree else "")
    lines.append(f"B = {share:4.2f} sqrt(ln n) = {bound:.2f}: scores below {result.radius:6.2f}: {how}")
print("\n".join(lines))

# %% [markdown]
# ## What to try
#
# 1. Set `rank_d` to 8. Where do the lines of $k$ move, and the singular values?
# 2. Ask for a certificate, `guarantee="certified"`, instead of an estimate: which degree does a tolerance
#    take then?
# 3. Take entries that are all ±B instead of uniform ones. How many degrees more does the same error cost?
# 4. Print `result.reason` in the last loop.
#
# **In the docs**: `docs/fast_gradient.md` has the algorithm, `docs/errors.md` the three numbers about the
# error, `docs/polynomials.md` the polynomials, `docs/benchmarks.md` times that were measured with care.
#
# Previous: [1. The problem and its gradient](01_problem_and_gradient.ipynb) · next:
# [3. Where the fast gradient stops](03_threshold.ipynb)
