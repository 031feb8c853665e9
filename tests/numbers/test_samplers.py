"""Samplers against exact Gaussian maps, at their orders, and against what others publish."""

from __future__ import annotations

import re
from functools import cache, partial
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.numbers import packages, published
from tests.numbers.frameworks import FRAMEWORKS, TORCH, Array, Framework, Network, network
from tests.numbers.gaussian import denoiser, deviation, flow, variance
from tests.numbers.loading import load
from tests.numbers.objectives import asked
from tests.numbers.test_gaussian import order, slope
from tests.numbers.test_peers import DEVIATION, PEERS

SAMPLERS = """
sampler ode_euler = ode(solver = euler)
sampler ode_heun = ode(solver = heun)
sampler ode_midpoint = ode(solver = midpoint)
sampler ode_rk4 = ode(solver = rk4)
sampler ode_ddim = ode(solver = ddim)
sampler ode_exponential_heun = ode(solver = exponential_heun)
sampler dpmpp_2m
sampler dpmpp_3m
sampler churn
sampler churn_ddim = churn(solver = ddim)
sampler ancestral
"""
STOCHASTIC = ["churn", "churn_ddim", "ancestral"]
DETERMINISTIC = re.findall(r"(?m)^sampler (ode_\w+|dpmpp_\w+)", SAMPLERS)
ORDERS = {"dpmpp_2m": 2, "dpmpp_3m": 3}
SIZES = [64, 128, 256]
CASES = pytest.mark.parametrize("name", packages.NAMES)
LEFT_OUT = re.compile(r"(?m)^(sampler|objective|assert|grid) .*\n")
close = partial(np.testing.assert_allclose, rtol=1e-10, atol=0, equal_nan=False)


def text(name: str) -> str:
    """Give a shipped spec with these samplers alone, on the grid that it has."""
    whole = packages.SPECS.joinpath(f"{name}.cm").read_text(encoding="utf-8")
    return LEFT_OUT.sub("", whole) + "".join(re.findall(r"(?m)^grid .*\n", whole)) + SAMPLERS


def in_log_snr(name: str) -> str:
    """Give the same on a grid in the logarithm of the noise level, from a boundary where that is finite."""
    bounded = (
        text(name).replace("boundary 0\n", "boundary 1/50\n").replace("precondition trigflow(", "precondition edm(")
    )
    return re.sub(r"(?m)^grid .*$", "grid log_snr", bounded)


SPECS = pytest.mark.parametrize(
    "spec", [*map(in_log_snr, packages.NAMES), text("trigflow")], ids=[*packages.NAMES, "to_no_noise"]
)


@cache
def module(spec: str, backend: str) -> ModuleType:
    """Give what a spec compiles to, with the network itself for its denoiser."""
    m = load(packages.compiled(spec).models[backend])
    m.denoise = lambda network, x, t: network(x, t)  # type: ignore[attr-defined]
    return m


def run(m: ModuleType, sampler: str, framework: Framework, noises: dict[str, Array], **numbers: Any) -> Array:
    """Sample with the exact denoiser of Gaussian data."""
    given = {name: framework.array(noise) for name, noise in noises.items()}
    return framework.numpy(getattr(m, f"sample_{sampler}")(denoiser(m, deviation(m)), **given, **numbers))


def miss(m: ModuleType, sampler: str, framework: Framework, steps: int, **numbers: Any) -> float:
    """Give the relative distance of a deterministic sampler from the exact flow from T to epsilon."""
    z = framework.array(np.ones((1, 2)))
    last, first = (framework.array(np.array([v])) for v in (m.T, m.EPSILON))
    wanted = framework.numpy(flow(m, deviation(m), m.sigma(last) * z, last, first))
    found = run(m, sampler, framework, {"z": np.ones((1, 2))}, N=steps + 1, last=0, **numbers)
    return float(abs(found / wanted - 1).max())


def promised(name: str, sampler: str) -> int:
    return ORDERS[sampler] if sampler in ORDERS else order(name, sampler.removeprefix("ode_"))


@pytest.mark.parametrize("sampler", DETERMINISTIC)
@CASES
def test_order_of_samplers(name: str, sampler: str) -> None:
    """The distance from the exact map falls at the sampler's order, or faster."""
    m = module(in_log_snr(name), "torch")
    assert slope(SIZES, [miss(m, sampler, TORCH, n) for n in SIZES]) > promised(name, sampler) - 0.1


@CASES
def test_the_published_third_order_is_two(name: str) -> None:
    """Their code has half the second derivative; the second order that is left is no accident of the grid."""
    m = module(in_log_snr(name), "torch")
    assert slope(SIZES, [miss(m, "dpmpp_3m", TORCH, n, factor=1) for n in SIZES]) == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("sampler", DETERMINISTIC)
def test_the_last_step_may_be_to_no_noise_at_all(sampler: str) -> None:
    """At sigma = 0 the ODE is singular and log(alpha/sigma) infinite: a step of lower order, and they converge."""
    m = module(text("trigflow"), "torch")
    assert m.EPSILON == 0
    assert slope(SIZES, [miss(m, sampler, TORCH, n) for n in SIZES]) > 0.9


@pytest.mark.parametrize("sampler", [*DETERMINISTIC, *STOCHASTIC])
@SPECS
def test_both_backends_sample_the_same(spec: str, sampler: str) -> None:
    noises = drawn(module(spec, "torch"), sampler, 9)
    wanted, found = (run(module(spec, f.name), sampler, f, noises, N=9) for f in FRAMEWORKS.values())
    close(found, wanted)


def drawn(m: ModuleType, sampler: str, nodes: int) -> dict[str, Array]:
    """Draw what a sampler needs."""
    draw = getattr(m, f"draw_sample_{sampler}")
    found = draw(TORCH.source(1), TORCH.array(np.zeros((3, 4))), **asked(draw, {"N": nodes}))
    return {name: noise.numpy() for name, noise in found.items()}


def spread(m: ModuleType, sampler: str, nodes: int, **numbers: Any) -> float:
    """Give the variance of a sampler that is linear in its draws, from the exact one of x_T on: no draw is made."""
    last = TORCH.array(np.array([m.T]))
    start = float((variance(m, deviation(m), last) ** 0.5 / m.sigma(last))[0])
    turns, later = nodes - 1, sampler == "churn"
    batch = 1 + turns + later
    noises = {"z": start * np.eye(batch)[:, :1], "zs": np.eye(batch)[1:nodes, :, None]}
    noises |= {"z_2": np.eye(batch)[:, -1:]} if later else {}
    return float((run(m, sampler, TORCH, noises, N=nodes, **numbers) ** 2).sum())


@pytest.mark.parametrize(
    ("sampler", "rate", "numbers"),
    [("churn", 2, {"S_churn": 10, "S_min": 0.05, "S_max": 50, "S_noise": 1}), ("ancestral", 1, {"last": 1})],
)
@CASES
def test_variance_of_stochastic_samplers(name: str, sampler: str, rate: int, numbers: dict[str, float]) -> None:
    """It falls to that of D(x, epsilon) at the order of the step: Heun's, or that of a posterior at D for x0."""
    m = module(in_log_snr(name), "torch")
    first = TORCH.array(np.array([m.EPSILON]))
    scale = denoiser(m, deviation(m))(TORCH.array(np.ones((1, 1))), first)
    wanted = float(scale[0, 0] ** 2 * variance(m, deviation(m), first)[0])
    errors = [abs(spread(m, sampler, n + 1, **numbers) / wanted - 1) for n in SIZES]
    assert slope(SIZES, errors) == pytest.approx(rate, abs=0.15)
    assert errors[-1] < 0.05


@SPECS
def test_churn_of_nothing_is_the_ode(spec: str, framework: Framework) -> None:
    noises = drawn(module(spec, "torch"), "churn", 18)
    m = module(spec, framework.name)
    found = run(m, "churn", framework, noises, N=18, S_churn=0)
    np.testing.assert_allclose(found, run(m, "ode_heun", framework, {"z": noises["z"]}, N=18), rtol=1e-14)


def test_churn_meets_the_oracle(framework: Framework) -> None:
    m = module(packages.spec_text("ve_edm"), framework.name)
    noises = {"z": np.ones((2, 3)), "zs": np.ones((17, 2, 3)), "z_2": np.ones((2, 3))}
    given = {name: framework.array(noise) for name, noise in noises.items()}
    found = framework.numpy(m.sample_churn(denoiser(m, DEVIATION), **given, N=18, S_churn=0))
    np.testing.assert_allclose(found, PEERS["gaussian_oracle"]["heun"], rtol=1e-12)


NET = network(TORCH, 1, (4,))


def plain(x: Array, s: float) -> Array:
    """Give a denoiser that is not linear, of x/alpha and the ratio of noise to signal."""
    value: Array = NET(TORCH.array(x), TORCH.array(np.full(len(x), s))).numpy()
    return value


def scaled(m: ModuleType) -> Network:
    """Give the same of x and time."""
    return lambda x, t: NET(x / m.alpha(t)[:, None], m.sigma(t) / m.alpha(t))


def ratios(m: ModuleType) -> list[float]:
    """Give the ratios of noise to signal at 18 nodes, from the last."""
    t = m.grid(18).flip(0)
    found: list[float] = (m.sigma(t) / m.alpha(t)).tolist()
    return found


def sampled(m: ModuleType, sampler: str, noises: dict[str, Array], **numbers: Any) -> Array:
    """Sample with that denoiser on 18 nodes."""
    given = {name: TORCH.array(noise) for name, noise in noises.items()}
    found: Array = getattr(m, f"sample_{sampler}")(scaled(m), **given, N=18, **numbers).numpy()
    return found


@pytest.mark.parametrize(("low", "churn"), [(0, 30), (0.05, 5)])
@pytest.mark.parametrize(("name", "sampler"), [("ve_edm", "churn"), *((name, "churn_ddim") for name in packages.NAMES)])
def test_churn_is_as_published(name: str, sampler: str, low: float, churn: float) -> None:
    """In x/alpha and sigma/alpha every process is theirs; Heun's second slope is taken in time, so in theirs alone."""
    m = module(in_log_snr(name), "torch")
    noises = drawn(m, sampler, 18)
    s = ratios(m)
    noise = [*noises["zs"], noises["z_2"]]
    steps = partial(published.edm_sampler, second=sampler == "churn")
    wanted = steps(plain, s[0] * noises["z"], noise, s, S_churn=churn, S_min=low, S_max=50, S_noise=1.007)
    close(sampled(m, sampler, noises, S_churn=churn, S_min=low, S_max=50, S_noise=1.007), wanted)


@CASES
def test_multistep_solvers_are_as_published(name: str) -> None:
    m = module(in_log_snr(name), "torch")
    noises = drawn(m, "dpmpp_2m", 18)
    s = ratios(m)
    close(sampled(m, "dpmpp_2m", noises), published.dpmpp_2m(plain, s[0] * noises["z"], s))
    close(sampled(m, "dpmpp_3m", noises, factor=1), published.dpmpp_3m(plain, s[0] * noises["z"], s))


@CASES
def test_ancestral_sampling_is_as_published(name: str) -> None:
    m = module(in_log_snr(name), "torch")
    noises, s = drawn(m, "ancestral", 18), ratios(m)
    wanted = published.euler_ancestral(plain, s[0] * noises["z"], noises["zs"], s)
    close(sampled(m, "ancestral", noises), wanted)


def test_ancestral_sampling_is_that_of_ddpm() -> None:
    m = module(in_log_snr("vp_linear"), "torch")
    noises, t = drawn(m, "ancestral", 18), m.grid(18).flip(0)
    alpha_bars = (m.alpha(t) ** 2).tolist()
    start = float(m.sigma(t[:1])[0]) * noises["z"]
    wanted = published.ddpm(lambda x, a: plain(x / a**0.5, (1 / a - 1) ** 0.5), start, noises["zs"], alpha_bars)
    close(sampled(m, "ancestral", noises, last=0), wanted)
