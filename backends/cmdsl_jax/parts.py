"""What the emitted JAX module has besides its mathematics: imports, aliases, helpers and the solve."""

from __future__ import annotations

from cmdsl.emit.module import Import, Parts

ALIASES = {
    "Network": "Network = Callable[[Array, Array], Array]  # called as (x, c_noise)",
    "Denoiser": "Denoiser = Callable[[Array, Array], Array]  # called as (x, t): E[x0 given x_t]",
    "Learned": "Learned = Callable[[Array], Array]  # called as (t,): a scalar for each sample",
    "Step": "Step = Callable[[Denoiser, Array, Array, Array], Array]  # called as (denoise, x, t, r)",
}

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
    imports=(
        Import("math", standard=True),
        Import("collections.abc", "Callable", standard=True),
        Import("collections.abc", "Sequence", standard=True),
        Import("functools", "partial", standard=True),
        Import("jax"),
        Import("jax.numpy", alias="jnp"),
        Import("numpy", alias="np"),
        Import("jax", "Array"),
    ),
    aliases=ALIASES,
    helpers={"time_dtype": TIME_DTYPE, "over": OVER, "fill": FILL, "sqnorm": SQNORM, "dot": DOT, "mean": MEAN},
    closing={"solver": INTEGRATE},
)
EXPORTS = {"solver": "integrate"}
RESERVED = (*(i.name for i in PARTS.imports), *PARTS.aliases, *PARTS.helpers, *EXPORTS.values())
