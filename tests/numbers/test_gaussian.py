"""Gaussian data: the exact flow, the order of each solver, and losses at the exact networks, whose values are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tests.numbers import packages
from tests.numbers.frameworks import FRAMEWORKS, Array, Framework
from tests.numbers.gaussian import denoiser, deviation, flow, raw_consistency, variance
from tests.numbers.loading import with_constants

Shipped = Callable[[str], ModuleType]
ORDERS = {"euler": 1, "heun": 2, "ddim": 1, "midpoint": 2, "rk4": 4, "exponential_heun": 2}
# From a time to a later one, away from the ends, where a solver's error is smooth in the step.
STRETCH = {"ve_edm": (2.0, 0.2), "vp_linear": (0.8, 0.2), "trigflow": (1.3, 0.3)}
CASES = pytest.mark.parametrize("name", packages.NAMES)
SHARES = st.lists(st.floats(0, 1), min_size=3, max_size=3)


# With a VE process the exact path is sqrt(t^2 + s^2), of which the midpoint rule has the term in h^3 right too.
MORE = {("ve_edm", "midpoint"): 1}


def order(name: str, solver: str) -> int:
    """Give the order that a solver has on a spec's Gaussian path: what it claims, or better by luck."""
    return ORDERS[solver] + MORE.get((name, solver), 0)


def slope(sizes: list[int], errors: list[float]) -> float:
    """Give the power of the size with which the errors fall."""
    return float(-np.polyfit(np.log(sizes), np.log(errors), 1)[0])


@pytest.mark.parametrize("backend", packages.BACKENDS)
@CASES
@given(shares=SHARES, size=st.floats(0.1, 5))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_exact_flow(name: str, backend: str, shares: list[float], size: float) -> None:
    """The flow takes s to r to t as s to t, stays at s, and keeps the Gaussian marginals."""
    framework, m = FRAMEWORKS[backend], unlike_data(name, backend)
    r, s, t = (framework.array(m.EPSILON + (m.T - m.EPSILON) * np.array([share])) for share in shares)
    x = framework.array(np.array([[size]]))
    direct, around = m.exact_gaussian(x, s, t), m.exact_gaussian(m.exact_gaussian(x, s, r), r, t)
    np.testing.assert_allclose(framework.numpy(around), framework.numpy(direct), rtol=1e-14)
    np.testing.assert_array_equal(framework.numpy(m.exact_gaussian(x, s, s)), framework.numpy(x))
    wanted = flow(m, m.SIGMA_DATA, x, s, t)
    np.testing.assert_allclose(framework.numpy(direct), framework.numpy(wanted), rtol=1e-13)


@cache
def unlike_data(name: str, backend: str) -> ModuleType:
    """Give a spec's module at another deviation of the data than the one for which the flow may stand still."""
    return with_constants(packages.compiled(packages.spec_text(name)).models[backend], {"SIGMA_DATA": 0.37})


@CASES
def test_points_of_a_trajectory_have_one_origin(name: str, framework: Framework, shipped: Shipped) -> None:
    m = shipped(name)
    t = framework.functions.asarray(m.grid(33))
    start = framework.array(np.full((33, 2), 1.5))
    x = flow(m, deviation(m), start, framework.functions.full_like(t, m.T), t)
    found = framework.numpy(m.consistency(raw_consistency(m, framework, name, deviation(m)), x, t))
    np.testing.assert_allclose(found, np.broadcast_to(found[0], found.shape), rtol=1e-12)
    np.testing.assert_array_equal(found[0], framework.numpy(x)[0])


@pytest.mark.parametrize("solver", ORDERS)
@CASES
def test_order_of_solvers(name: str, solver: str, framework: Framework, shipped: Shipped) -> None:
    m = shipped(name)
    step, exact = getattr(m, f"{solver}_step"), denoiser(m, deviation(m))
    first, last = STRETCH[name]
    x = framework.array(np.ones((1, 2)))
    wanted = flow(m, deviation(m), x, *(framework.array(np.array([v])) for v in (first, last)))
    sizes = [32, 64, 128]
    errors = [
        float(abs(m.integrate(exact, x, framework.array(np.linspace(first, last, n + 1)), step) - wanted).max())
        for n in sizes
    ]
    assert slope(sizes, errors) == pytest.approx(order(name, solver), abs=0.1)


@pytest.mark.parametrize("solver", ORDERS)
@CASES
def test_distillation_falls_at_the_solvers_order(
    name: str, solver: str, framework: Framework, shipped: Shipped
) -> None:
    """At the exact networks the loss is the square of the solver's error in one step: of its order, plus one."""
    m = shipped(name)
    network, teacher = raw_consistency(m, framework, name, deviation(m)), denoiser(m, deviation(m))
    function = partial(getattr(m, f"loss_cd_{solver}"), network, network_ema=network, teacher=teacher)
    x0, z = (framework.array(v) for v in moments(deviation(m)))
    sizes = [128, 256, 512, 1024] if order(name, solver) < 4 else [128, 192, 256]

    def root(intervals: int) -> float:
        n = framework.array(np.full(len(x0), intervals / 2))
        return math.sqrt(float(function(x0, z=z, n=n, N=intervals + 1).mean()))

    assert slope(sizes, [root(n) for n in sizes]) == pytest.approx(order(name, solver) + 1, abs=0.1)


def moments(data: float, samples: int = 1) -> tuple[Array, Array]:
    """Give data and noise whose second moments are exactly those of the distributions, uncorrelated."""
    x0 = data * np.array([[1.0, 1.0, -1.0, -1.0]])
    z = np.array([[1.0, -1.0, 1.0, -1.0]])
    return np.repeat(x0, samples, 0), np.repeat(z, samples, 0)


@CASES
def test_training_loss_at_the_exact_function(name: str, framework: Framework, shipped: Shipped) -> None:
    """Where data are Gaussian f = k(t) x, so both sides are linear in x0 and z, and the expected square is known."""
    m, nodes = shipped(name), 18
    network = raw_consistency(m, framework, name, deviation(m))
    x0, z = (framework.array(v) for v in moments(deviation(m), nodes - 1))
    n = framework.array(np.arange(1.0, nodes))
    found = framework.numpy(m.loss_ct_l2(network, x0, network_ema=network, z=z, n=n, N=nodes))
    data, noise = linear_parts(m, framework, nodes)
    wanted = (np.diff(data) * deviation(m)) ** 2 + np.diff(noise) ** 2
    np.testing.assert_allclose(found, wanted, rtol=1e-10)


def linear_parts(m: ModuleType, framework: Framework, nodes: int) -> tuple[Array, Array]:
    """Give k alpha and k sigma at the nodes, k the scale of the flow to epsilon."""
    t = framework.functions.asarray(m.grid(nodes))
    alpha, sigma = (framework.numpy(v(t)) for v in (m.alpha, m.sigma))
    scale = framework.numpy(variance(m, deviation(m), t)) ** 0.5
    return scale[0] / scale * alpha, scale[0] / scale * sigma
