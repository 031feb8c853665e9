"""Networks of two times or of a time and a step, and continuous-time consistency on TrigFlow, for Gaussian data.

What is exact there is linear in the state: average velocities, jumps along the ODE, and the consistency function.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.numbers import packages
from tests.numbers.frameworks import Array, Framework, Network, arrays, network
from tests.numbers.gaussian import denoiser, deviation, flow, over, raw_consistency, variance
from tests.numbers.stationary import Points, corners, own_average, slopes
from tests.numbers.test_peers import PEERS, trigflow_network

DATA = 0.4  # where the spec names no deviation
AMOUNTS = (0.0, 0.1, -0.1)
MORE = {
    "meanflow": "objective plain = meanflow(p = 0)\n",
    "shortcut": "",
    "ctm": "objective euler = ctm(solver = euler)\n",
    "sct_cifar10": "",
    "scd_cifar10": "",
}
close = partial(np.testing.assert_allclose, rtol=1e-12, atol=1e-14)


@pytest.fixture
def shipped(framework: Framework) -> Callable[[str], ModuleType]:
    """Give the module that a spec compiles to, with what else is tested of it."""

    def module(name: str) -> ModuleType:
        text = (packages.SPECS / f"{name}.cm").read_text(encoding="utf-8")
        return packages.module(text + MORE[name], framework.name)

    return module


Shipped = Callable[[str], ModuleType]


def returns(found: Array) -> bool:
    """Tell whether going down leads back to the exact network from either side, at all times."""
    return bool((found[1] > 0).all() and (found[2] < 0).all())


def aligned(m: ModuleType, data: float, framework: Framework, t: float) -> Points:
    """Give points along x_t and along what is independent of it, many of them, for what is not smooth in that.

    A loss that is odd in the second has no slope at the exact network, whatever norms it takes.
    """
    at = framework.array(np.array([t]))
    alpha, sigma = (framework.numpy(v(at))[0] for v in (m.alpha, m.sigma))
    cos, sin = np.array([alpha * data, sigma]) / np.hypot(alpha * data, sigma)
    (x, near), across = np.polynomial.hermite_e.hermegauss(8), np.linspace(-8, 8, 801)
    first, second = np.meshgrid(x, across)
    far = np.exp(-(across**2) / 2)
    weights = np.outer(far / far.sum(), near / near.sum()).ravel()
    x0, z = cos * first - sin * second, sin * first + cos * second
    return Points(data * x0.reshape(-1, 1), z.reshape(-1, 1), weights)


# ---- TrigFlow


def still(t: Any) -> Any:
    """Give a learned weight that has learned nothing."""
    return 0 * t


def tau(m: ModuleType, t: Any) -> Any:
    """Give the draw whose time is t."""
    return np.log(m.SIGMA_DATA * np.tan(t))


def step(m: ModuleType, network: Network, framework: Framework, k: float, t: float, **given: Any) -> Array:
    """Give the step that the loss asks of the network's output at the state of the file's entry: g/(|g| + c)."""
    x0, z = np.array([[0.8, -0.3, 0.1]]), np.array([[0.6, -1.1, 0.4]])
    inputs = arrays(framework, {"x0": x0, "z": z, "tau": np.array([tau(m, t)])})
    loss = partial(m.loss_sct, **inputs, learned={"w": still}, k=k, **given)
    pushed = lambda push: loss(lambda u, c: network(u, c) + push[0])  # noqa: E731
    _, (slope,) = framework.gradient(pushed, (framework.array(np.zeros((1, 3))),))
    return np.asarray(-slope[0] * 3 / 2)


def tangent(normalised: Array, c: float = 0.1) -> Array:
    """Give g for g/(|g| + c)."""
    norm = np.linalg.norm(normalised)
    return np.asarray(normalised * c / (1 - norm))


def test_the_step_of_sct_is_the_normalised_tangent(shipped: Shipped, framework: Framework) -> None:
    m, wanted = shipped("sct_cifar10"), PEERS["trigflow_tangent"]
    g = np.array(wanted["g_r1"])
    found = step(m, trigflow_network(framework.functions), framework, 10000, 0.7)
    close(found, g / (np.linalg.norm(g) + 0.1))
    close(tangent(found), g)


def test_the_warm_up_of_sct(shipped: Shipped, framework: Framework) -> None:
    """At first the tangent lacks the derivative of the network and x_t; it comes in linearly."""
    m, entry, t = shipped("sct_cifar10"), PEERS["trigflow_tangent"], 0.7
    x_t, f = (np.array(entry[name]) for name in ("x_t", "f"))
    v = np.cos(t) * 0.5 * np.array([0.6, -1.1, 0.4]) - np.sin(t) * np.array([0.8, -0.3, 0.1])
    cold = -(np.cos(t) ** 2) * ((np.cos(t) * x_t - f) / np.sin(t) - v)
    warm = np.array(entry["g_r1"])
    network = trigflow_network(framework.functions)
    for k, wanted in ((0, cold), (2500, 0.75 * cold + 0.25 * warm), (20000, warm)):
        close(tangent(step(m, network, framework, k, t)), wanted)


def test_the_weight_of_sct_is_learned(shipped: Shipped, framework: Framework) -> None:
    m, inner = shipped("sct_cifar10"), trigflow_network(framework.functions)
    inputs = arrays(framework, {"x0": np.ones((2, 3)), "z": np.ones((2, 3)), "tau": np.array([-1.0, 0.5])})
    plain, weighed = (
        framework.numpy(m.loss_sct(inner, **inputs, learned={"w": lambda t, w=w: w + 0 * t}, k=9000)) for w in (0, 0.3)
    )
    close(weighed, np.exp(0.3) * plain - 0.3)


def test_the_tangent_of_sct_is_the_limit_of_differences(shipped: Shipped, framework: Framework) -> None:
    m, t = shipped("sct_cifar10"), 0.7
    net = network(framework, 4, (3,))
    g = tangent(step(m, net, framework, 10000, t)) / np.cos(t)
    x0, z = (framework.array(np.array([v])) for v in ([0.8, -0.3, 0.1], [0.6, -1.1, 0.4]))

    def along(time: float) -> Array:
        at = framework.array(np.array([time]))
        return framework.numpy(m.consistency(net, m.perturb(x0, z, at), at))

    errors = [np.abs((along(t + h) - along(t - h)) / (2 * h) - g).max() for h in (0.02, 0.01, 0.005)]
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 2, atol=0.05)


ANGLES = (0.1, 0.6, 1.2, 1.5)


@pytest.mark.parametrize("t", ANGLES)
def test_sct_stays_at_the_exact_function_and_returns(t: float, shipped: Shipped, framework: Framework) -> None:
    m = shipped("sct_cifar10")
    data = deviation(m)
    loss = own_average(m.loss_sct, learned={"w": still}, k=10000)
    exact = raw_consistency(m, framework, "trigflow", data)
    found = slopes(loss, framework, exact, aligned(m, data, framework, t), {"tau": [tau(m, t)]}, AMOUNTS)
    assert returns(found)
    assert abs(found[0]) < 1e-12 * abs(found[1])


def test_scd_stays_at_the_exact_function_and_returns(shipped: Shipped, framework: Framework) -> None:
    """The teacher's velocity is that of the ODE, so each tangent is zero, not the mean alone."""
    m = shipped("scd_cifar10")
    data = deviation(m)
    loss = own_average(m.loss_scd, learned={"w": still}, teacher=denoiser(m, data), k=10000)
    exact = raw_consistency(m, framework, "trigflow", data)
    for points in (corners(data), Points(np.array([[0.3]]), np.array([[-0.8]]), np.ones(1))):
        found = slopes(loss, framework, exact, points, {"tau": tau(m, np.array(ANGLES))}, AMOUNTS)
        assert returns(found)
        assert (abs(found[0]) < 1e-9 * abs(found[1])).all()


# ---- average velocities


def average_velocity(t: Any, r: Any, data: float = DATA) -> Any:
    """Give the factor of x that is the average velocity from t to r: no difference of close numbers."""
    at, to = ((1 - s) ** 2 * data**2 + s**2 for s in (t, r))
    return ((t + r) * (1 + data**2) - 2 * data**2) / (at * (1 + (to / at) ** 0.5))


def mean_network(x: Any, t: Any, h: Any) -> Any:
    """Give the exact network of MeanFlow, of t and t - r."""
    return over(average_velocity(t, t - h), x) * x


STRETCHES = ((0.3, 0.1), (0.5, 0.5), (0.9, 0.0), (0.99, 0.4))


@pytest.mark.parametrize(("t", "r"), STRETCHES)
def test_meanflow_stays_at_average_velocities_and_returns(
    t: float, r: float, shipped: Shipped, framework: Framework
) -> None:
    m = shipped("meanflow")
    draws = {"a": [r], "b": [t], "m": [float(r != t)]}
    for objective, points in (("plain", corners(DATA)), ("meanflow", aligned(m, DATA, framework, t))):
        loss = own_average(getattr(m, f"loss_{objective}"))
        found = slopes(loss, framework, mean_network, points, draws, AMOUNTS)
        assert returns(found)
        assert abs(found[0]) < 1e-12 * abs(found[1])


def published_meanflow(framework: Framework, net: Network, x: Any, e: Any, t: Any, r: Any) -> Any:
    """Gsunshine/meanflow, meanflow.py, MeanFlow.forward without guidance: norm_p = 1, norm_eps = 0.01."""
    t4, r4 = over(t, x), over(r, x)
    z_t, v = (1 - t4) * x + t4 * e, e - x
    u_fn = lambda z_t, t, r: net(z_t, t, t - r)  # noqa: E731
    ones = framework.functions.ones_like(t)
    u, du_dt = framework.jvp(u_fn, (z_t, t, r), (v, ones, 0 * ones))
    u_tgt = v - framework.functions.clip(t4 - r4, 0.0, 1.0) * du_dt
    loss = ((u - u_tgt) ** 2).reshape(len(x), -1).sum(1)
    adp_wt = (loss + 0.01) ** 1.0
    return loss / adp_wt


def test_meanflow_is_what_is_published(shipped: Shipped, framework: Framework) -> None:
    m, rng = shipped("meanflow"), np.random.default_rng(5)
    x0, z = (framework.array(rng.normal(size=(4, 2, 2))) for _ in range(2))
    a, b, chosen = np.array([0.3, 0.9, 0.4, 0.2]), np.array([0.7, 0.1, 0.8, 0.2]), np.array([1.0, 1, 0, 1])
    net = network(framework, 1, (2, 2))
    t = np.maximum(a, b)
    r = np.where(chosen == 1, np.minimum(a, b), t)
    wanted = published_meanflow(framework, net, x0, z, *(framework.array(v) for v in (t, r)))
    found = m.loss_meanflow(net, x0, z=z, **arrays(framework, {"a": a, "b": b, "m": chosen}))
    close(framework.numpy(found), framework.numpy(wanted))


def test_the_weight_of_meanflow_is_a_constant_to_the_optimiser(shipped: Shipped, framework: Framework) -> None:
    m, rng = shipped("meanflow"), np.random.default_rng(5)
    inputs = {name: rng.normal(size=(3, 2, 2)) for name in ("x0", "z")}
    given = arrays(framework, inputs | {"a": np.full(3, 0.2), "b": np.full(3, 0.7), "m": np.ones(3)})
    net = network(framework, 1, (2, 2))

    def pushed(objective: str) -> tuple[Array, Array]:
        loss = getattr(m, f"loss_{objective}")
        push = framework.array(np.zeros((3, 2, 2)))
        value, (slope,) = framework.gradient(lambda w: loss(lambda *x: net(*x) + w[0], **given), (push,))
        return value, slope

    (e, plain), (_, weighed) = pushed("plain"), pushed("meanflow")
    close(weighed, plain / (e + 0.01)[:, None, None])


def halving(m: ModuleType, nodes: int) -> Network:
    """Give what shortcut models of so many steps go to: small steps are Euler's, and a step is what two halves make."""

    def factor(t: Any, d: Any) -> Any:
        left = 1.0
        for i in range(nodes):
            rate = average_velocity(t - i / nodes, t - i / nodes)
            left = left * (1 - rate / nodes * (i / nodes < d - 1e-9))
        return (1 - left) / d

    return lambda x, t, d: over(factor(t, d), x) * x


def test_shortcut_stays_where_steps_are_two_halves_and_returns(shipped: Shipped, framework: Framework) -> None:
    m, nodes = shipped("shortcut"), 8
    loss = own_average(m.loss_shortcut, N=nodes)
    draws: dict[str, Any] = {"b": [0, 0, 1, 1, 1], "j": [0, 2, 0, 1, 2], "a": [0.3, 0.9, 0.1, 0.7, 0.6]}
    found = slopes(loss, framework, halving(m, nodes), corners(DATA), draws, AMOUNTS)
    assert returns(found)
    assert (abs(found[0]) < 1e-12 * abs(found[1])).all()


def published_shortcut(net: Network, x_1: Array, x_0: Array, dt_base: Array, t: Array) -> Array:
    """kvfrans/shortcut-models, targets_shortcut.py: targets by bootstrap, without the 1e-5 of noise in the data."""
    dt_base_bootstrap, dt_bootstrap = dt_base + 1, 1 / 2**dt_base / 2
    x_t = (1 - over(t, x_1)) * x_0 + over(t, x_1) * x_1
    v_b1 = net(x_t, t, dt_base_bootstrap)
    t2, x_t2 = t + dt_bootstrap, x_t + over(dt_bootstrap, x_1) * v_b1
    v_b2 = net(np.clip(x_t2, -4, 4), t2, dt_base_bootstrap)
    v_target = np.clip((v_b1 + v_b2) / 2, -4, 4)
    return np.asarray(((net(x_t, t, dt_base) - v_target) ** 2).mean((1, 2)))


def published_flow(net: Network, x_1: Array, x_0: Array, t: Array) -> Array:
    """The same file: targets by flow matching, at the smallest of 128 steps."""
    x_t = (1 - over(t, x_1)) * x_0 + over(t, x_1) * x_1
    return np.asarray(((net(x_t, t, np.full_like(t, 7)) - (x_1 - x_0)) ** 2).mean((1, 2)))


def test_shortcut_is_what_is_published(shipped: Shipped, framework: Framework) -> None:
    """Published time runs from noise to data, so velocities have the other sign, and steps are given by -log2."""
    m, rng = shipped("shortcut"), np.random.default_rng(6)
    x_1, x_0 = (5 * rng.normal(size=(5, 2, 2)) for _ in range(2))
    b, j, a = np.array([1.0, 1, 1, 0, 0]), np.array([0.0, 2, 6, 3, 3]), np.array([0.4, 0.8, 0.99, 0.3, 0.996])

    def theirs(x: Any, t: Any, base: Any) -> Any:
        return 6 * np.sin(x) + over(t, x) * x / (9 + over(base, x))

    def ours(x: Any, t: Any, d: Any) -> Any:
        functions = framework.functions
        return -(6 * functions.sin(x) + over(1 - t, x) * x / (9 - over(functions.log2(d), x)))

    draws = arrays(framework, {"b": b, "j": j, "a": a})
    x0, z = (framework.array(v) for v in (x_1, x_0))
    found = framework.numpy(m.loss_shortcut(ours, x0, network_ema=ours, z=z, **draws, N=128))
    sections = np.where(b == 1, 2**j, 128)
    t = np.floor(a * sections) / sections
    boot = published_shortcut(theirs, x_1, x_0, j, t)
    assert np.abs(x_1[:3]).max() > 4  # so that what is clipped is
    close(found, np.where(b == 1, boot, published_flow(theirs, x_1, x_0, t)))


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_average_velocities_make_the_exact_map(steps: int, shipped: Shipped, framework: Framework) -> None:
    z = framework.array(np.random.default_rng(7).normal(size=(3, 2)))
    found = shipped("meanflow").sample_average_velocity(mean_network, z, N=steps)
    close(framework.numpy(found), DATA * framework.numpy(z))


# ---- CTM


def jump_network(m: ModuleType, framework: Framework, data: float) -> Network:
    """Give F with which G(x, t, s) is the exact flow of data N(0, data^2), and g(x, t, t) the exact denoiser."""
    exp = framework.functions.exp

    def net(scaled: Any, c_t: Any, c_s: Any) -> Any:
        t, s = exp(c_t / 250), exp(c_s / 250)
        x = scaled / over(m.denoiser_c_in(t), scaled)
        ratio = ((s**2 + data**2) / (t**2 + data**2)) ** 0.5
        g = over(data**2 * (t + s) / (t * (t**2 + data**2) * (ratio + s / t)), x) * x
        return (g - over(m.denoiser_c_skip(t), x) * x) / over(m.denoiser_c_out(t), x)

    return net


def ctm_slopes(m: ModuleType, framework: Framework, objective: str, intervals: int) -> Array:
    """Give the slopes of CTM at the exact jumps and beside them; weights are averaged over what is exact."""
    data = deviation(m)
    exact = jump_network(m, framework, data)
    function = getattr(m, f"loss_{objective}")

    def loss(net: Network, x0: Any, z: Any, **draws: Any) -> Any:
        given = {"network_ema": exact, "teacher": denoiser(m, data), "e": z, "N": intervals + 1}
        return function(net, x0, z=z, **given, **draws)

    quarter = np.arange(1, 4) * intervals // 4
    draws: dict[str, Any] = {"n": quarter, "a": (0.5, 0.5, 0.25), "q": (0.05, 1.0, 9.0)}
    return slopes(loss, framework, exact, corners(data), draws, AMOUNTS)


@pytest.mark.parametrize(("objective", "rate"), [("ctm", 3), ("euler", 2)])
def test_ctm_stays_at_exact_jumps_but_for_the_solver_and_returns(
    objective: str, rate: int, shipped: Shipped, framework: Framework
) -> None:
    coarse, fine = (ctm_slopes(shipped("ctm"), framework, objective, n) for n in (256, 512))
    assert returns(fine)
    np.testing.assert_allclose(np.log2(abs(coarse[0] / fine[0])), rate, atol=0.1)


def published_time(index: Any) -> Any:
    """sony/ctm, code/cm/karras_diffusion.py, get_t for 18 scales: indices run from sigma_max down."""
    return (80 ** (1 / 7) + index / 17 * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7


def published_jump(model: Network, x_t: Array, t: Array, s: Array) -> Array:
    """The same file: get_denoised_and_G with the inner parametrization of EDM and the outer of Euler."""
    scaled = over(1 / (t**2 + 0.25) ** 0.5, x_t) * x_t
    out = model(scaled, 250 * np.log(t + 1e-44), 250 * np.log(s + 1e-44))
    g = over(0.5 * t / (t**2 + 0.25) ** 0.5, x_t) * out + over(0.25 / (t**2 + 0.25), x_t) * x_t
    return np.asarray(over(1.0 - s / t, x_t) * g + over(s / t, x_t) * x_t)


def published_ctm(
    net: Network, ema: Network, teacher: Network, x: Array, noise: Array, index: Array, s_index: Array
) -> Array:
    """The same file: ctm_losses of one Heun step, with the networks that are averaged by default; l2 for LPIPS."""
    G = published_jump
    (t, t_dt, s), end = map(published_time, (index, index + 1, s_index)), np.full(len(x), 0.002)
    x_t = x + noise * over(t, x)
    estimate = G(ema, G(net, x_t, t, s), s, end)
    d = (x_t - teacher(x_t, t)) / over(t, x)
    first = x_t + d * over(t_dt - t, x)
    next_d = (first - teacher(first, t_dt)) / over(t_dt, x)
    x_t_dt = x_t + (d + next_d) * over((t_dt - t) / 2, x)
    target = G(ema, G(net, x_t_dt, t_dt, s), s, end)
    return np.asarray(((estimate - target) ** 2).mean((1, 2)))


def published_dsm(net: Network, x: Array, noise: Array, sigmas: Array) -> Array:
    """The same file: get_DSM_loss with karras_weight; s = t, and the denoised is g itself."""
    x_t = x + noise * over(sigmas, x)
    c = 250 * np.log(sigmas + 1e-44)
    out = net(over(1 / (sigmas**2 + 0.25) ** 0.5, x) * x_t, c, c)
    skip, scale = 0.25 / (sigmas**2 + 0.25), 0.5 * sigmas / (sigmas**2 + 0.25) ** 0.5
    weights = (sigmas**2 + 0.5**2) / (sigmas * 0.5) ** 2
    return np.asarray(weights * ((over(scale, x) * out + over(skip, x) * x_t - x) ** 2).mean((1, 2)))


def published_gamma_sampling(net: Network, x: Array, noises: Array, sigmas: Array, gamma: float) -> Array:
    """sony/ctm, code/cm/sample_util.py, sample_gamma_multistep_: the last step adds no noise."""
    s_in = np.ones(len(x))
    for i in range(len(sigmas) - 1):
        s = np.sqrt(1.0 - gamma**2) * (sigmas[i + 1] - 0.002) + 0.002
        x = published_jump(net, x, sigmas[i] * s_in, s * s_in)
        if i < len(sigmas) - 2:
            x = x + np.sqrt(sigmas[i + 1] ** 2 - s**2) * noises[i]
    return x


def wavy(functions: Any, size: float) -> Network:
    """Give a network of CTM's form."""
    return lambda x, c, s: size * functions.sin(x) + over(functions.cos(c / 99) - s / 999, x)


@pytest.mark.parametrize("gamma", [0.0, 0.6, 1.0])
def test_gamma_sampling_is_what_is_published(gamma: float, shipped: Shipped, framework: Framework) -> None:
    m, rng = shipped("ctm"), np.random.default_rng(10)
    z, zs = rng.normal(size=(3, 2)), rng.normal(size=(3, 3, 2))
    inputs = arrays(framework, {"z": z, "zs": zs})
    found = m.sample_stochastic(wavy(framework.functions, 0.7), **inputs, N=4, gamma=gamma)
    sigmas = framework.numpy(m.grid(4))[::-1]
    wanted = published_gamma_sampling(wavy(np, 0.7), 80 * z, zs, sigmas, gamma)
    np.testing.assert_allclose(framework.numpy(found), wanted, rtol=1e-9)


def test_ctm_is_what_is_published(shipped: Shipped, framework: Framework) -> None:
    m, rng = shipped("ctm"), np.random.default_rng(8)
    x0, z, e = (rng.normal(size=(3, 2, 2)) for _ in range(3))
    n, a, q = np.array([17.0, 9, 1]), np.array([0.3, 0.7, 0.5]), np.array([0.1, 1.3, 40])

    def taught(x: Any, t: Any) -> Any:
        return x / (1 + over(t, x) ** 2)

    draws = arrays(framework, {"x0": x0, "z": z, "e": e, "n": n, "a": a, "q": q})
    nets = {"network_ema": wavy(framework.functions, 0.4), "teacher": taught}
    found = framework.numpy(m.loss_ctm(wavy(framework.functions, 0.7), **draws, **nets, N=18))
    net, ema = wavy(np, 0.7), wavy(np, 0.4)
    wanted = published_ctm(net, ema, taught, x0, z, 17 - n, 17 - np.floor(a * n)) + published_dsm(net, x0, e, q)
    np.testing.assert_allclose(found, wanted, rtol=1e-10)


@pytest.mark.parametrize("nodes", [2, 3, 6])
def test_gamma_sampling_without_noise_makes_the_exact_map(nodes: int, shipped: Shipped, framework: Framework) -> None:
    m, rng = shipped("ctm"), np.random.default_rng(9)
    data = deviation(m)
    z, zs = (framework.array(rng.normal(size=shape)) for shape in ((3, 2), (nodes - 1, 3, 2)))
    found = m.sample_deterministic(jump_network(m, framework, data), z, zs=zs, N=nodes)
    ends = (framework.array(np.full(3, end)) for end in (m.T, m.EPSILON))
    close(framework.numpy(found), framework.numpy(flow(m, data, m.T * z, *ends)))


@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0])
def test_gamma_sampling_keeps_the_marginals(gamma: float, shipped: Shipped, framework: Framework) -> None:
    """A sample is linear in the noises, so that its variance is the sum of the squares of what each alone makes."""
    m, nodes = shipped("ctm"), 5
    data = deviation(m)
    start, end = (framework.numpy(variance(m, data, framework.array(np.array([t]))))[0] for t in (m.T, m.EPSILON))
    alone = np.eye(nodes)[:, :, None]
    z, zs = alone[:, 0] * start**0.5 / m.T, alone[:, 1:].swapaxes(0, 1)
    net = jump_network(m, framework, data)
    found = m.sample_stochastic(
        net, framework.array(z), zs=framework.array(np.ascontiguousarray(zs)), N=nodes, gamma=gamma
    )
    np.testing.assert_allclose((framework.numpy(found) ** 2).sum(), end, rtol=1e-10)
    assert (framework.numpy(found)[1:-1] != 0).all() == (gamma > 0)
