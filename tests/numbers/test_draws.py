"""Draws: their shapes, precision and distributions."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.numbers import packages
from tests.numbers.frameworks import Array, Framework
from tests.numbers.objectives import drawn, sample_inputs

Shipped = Callable[[str], ModuleType]
MANY = 20_000


def draws(m: ModuleType, objective: str, framework: Framework, nodes: int = 18) -> dict[str, Array]:
    """Make many draws of an objective for scalar data."""
    x0 = framework.array(np.zeros((MANY, 1)))
    found = drawn(m, objective, framework.source(11), x0, nodes)
    return {name: framework.numpy(value) for name, value in found.items()}


def assert_moments(values: Array, mean: float, deviation: float) -> None:
    """Check mean and deviation within five standard errors."""
    error = deviation / math.sqrt(len(values))
    assert abs(values.mean() - mean) < 5 * error
    assert abs(values.std() - deviation) < 5 * error


def frequencies(n: Array, nodes: int) -> Array:
    """Give how often each of 1 … nodes - 1 was drawn."""
    assert n.min() >= 1
    assert n.max() <= nodes - 1
    np.testing.assert_array_equal(n, np.round(n))
    found: Array = np.bincount(n.astype(int), minlength=nodes)[1:] / len(n)
    return found


def assert_frequencies(found: Array, wanted: Array) -> None:
    """Check frequencies within five standard errors."""
    assert np.all(np.abs(found - wanted) < 5 * np.sqrt(wanted / MANY) + 1e-9)


def test_indices_are_uniform_with_both_ends(shipped: Shipped, framework: Framework) -> None:
    n = draws(shipped("ve_edm"), "consistency_training", framework)["n"]
    assert_frequencies(frequencies(n, 18), np.full(17, 1 / 17))


@pytest.mark.parametrize(("name", "mean", "deviation"), [("ve_edm", -1.1, 2.0), ("trigflow", -1.0, 1.4)])
def test_indices_follow_a_lognormal_of_noise(
    name: str, mean: float, deviation: float, shipped: Shipped, framework: Framework
) -> None:
    """The weight of n is the mass of the lognormal between the noise-to-signal ratios of its two nodes."""
    m = shipped(name)
    t = framework.functions.asarray(m.grid(18))
    with np.errstate(divide="ignore"):
        logarithms = np.log(framework.numpy(m.sigma(t) / m.alpha(t)))
    mass = np.diff([math.erf((v - mean) / (math.sqrt(2) * deviation)) for v in logarithms])
    n = draws(m, "ict", framework)["n"]
    assert_frequencies(frequencies(n, 18), mass / mass.sum())


@pytest.mark.parametrize("name", packages.NAMES)
def test_times_follow_a_lognormal_of_noise(name: str, shipped: Shipped, framework: Framework) -> None:
    m = shipped(name)
    t = draws(m, "denoising", framework)["t"]
    assert t.min() >= m.EPSILON
    assert t.max() <= m.T
    ratios = framework.numpy(m.sigma(framework.array(t)) / m.alpha(framework.array(t)))
    for quantile in (-2, -1, 0, 1, 2):
        below = (1 + math.erf(quantile / math.sqrt(2))) / 2
        found = (np.log(ratios) < -1.2 + 1.2 * quantile).mean()
        assert abs(found - below) < 5 * math.sqrt(below * (1 - below) / MANY)


def test_times_are_clamped(framework: Framework) -> None:
    """With a boundary inside the distribution, what falls below it is the boundary itself."""
    text = packages.spec_text("ve_edm")
    m = packages.module(text, framework.name, (("epsilon", "0.3"),))
    t = draws(m, "denoising", framework)["t"]
    below = 0.5 * (1 + math.erf((math.log(0.3) + 1.2) / (math.sqrt(2) * 1.2)))
    assert t.min() == 0.3
    assert abs((t == 0.3).mean() - below) < 5 * math.sqrt(below / MANY)


@pytest.mark.parametrize("name", packages.NAMES)
def test_draws_follow_the_data(name: str, shipped: Shipped, framework: Framework) -> None:
    m = shipped(name)
    x0 = framework.array(np.zeros((5, 3, 2), "float32"))
    for objective in packages.OBJECTIVES[name]:
        for draw, value in drawn(m, objective, framework.source(3), x0).items():
            assert value.shape == (x0.shape if draw == "z" else (5,)), (objective, draw)
            assert value.dtype == x0.dtype
    for sampler in packages.SAMPLERS[name]:
        noises = sample_inputs(m, sampler, framework.source(3), x0)
        assert all(v.shape[-3:] == x0.shape and v.dtype == x0.dtype for v in noises.values())


@pytest.mark.parametrize("count", [0, 1])
def test_draws_are_as_many_as_the_data(count: int, shipped: Shipped, framework: Framework) -> None:
    m = shipped("ve_edm")
    x0 = framework.array(np.zeros((count, 2), "float32"))
    for objective in packages.OBJECTIVES["ve_edm"]:
        given = drawn(m, objective, framework.source(3), x0)
        assert {name: len(value) for name, value in given.items()} == dict.fromkeys(given, count), objective


def test_an_index_of_no_weight_is_never_drawn(framework: Framework) -> None:
    """Weights need no sum of 1."""
    weights = "if i == 3 then 3 else (if i == 5 then 1 else 0)"
    text = f"""model m
time t in [0, 1]
path {{ alpha = 1  sigma = t }}
boundary 0.1
precondition {{ c_skip = 0.1/t  c_out = t - 0.1  c_in = 1  c_noise = t }}
define objective o {{
    x0 ~ data
    n ~ index({weights} for i from 1 to 6)
    minimize n*mean(f(x0, 0.5)^2)
}}
objective o
"""
    n = draws(packages.module(text, framework.name), "o", framework)["n"]
    assert_frequencies(frequencies(n, 7), np.array([0, 0, 0.75, 0, 0.25, 0]))


def test_noise_is_standard_normal_and_independent(shipped: Shipped, framework: Framework) -> None:
    found = draws(shipped("ve_edm"), "denoising", framework)
    z, t = found["z"][:, 0], found["t"]
    assert_moments(z, 0, 1)
    assert abs(np.corrcoef(z, np.log(t))[0, 1]) < 5 / math.sqrt(MANY)


def test_seeds_decide_the_draws(shipped: Shipped, framework: Framework) -> None:
    m, x0 = shipped("ve_edm"), framework.array(np.zeros((4, 2)))

    def once(seed: int) -> Any:
        return framework.numpy(drawn(m, "ict", framework.source(seed), x0)["z"])

    np.testing.assert_array_equal(once(1), once(1))
    assert not np.array_equal(once(1), once(2))
