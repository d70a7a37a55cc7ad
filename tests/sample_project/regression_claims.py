"""What our note on softmax regression says, as it is printed."""

from proofcheck import Claim, Kind, Real, equal


def softmax(xp, x):
    weights = xp.exp(x)
    return weights / xp.sum(weights)


def loss(xp, x, y):
    """Cross-entropy of the scores x against the weights y."""
    return xp.log(xp.sum(xp.exp(x))) * xp.sum(y) - xp.inner(x, y)


shift = Claim(
    "note:shift",
    kind=Kind.FACT,
    title="Softmax does not see a shift",
    source="Note, Fact 1",
    quote="softmax(x + t 1) = softmax(x)",
    given={"x": Real("n"), "t": Real()},
)


@shift.printed
def _(xp, x, t, n):
    return equal(softmax(xp, x + t * xp.ones(n)), softmax(xp, x))


gradient = Claim(
    "note:gradient",
    kind=Kind.LEMMA,
    title="Gradient of the loss in the scores",
    source="Note, Lemma 2",
    quote="DL(x)[v] = <(1^T y) softmax(x) - y, v>",
    given={"x": Real("n"), "y": Real("n"), "v": Real("n")},
)


@gradient.printed
def _(xp, x, y, v):
    derivative = xp.D(lambda x: loss(xp, x, y), x)
    return equal(derivative[v], xp.inner(xp.sum(y) * softmax(xp, x) - y, v))


jacobian = Claim(
    "note:jacobian",
    kind=Kind.LEMMA,
    title="Derivative of softmax",
    source="Note, Lemma 3",
    quote="D softmax(x)[v] = (diag(s) + s s^T) v",
    given={"x": Real("n"), "v": Real("n")},
)


@jacobian.printed
def _(xp, x, v):
    s = softmax(xp, x)
    derivative = xp.D(lambda x: softmax(xp, x), x)
    return equal(derivative[v], (xp.diag(s) + xp.outer(s, s)) @ v)


@jacobian.mended(because="the rank-one term has a minus sign")
def _(xp, x, v):
    s = softmax(xp, x)
    derivative = xp.D(lambda x: softmax(xp, x), x)
    return equal(derivative[v], (xp.diag(s) - xp.outer(s, s)) @ v)
