"""What the emitted JAX module has besides its mathematics: imports, aliases, helpers and the solve."""

from __future__ import annotations

from cmdsl.emit.module import Import, Parts

ALIASES = {
    "Denoiser": "Denoiser = Callable[[Array, Array], Array]  # called as (x, t): E[x0 given x_t]",
    "Learned": "Learned = Mapping[str, Callable[..., Array]]  # by name: scalars for each sample from such",
    "LearnedWeights": "LearnedWeights = dict[str, dict[str, Array]]  # of each learned function, to be trained",
    "Step": "Step = Callable[[Denoiser, Array, Array, Array], Array]  # called as (denoise, x, t, r)",
    "Sums": "Sums = tuple[Array, ...]",
}

START_LEARNED = '''
def start_learned(scalars: dict[str, int], frequencies: int = 64) -> LearnedWeights:
    """Give the weights of learned functions of so many scalars each: zeros."""
    sizes = {name: 2 * frequencies * count for name, count in scalars.items()}
    return {name: {"weight": jnp.zeros(size), "bias": jnp.zeros(())} for name, size in sizes.items()}
'''

APPLY_LEARNED = '''
def apply_learned(weights: LearnedWeights) -> Learned:
    """Give learned functions, by name, from their weights: what a loss takes as `learned`."""
    return {name: partial(fourier, own) for name, own in weights.items()}
'''

FOURIER = '''
def fourier(weights: dict[str, Array], *scalars: Array) -> Array:
    """Give the value of one linear layer on Fourier features of each scalar: `[batch]`."""
    frequencies = weights["weight"].size // (2 * len(scalars))
    frequency = math.pi / 2 * 2 ** jnp.linspace(-6, 4, frequencies)
    angle = jnp.stack(scalars, 1)[:, :, None] * frequency
    features = jnp.concatenate([jnp.sin(angle), jnp.cos(angle)], 2).reshape(len(angle), -1)
    return (features @ weights["weight"] + weights["bias"]).astype(scalars[0].dtype)
'''

TIME_DTYPE = '''
def time_dtype(x: Array) -> jnp.dtype:
    """Give the dtype of times and coefficients: that of x, but at least float32."""
    return jnp.promote_types(x.dtype, jnp.float32)
'''

OVER = '''
def over(t: Array, x: Array) -> Array:
    """Give scalars `[batch]` the rank of x: `[batch, 1, ...]`."""
    return t.reshape(t.shape + (1,) * (x.ndim - t.ndim))
'''

FILL = '''
def fill(value: float | Array, x: Array) -> Array:
    """Give a number for each sample of x: `[batch]`."""
    return jnp.full(x.shape[:1], value, time_dtype(x))
'''

SQNORM = '''
def sqnorm(x: Array) -> Array:
    """Give the squared norm of each sample: `[batch]`."""
    return jnp.sum(x**2, axis=range(1, x.ndim))
'''

DOT = '''
def dot(a: Array, b: Array) -> Array:
    """Give the inner product of each sample of a with that of b: `[batch]`."""
    return jnp.sum(a * b, axis=range(1, a.ndim))
'''

MEAN = '''
def mean(x: Array) -> Array:
    """Give the mean of each sample over its elements: `[batch]`."""
    return jnp.mean(x, axis=range(1, x.ndim))
'''

CATEGORICAL = '''
def categorical(key: Array, weights: np.ndarray, shape: tuple[int, ...]) -> Array:
    """Draw indices of weights, each as often as its weight says."""
    return jax.random.choice(key, len(weights), shape, p=weights)
'''

ANALYTIC_DENOISER = '''
def analytic_denoiser(data: Array, *, block: int = 512) -> Denoiser:
    """Give E[x0 given x_t] for data y `[n, ...]`: their mean by the weights exp(-|x - alpha(t)*y|^2/(2*sigma(t)^2)).

    Karras et al. (2022), appendix B.3, by blocks of the data; where sigma(t) is 0, the nearest of them.
    """
    rows, block = data.reshape(len(data), -1), min(block, len(data))

    def weighed(x: Array, t: Array, start: Array) -> tuple[Array, Array]:
        first = jnp.minimum(start, len(rows) - block)  # the last block reaches back, to be a whole one
        y = jax.lax.dynamic_slice_in_dim(rows, first, block).astype(x.dtype)
        a, s = alpha(t)[:, None], jnp.maximum(sigma(t)[:, None], 1e-10)
        gain, centre = a**2 / (a**2 + s**2), a[:, None] * y
        # |x - centre|^2 - (1 - gain)^2*|x|^2, so that float32 keeps its digits; not stored but fused with the sum
        square = jnp.sum(((gain * x)[:, None] - centre) * (((2 - gain) * x)[:, None] - centre), 2)
        return y, jnp.where(first + jnp.arange(block) < start, -jnp.inf, -square / s / s / 2)

    def means(x: Array, t: Array, sums: Callable[[Array, Array, Array], Sums], sizes: tuple[int, ...]) -> Sums:
        @jax.checkpoint
        def add(so_far: tuple[Array, Array, Sums], start: Array) -> tuple[tuple[Array, Array, Sums], None]:
            last, mass, totals = so_far
            y, logits = weighed(x, t, start)
            top = logits.max(1, keepdims=True)
            # the nearest weighs 1, however its logit is rounded where it is computed anew
            nearest = jnp.arange(block) == logits.argmax(1, keepdims=True)
            w = jnp.where(nearest, 1, jnp.exp(jnp.minimum(logits - top, 0)))
            kept, added = jnp.exp(jnp.minimum(last - top, 0)), jnp.exp(jnp.minimum(top - last, 0))
            mass = kept * mass + added * w.sum(1, keepdims=True)
            totals = tuple(kept * a + added * b for a, b in zip(totals, sums(y, w, start), strict=True))
            return (jnp.maximum(last, top), mass, totals), None

        none = jnp.zeros_like(x, shape=(len(x), 1))
        start = none - jnp.inf, none, tuple(jnp.zeros_like(x, shape=(len(x), size)) for size in sizes)
        (_, mass, totals), _ = jax.lax.scan(add, start, jnp.arange(0, len(rows), block))
        return tuple(total / mass for total in totals)

    @jax.custom_jvp
    def average(x: Array, t: Array) -> Array:
        (mean,) = means(x, t, lambda y, w, start: (jnp.matmul(w, y, precision="highest"),), x.shape[1:])
        return mean

    @average.defjvp
    def covariance(at: tuple[Array, Array], along: tuple[Array, Array]) -> tuple[Array, Array]:
        (x, t), mean = at, average(*at)

        def moments(y: Array, w: Array, start: Array) -> Sums:
            _, change = jax.jvp(lambda x, t: weighed(x, t, start)[1], at, along)
            away, moved = y - mean[:, None], w * change
            return jnp.sum(moved[:, :, None] * away, 1), jnp.sum(w[:, :, None] * away, 1), moved.sum(1, keepdims=True)

        both, away, change = means(x, t, moments, (*x.shape[1:], *x.shape[1:], 1))
        noisy = sigma(t) > 10 * jnp.spacing(jnp.ones_like(t))  # else the nearest stays the nearest
        return mean, jnp.where(noisy[:, None], both - away * change, 0)

    def denoise(x: Array, t: Array) -> Array:
        flat = x.reshape(len(x), -1).astype(time_dtype(x))
        return average(flat, t.astype(flat.dtype)).reshape(x.shape)

    return denoise
'''

INTEGRATE = '''
def integrate(denoise: Denoiser, x: Array, times: Array, step: Step) -> Array:
    """Solve the probability-flow ODE from x at times[0] to times[-1], by one step of a solver after another."""
    times = jnp.asarray(times, time_dtype(x))

    def advance(x: Array, ends: tuple[Array, Array]) -> tuple[Array, None]:
        t, r = ends
        return step(denoise, x, fill(t, x), fill(r, x)), None

    return jax.lax.scan(advance, x.astype(time_dtype(x)), (times[:-1], times[1:]))[0]
'''

PARTS = Parts(
    array="Array",
    learned=("start_learned", "LearnedWeights"),
    imports=(
        Import("math", standard=True),
        Import("collections.abc", "Callable", standard=True),
        Import("collections.abc", "Mapping", standard=True),
        Import("collections.abc", "Sequence", standard=True),
        Import("functools", "partial", standard=True),
        Import("jax"),
        Import("jax.numpy", alias="jnp"),
        Import("numpy", alias="np"),
        Import("jax", "Array"),
    ),
    aliases=ALIASES,
    helpers={
        "time_dtype": TIME_DTYPE,
        "over": OVER,
        "fill": FILL,
        "sqnorm": SQNORM,
        "dot": DOT,
        "mean": MEAN,
        "categorical": CATEGORICAL,
        "start_learned": START_LEARNED,
        "fourier": FOURIER,
    },
    closing={"alpha": ANALYTIC_DENOISER, "solver": INTEGRATE, "learned": APPLY_LEARNED},
)
EXPORTS = {"alpha": "analytic_denoiser", "solver": "integrate", "learned": "apply_learned"}
RESERVED = ("Network", *(i.name for i in PARTS.imports), *PARTS.aliases, *PARTS.helpers, *EXPORTS.values())
