# %% [markdown]
# # 4. The lower bound as running code
#
# **What you will see.** From a formula to gradients of attention, and back to an answer: SAT → orthogonal
# vectors → gap inner product → attention → gradient. Each arrow is a step with sizes known in advance, and
# a way back for witnesses. Edit the formula in the parameters and run the notebook again.
#
# **Needs** `pip install 'proofcheck[notebooks,sat]'`. **Takes** about five seconds on two cores.
#
# Previous: [3. Where the fast gradient stops](03_threshold.ipynb) · next:
# [5. An audit of the paper](05_audit.ipynb)

# %%
from proofcheck.notebook import start

start("notebooks", "sat")

# %% tags=["parameters"]
dimacs = """
p cnf 4 6
1 2 0
-1 3 0
-2 -3 4 0
-4 1 0
2 3 0
-3 -1 2 0
"""
most_variables = 76  # of the curves by formula

# %%
import matplotlib.pyplot as plt
import numpy as np

from proofcheck import plots
from reductions.decide import chain_named, decide, decide_instance
from reductions.oracles import FloatOracle, MpmathOracle
from reductions.parameters import parameters
from reductions.problems.dimacs import parse_dimacs
from reductions.thresholds import slope_thresholds

formula = parse_dimacs(dimacs)
satisfiable = formula.solve() is not None  # by a SAT solver, to compare with
print(formula)

# %% [markdown]
# ## Every arrow
#
# Half of the variables on each side: a row for each of their $N = 2^{v/2}$ assignments ($v$ variables), a
# column for each clause, 1 where that half satisfies no literal of it. A pair of orthogonal rows is a
# satisfying assignment.

# %%
chain = chain_named("direct", "one-query")
split, embed, attend, differentiate = chain.steps
(vectors,) = split.apply(formula)
pair = vectors.instance.solve()
print(
    vectors.instance.left,
    vectors.instance.right,
    f"orthogonal: {pair}, that is {None if pair is None else split.invert(pair, vectors.back)}",
    sep="\n\n",
)

# %% [markdown]
# Three coordinates for one turn "orthogonal" into "inner product $M$", and everything else into at most
# $M - 1$. Then queries and keys: scores $\gamma\langle a', b'\rangle$ on half of the keys, and $\gamma M$
# on the other half, which no score is above. $B$ is the largest entry of $Q$ and $K$.

# %%
(gap,) = embed.apply(vectors.instance)
products = gap.instance.left.astype(int) @ gap.instance.right.astype(int).T
(attention,) = attend.apply(gap.instance)
instance = attention.instance
Q, K, V = instance.arrays()
S = Q @ K.T / instance.d
B = max(np.abs(Q).max(), np.abs(K).max())
print(
    f"YES from {gap.instance.yes} on, NO up to {gap.instance.no}; largest: {products.max()}",
    f"n = {instance.n}, d = {instance.d}, B = {B:.3f}",
    f"gamma = {float(instance.gamma):.3f}, largest score {float(instance.bound):.3f}",
    sep="\n",
)

figure, axes = plt.subplots(figsize=(5.4, 4.2))
image = axes.imshow(S)
figure.colorbar(image, label="score (no unit)")
axes.grid(False)
axes.set(
    xlabel="key (row of K)",
    ylabel="query (row of Q)",
    title=plots.titled("Scores of the instance", n=instance.n, d=instance.d, B=round(B, 2)),
)
plt.show()

# %% [markdown]
# With $V$ the indicator of the first half of the keys, a row of the output is $x/(x + N)$. One query of
# $f'(1) = 2\,\mathrm{tr}(dL/dX)$ tells the two cases apart: between the two thresholds there is nothing.

# %%
(gradient,) = differentiate.apply(instance)
limits = slope_thresholds(instance)
lines = []
for oracle in (FloatOracle(), MpmathOracle()):
    verdict = decide_instance(gradient.instance, oracle)
    lines.append(
        f"{oracle.name:8} |f'(1)| = {verdict.value:.12g} within {verdict.error:.1e}: {verdict.answer}"
    )
    assert verdict.answer == satisfiable
lines.append(f"NO-instances: at most {limits.no:.3e}; YES-instances: at least {limits.yes:.3e}")
print("\n".join(lines))

# %% [markdown]
# ## An answer, with an assignment
#
# The assignment is found by decisions alone, one for each variable.

# %%
found = decide(formula, FloatOracle())
assert found.satisfiable == satisfiable
assert found.assignment is None or formula.verify(found.assignment)
print(found.satisfiable, found.assignment, f"{found.calls} gradients")

# %% [markdown]
# ## Three decoders side by side
#
# The printed proof adds $f'$ at $\lceil\log_2^4 n\rceil$ points of a left Riemann sum. Its error is of the
# order of $(\gamma M)^2 n$ over the number of points, and the thresholds of $f(1)$ are about $1/N^2$ apart:
# it does not decide. Gauss–Legendre with a certified number of points does, and so does one query.

# %%
verdicts, lines = {}, []
for decoder in ("one-query", "gauss-legendre", "riemann"):
    (made,) = chain_named("direct", decoder).apply(formula)
    verdict = decide_instance(made.instance, FloatOracle(), decoder)
    verdicts[decoder] = verdict
    lines.append(
        f"{decoder:15} {verdict.calls:5} gradients, value {verdict.value:10.3e} within {verdict.error:9.2e}, "
        f"thresholds {verdict.thresholds.no:.2e} and {verdict.thresholds.yes:.2e}: {verdict.answer}"
    )
print("\n".join(lines))
assert verdicts["one-query"].answer == verdicts["gauss-legendre"].answer == satisfiable
assert verdicts["riemann"].answer is None

# %% [markdown]
# ## Which regime
#
# With a gap of 1 the largest score grows like $\log^2 n$, and the entries like $\log n$; with a gap that is
# a constant part of the inner product, as algebraic-geometry codes give it, like $\log n$ and
# $\sqrt{\log n}$, which is what Theorem E.5 needs. The curves are by formula, for random 3-SAT at the
# threshold: nothing is built.

# %%
chains = {"direct": "direct embedding", "pcp": "Reed–Solomon, T = 4", "ag": "algebraic geometry, T = 4"}
tables = {
    name: [parameters(name, variables) for variables in range(4, most_variables + 1, 2)] for name in chains
}
first, last = (np.log2(tables["direct"][end].queries) for end in (0, -1))
columns = [row.dimension for table in tables.values() for row in table]
figure, axes = plt.subplots()
for name, label in chains.items():
    table = tables[name]
    axes.plot([np.log(row.queries) for row in table], [row.bound for row in table], markevery=3, label=label)
axes.set(
    xlabel="ln n (no unit)",
    ylabel=r"largest score $\gamma M$ (no unit)",
    yscale="log",
    title=plots.titled("Largest score by formula", n=f"2^{first:.0f} to 2^{last:.0f}", d=columns),
)
axes.legend()
plt.show()

# %% [markdown]
# ## What to try
#
# 1. Add the clauses `-1 0` and `-2 0` to the formula, and 2 to the number of clauses: no assignment is
#    left. Which numbers are now on the other side of which?
# 2. Take `chain_named("pcp", "one-query")`: how many instances does one formula become? (Take 4 variables
#    at most.)
# 3. Give `decide` an oracle of higher precision, `MpmathOracle()`. What does the answer's error bound
#    become?
#
# **In the docs**: `docs/reductions.md` has the steps and their certificates, `docs/decoders.md` what each
# decoder needs, `docs/datasets.md` data sets of such instances.
#
# Previous: [3. Where the fast gradient stops](03_threshold.ipynb) · next:
# [5. An audit of the paper](05_audit.ipynb)
