"""The exact denoiser of a data set: closed forms, fifty digits, float32 at every noise level, and its memory."""

from __future__ import annotations

import resource
from collections.abc import Callable
from statistics import NormalDist
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from cmdsl.ir.interpret import interpret
from tests.numbers import packages
from tests.numbers.frameworks import JAX, TORCH, Array, Framework, network
from tests.numbers.objectives import SHAPE, drawn, inputs, loss
from tests.numbers.test_reference import oracle

Shipped = Callable[[str], ModuleType]
CASES = pytest.mark.parametrize("name", packages.NAMES)
LEVELS = np.array([1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.3, 1])  # shares of the way from epsilon to T


def marginals(m: ModuleType, framework: Framework, t: Array) -> tuple[Array, Array]:
    """Give alpha and sigma in float64, `[batch, 1]`."""
    alpha, sigma = (framework.numpy(f(framework.array(t.astype("float64"))))[:, None] for f in (m.alpha, m.sigma))
    return alpha, sigma


def noisy(m: ModuleType, framework: Framework, y: Array) -> tuple[Array, Array]:
    """Give a noisy sample of flat data for each level, and the times."""
    rng, t = np.random.default_rng(3), m.EPSILON + (m.T - m.EPSILON) * LEVELS
    alpha, sigma = marginals(m, framework, t)
    clean = y[rng.integers(len(y), size=len(t))]
    return alpha * clean + sigma * rng.normal(size=clean.shape), t


def denoised(m: ModuleType, framework: Framework, y: Array, x: Array, t: Array, **options: int) -> Array:
    """Evaluate the denoiser of the data y."""
    denoise = m.analytic_denoiser(framework.array(y), **options)
    return framework.numpy(denoise(framework.array(x), framework.array(t)))


def posterior(m: ModuleType, framework: Framework, y: Array, x: Array, t: Array) -> tuple[Array, Array]:
    """Give the weights of the data and their mean, from differences in extended precision."""
    alpha, sigma = marginals(m, framework, t)
    far = np.stack([((x.astype(np.longdouble) - alpha * row) ** 2).sum(1) for row in y.astype(np.longdouble)], 1)
    w = np.exp((far.min(1, keepdims=True) - far) / (2 * sigma**2))
    w /= w.sum(1, keepdims=True)
    return w, w @ y


@CASES
def test_fifty_digits(name: str, framework: Framework, shipped: Shipped) -> None:
    y = np.random.default_rng(0).normal(size=(7, 4))
    x, t = noisy(shipped(name), framework, y)
    m, wanted = oracle(name, shipped(name)), []
    for state, time in zip(x.tolist(), t.tolist(), strict=True):
        (alpha,), (sigma,) = (interpret(m, f, [time]) for f in ("alpha", "sigma"))
        far = [sum((v - alpha * u) ** 2 for v, u in zip(state, row, strict=True)) for row in y.tolist()]
        w = [m.mp.exp(-square / (2 * sigma**2)) for square in far]
        wanted.append([float(m.mp.fdot(w, column) / sum(w)) for column in y.T.tolist()])
    found = denoised(shipped(name), framework, y.reshape(7, 2, 2), x.reshape(-1, 2, 2), t, block=3)
    np.testing.assert_allclose(found, np.reshape(wanted, found.shape), rtol=1e-11)


def test_two_points(framework: Framework, shipped: Shipped) -> None:
    """Of the data c and -c it is c*tanh(alpha*x.c/sigma^2)."""
    c = np.array([0.5, -1.0, 0.25])
    x, t = noisy(shipped("vp_linear"), framework, np.stack([c, -c]))
    alpha, sigma = marginals(shipped("vp_linear"), framework, t)
    found = denoised(shipped("vp_linear"), framework, np.stack([c, -c]), x, t)
    np.testing.assert_allclose(found, c * np.tanh(alpha * (x @ c)[:, None] / sigma**2), rtol=1e-12)


def test_one_point(framework: Framework, shipped: Shipped) -> None:
    y = np.array([[0.3, -2.0]])
    x, t = noisy(shipped("vp_linear"), framework, y)
    np.testing.assert_array_equal(denoised(shipped("vp_linear"), framework, y, x, t), np.broadcast_to(y, x.shape))


def test_gaussian_data(framework: Framework, shipped: Shipped) -> None:
    """Of many quantiles of N(0, 1) it is the linear denoiser of Gaussian data; samples may be numbers."""
    m, normal = shipped("vp_linear"), NormalDist()
    t = m.EPSILON + (m.T - m.EPSILON) * np.array([0.3, 0.5, 1])
    alpha, sigma = (v[:, 0] for v in marginals(m, framework, t))
    x = np.array([0.5, -1, 1]) * np.hypot(alpha, sigma)
    wanted, errors = alpha * x / (alpha**2 + sigma**2), []
    for n in (1000, 4000):
        y = np.array([normal.inv_cdf((i + 0.5) / n) for i in range(n)])
        errors.append(abs(denoised(m, framework, y, x, t) - wanted).max())
    assert errors[1] < 0.4 * errors[0] < 2e-3


def test_order_and_blocks_do_not_matter(framework: Framework, shipped: Shipped) -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(size=(50, 4))
    x, t = noisy(shipped("vp_linear"), framework, y)
    wanted = denoised(shipped("vp_linear"), framework, y, x, t)
    for block in (7, 25, 1000):
        found = denoised(shipped("vp_linear"), framework, rng.permutation(y), x, t, block=block)
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-13)


@CASES
def test_single_precision_keeps_its_digits(name: str, framework: Framework, shipped: Shipped) -> None:
    """Also where data of many elements have neighbours a few sigma away, on the whole of [epsilon, T]."""
    rng = np.random.default_rng(2)
    y = rng.uniform(-1, 1, size=(5, 3072)).repeat(8, 0)
    y = (y + 1e-4 * rng.normal(size=y.shape)).astype("float32")
    x, t = (v.astype("float32") for v in noisy(shipped(name), framework, y))
    found = denoised(shipped(name), framework, y, x, t, block=16)
    assert found.dtype == np.float32
    _, wanted = posterior(shipped(name), framework, y, x, t)
    assert abs(found - wanted).max() < 2e-6


@CASES
def test_derivatives(name: str, framework: Framework, shipped: Shipped) -> None:
    """The Jacobian is the data's covariance given x_t, times alpha/sigma^2: forwards and backwards."""
    m, rng = shipped(name), np.random.default_rng(4)
    y = rng.normal(size=(9, 3))
    x, t = noisy(m, framework, y)
    v = rng.normal(size=(len(x), 3))
    w, mean = posterior(m, framework, y, x, t)
    alpha, sigma = marginals(m, framework, t)
    away = y[None] - mean[:, None]
    wanted = (alpha / sigma**2 * np.einsum("bn,bni,bnj,bj->bi", w, away, away, v)).astype(float)
    denoise = m.analytic_denoiser(framework.array(y), block=4)
    at, along, time = (framework.array(np.asarray(a)) for a in (x, v, t))
    _, forwards = framework.jvp(lambda x: denoise(x, time), (at,), (along,))
    _, (backwards,) = framework.gradient(lambda w: (denoise(w[0], time) * along).sum(1), (at,))
    np.testing.assert_allclose(framework.numpy(forwards), wanted, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(backwards, wanted, rtol=1e-8, atol=1e-9)


@CASES
@pytest.mark.parametrize("block", [3, 8])
def test_derivatives_in_single_precision(name: str, block: int, framework: Framework, shipped: Shipped) -> None:
    """Compiled, at all noise levels, of data near each other and of others: changes of logits all but cancel."""
    m, rng = shipped(name), np.random.default_rng(8)
    y = rng.normal(size=(8, 5)).astype("float32")
    y[1] = y[0] + np.float32(1e-3)
    t = np.linspace(m.EPSILON ** (1 / 9), m.T ** (1 / 9), 24) ** 9
    t = np.concatenate([[0, 1e-6], t]).astype("float32")
    x = (y[np.arange(len(t)) % 8] + np.float32(4e-4)).astype("float32")
    w, mean = posterior(m, framework, y.astype("float64"), x.astype("float64"), t)
    alpha, sigma = marginals(m, framework, t)
    away = y[None] - mean[:, None]
    scale = alpha / np.maximum(sigma, 1e-30) ** 2
    wanted = np.where(sigma > 1e-5, scale * np.einsum("bn,bni,bnj->bi", w, away, away), 0).astype(float)
    denoise, time = m.analytic_denoiser(framework.array(y), block=block), framework.array(t)
    at = framework.array(x)
    ones = framework.functions.ones_like(at)

    def slope(x: Any) -> Any:
        return framework.jvp(lambda x: denoise(x, time), (x,), (ones,))[1]

    found = slope(at) if framework is TORCH else jax.jit(slope)(at)
    allowed = 1e-5 * (1 + np.abs(wanted).max(1, keepdims=True))
    assert (np.abs(framework.numpy(found) - wanted) < allowed).all()


def test_derivative_by_time(framework: Framework, shipped: Shipped) -> None:
    m, y = shipped("vp_linear"), np.random.default_rng(4).normal(size=(9, 3))
    x, t = noisy(m, framework, y)
    x, t, step = x[3:], t[3:], 1e-6 * t[3:]
    denoise, one = m.analytic_denoiser(framework.array(y), block=4), framework.array(np.ones_like(t))
    _, found = framework.jvp(lambda t: denoise(framework.array(x), t), (framework.array(t),), (one,))
    high, low = (denoised(m, framework, y, x, s) for s in (t + step, t - step))
    np.testing.assert_allclose(framework.numpy(found), (high - low) / (2 * step[:, None]), rtol=1e-5, atol=1e-7)


@CASES
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_without_noise_it_is_the_nearest(name: str, dtype: str, framework: Framework, shipped: Shipped) -> None:
    """At sigma = 0, the limit: with no derivative by x, and without a NaN."""
    y = np.random.default_rng(5).normal(size=(6, 3)).astype(dtype)
    x = np.concatenate([y, y + np.array(0.1, dtype), 3 * y[:1] - 2 * y[1:2]])
    nearest = y[((x[:, None] - y) ** 2).sum(2).argmin(1)]
    t = np.zeros(len(x), dtype)
    np.testing.assert_array_equal(denoised(shipped(name), framework, y, x, t, block=4), nearest)
    denoise = shipped(name).analytic_denoiser(framework.array(y), block=4)
    _, (slope,) = framework.gradient(lambda w: denoise(w[0], framework.array(t)).sum(1), (framework.array(x),))
    np.testing.assert_array_equal(slope, 0)


def test_frameworks_agree() -> None:
    in_torch, in_jax = (packages.module(packages.spec_text("vp_linear"), backend) for backend in packages.BACKENDS)
    y = np.random.default_rng(6).normal(size=(40, 5))
    x, t = noisy(in_torch, TORCH, y)
    found = denoised(in_jax, JAX, y, x, t, block=11)
    np.testing.assert_allclose(found, denoised(in_torch, TORCH, y, x, t, block=9), rtol=1e-10)


def test_half_precision_is_for_states_alone(framework: Framework, shipped: Shipped) -> None:
    m, y = shipped("ve_edm"), np.random.default_rng(6).normal(size=(40, 5)).astype("float32")
    x, t = (framework.array(v.astype("float32")) for v in noisy(m, framework, y))
    half = x.bfloat16() if framework.name == "torch" else x.astype(jnp.bfloat16)
    single = half.float() if framework.name == "torch" else half.astype(jnp.float32)
    denoise = m.analytic_denoiser(framework.array(y))
    found = framework.numpy(denoise(half, t))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, framework.numpy(denoise(single, t)))


def distillation(m: ModuleType, framework: Framework) -> Callable[[Any], Any]:
    """Give the loss of distilling a data set, as a function of the data."""
    x0 = framework.array(np.random.default_rng(0).normal(size=(6, *SHAPE)))
    given = {**inputs(m, framework, {}), "x0": x0, **drawn(m, "cd_euler", framework.source(4), x0)}
    net = network(framework, 1, SHAPE)
    return lambda data: loss(m, "cd_euler", {**given, "teacher": m.analytic_denoiser(data, block=4)})(net)


def test_teacher_under_a_compiler(framework: Framework, shipped: Shipped) -> None:
    """In a distillation, without a graph break; in JAX the data may be an argument of what is compiled."""
    data = framework.array(np.random.default_rng(8).normal(size=(11, *SHAPE)))
    plain = distillation(shipped("ve_edm"), framework)
    torch._dynamo.reset()
    to_torch = framework.name == "torch"
    run = torch.compile(plain, fullgraph=True, backend="aot_eager") if to_torch else jax.jit(plain)
    np.testing.assert_allclose(framework.numpy(run(data)), framework.numpy(plain(data)), rtol=1e-11)


class Largest(TorchDispatchMode):
    """Remembers how many elements the largest tensor had that was made."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.elements = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        given = {t.untyped_storage().data_ptr() for t in tree_leaves(args) if isinstance(t, torch.Tensor)}
        new = (t for t in tree_leaves(made) if isinstance(t, torch.Tensor))
        sizes = [t.numel() for t in new if t.untyped_storage().data_ptr() not in given]
        self.elements = max([self.elements, *sizes])
        return made


N, SIZE, BATCH, BLOCK = 20_000, 300, 4, 64


def test_memory_in_torch() -> None:
    """Nothing is made that is larger than a block of the data, or grows with how many there are."""
    denoise = packages.module(packages.spec_text("ve_edm"), "torch").analytic_denoiser(
        torch.zeros(N, SIZE), block=BLOCK
    )
    with torch.no_grad(), Largest() as largest:
        denoise(torch.ones(BATCH, SIZE), torch.ones(BATCH))
    assert BATCH * SIZE <= largest.elements <= BLOCK * SIZE


def test_memory_in_jax() -> None:
    """What is compiled needs little more than a block of the data: differences are not kept."""
    m = packages.module(packages.spec_text("ve_edm"), "jax")
    arrays = [jnp.zeros(shape, "float32") for shape in [(N, SIZE), (BATCH, SIZE), (BATCH,)]]
    function = jax.jit(lambda data, x, t: m.analytic_denoiser(data, block=BLOCK)(x, t))
    needed = function.lower(*arrays).compile().memory_analysis()
    assert needed is not None
    assert needed.temp_size_in_bytes < 2 * 4 * BLOCK * SIZE


@pytest.mark.slow
def test_fifty_thousand_images(framework: Framework, shipped: Shipped) -> None:
    """As many as CIFAR-10 has, of 3072 elements."""
    m, rng = shipped("ve_edm"), np.random.default_rng(9)
    y = rng.uniform(-1, 1, size=(50_000, 3072)).astype("float32")
    x = y[:8] + 0.5 * rng.normal(size=(8, 3072)).astype("float32")
    data, x, t = framework.array(y), framework.array(x), framework.array(np.full(8, 0.5, "float32"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = framework.numpy(m.analytic_denoiser(data)(x, t))
    np.testing.assert_allclose(found, y[:8], atol=1e-6)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kilobytes; the data are 600 000
