# %% [markdown]
# # 6. Training one attention layer, with exact and with fast gradients
#
# **What you will see.** The loss $L(X, Y) = \tfrac12\lVert f A_3 Y - E\rVert_F^2$ with
# $f = \mathrm{softmax}(S)$ and $S = A_1 X A_2^\top/d$: gradient descent in $X$ and $Y$, once with the exact
# gradient and once with the fast one, from the same start. The targets $E$ come from a hidden layer of the
# same kind, so there is something to learn. How far apart the two runs may be is told by what the fast
# gradient reports about its own error.
#
# **Needs** `pip install 'proofcheck[notebooks]'`. **Takes** about ten seconds on two cores.
#
# Previous: [5. An audit of the paper](05_audit.ipynb)

# %%
from proofcheck.notebook import start

start("notebooks")

# %% tags=["parameters"]
n, d, B = 1000, 4, 1.5
g = 5  # degree of the fast gradient
steps, rate = 200, 4e-3
seed = 7

# %%
import matplotlib.pyplot as plt
import numpy as np

from proofcheck import attention_gradient, plots

rng = np.random.default_rng(seed)
A1, A2, A3 = (rng.uniform(-B, B, (n, d)) for _ in range(3))
hidden_X, hidden_Y = rng.uniform(-2, 2, (d, d)), rng.uniform(-1, 1, (d, d))
u = np.exp(A1 @ hidden_X @ A2.T / d)
E = u / u.sum(axis=1, keepdims=True) @ A3 @ hidden_Y + 0.05 * rng.standard_normal((n, d))


def train(**how):
    """What every step returned, and the weights at the end."""
    X, Y = np.eye(d) * 0.1, np.eye(d) * 0.1
    results = []
    for _ in range(steps):
        result = attention_gradient(A1, A2, A3, E, X, Y, wrt=("X", "Y"), **how)
        results.append(result)
        X = X - rate * result.gradients["X"]
        Y = Y - rate * result.gradients["Y"]
    return results, X, Y


exact, exact_X, exact_Y = train(method="exact")
fast, fast_X, fast_Y = train(method="fast", degree=g)
print(
    f"exact: {exact[0].loss:.3f} -> {exact[-1].loss:.3f}",
    f"fast:  {fast[0].loss:.3f} -> {fast[-1].loss:.3f}",
    sep="\n",
)

# %% [markdown]
# The two curves lie on each other. What the fast run reported about itself says how closely they must: a
# step errs by at most the rate times the gradient's error, and to first order the losses then differ by at
# most the sum of these errors times the size of the gradient.

# %%
exact_losses, fast_losses = (np.array([result.loss for result in run]) for run in (exact, fast))
difference = np.abs(fast_losses - exact_losses)
errors = [max(estimate.high for estimate in result.error_estimate.values()) for result in fast]
step_errors = rate * np.cumsum(errors)
sizes = np.array([sum(np.abs(result.gradients[name]).sum() for name in ("X", "Y")) for result in exact])
reported = np.array([result.error_bound["loss"] for result in fast])
allowed = reported + sizes * np.concatenate([[0], step_errors[:-1]])
assert np.all(difference <= allowed)

every = max(1, steps // 10)  # markers
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
left.plot(exact_losses, markevery=(0, every), label="exact")
left.plot(fast_losses, markevery=(every // 2, every), label=f"fast, degree {g}")
left.set(xlabel="step", ylabel="loss L (squared unit of E)", ylim=(0, None), title="The loss")
left.legend()
right.semilogy(allowed, markevery=every, label="what the reported errors allow")
right.semilogy(np.maximum(difference, 1e-16), markevery=every, label="difference of the losses")
right.set(xlabel="step", ylabel="difference (squared unit of E)", title="Fast against exact")
right.legend()
figure.suptitle(plots.titled("Gradient descent in X and Y", n=n, d=d, B=B))
plt.show()

# %% [markdown]
# ## What the scores do while training
#
# The fast method is for small scores. Training makes $X$ larger, and with it the range that the polynomial
# must cover, so the degree that an error takes grows.

# %%
radii = [result.radius for result in fast]
relative = [result.error_estimate["X"].high / np.abs(result.gradients["X"]).max() for result in fast]
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
left.plot(radii, markevery=every)
left.set(xlabel="step", ylabel="all scores are below (no unit)", ylim=(0, None), title="The scores")
right.semilogy(relative, markevery=every)
right.set(
    xlabel="step",
    ylabel="relative error, upper end (no unit)",
    title=f"Estimated error of dL/dX at degree {g}",
)
figure.suptitle(plots.titled("While training", n=n, d=d, B=B))
plt.show()

final = attention_gradient(A1, A2, A3, E, fast_X, fast_Y, rtol=1e-3)
print(f"for a relative error of 1e-3 at the end: {final.method}, degree {final.degree}")

# %% [markdown]
# ## What to try
#
# 1. Lower `g` to 2. Do the losses still agree, and do the reported errors still allow what they differ by?
# 2. Raise `B` to 3. When is the fast gradient refused, and with which message?
# 3. Leave the method to the toolkit, `train(rtol=1e-3)`: `[result.method for result in ...]` tells what it
#    took.
#
# **In the docs**: `docs/torch.md` has the same gradient as a loss with a backward pass, `docs/scaling.md`
# inputs larger than memory, `docs/gradcheck.md` checks of gradients of your own.
#
# Previous: [5. An audit of the paper](05_audit.ipynb)
