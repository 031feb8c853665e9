"""Losses in continuous time are the limit of those between two times: their derivatives by what the network gives."""

from __future__ import annotations

from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.numbers.frameworks import Array, Framework, network
from tests.numbers.objectives import SHAPE, asked
from tests.numbers.test_stationary import CASES, module

# The loss in continuous time, the one on a grid, and whether that has the weight 1/(t - r) already.
LIMITS = {
    "ct_l2": ("continuous_training", False),
    "with_huber": ("continuous_huber", True),
    "cd_euler": ("continuous_distillation", False),
    "cd_heun": ("continuous_distillation", False),
}
BATCH = 3


def derivative(m: ModuleType, framework: Framework, objective: str, **draws: Any) -> Array:
    """Give the derivative of a loss by what is added to the output of some network, which is its own average."""
    rng = np.random.default_rng(5)
    x0, z = (framework.array(m.SIGMA_DATA * rng.normal(size=(BATCH, *SHAPE))) for _ in range(2))
    some, other = (network(framework, seed, SHAPE) for seed in (1, 2))
    function = getattr(m, f"loss_{objective}")
    given = {"network_ema": some, "teacher": partial(m.denoise, other), "z": z, **draws}

    def loss(added: tuple[Any, ...]) -> Any:
        return function(lambda x, c: some(x, c) + added[0], x0, **asked(function, given))

    return framework.gradient(loss, (framework.array(np.zeros((BATCH, *SHAPE))),))[1][0]


@pytest.mark.parametrize("objective", LIMITS)
@CASES
def test_the_limit_of_short_steps(name: str, objective: str, framework: Framework) -> None:
    """At the rate of the step: halved, it leaves half of the difference."""
    m, (limit, weighted) = module(name, framework.name), LIMITS[objective]

    def each(value: float) -> Any:
        return framework.array(np.full(BATCH, float(value)))

    def difference(intervals: int) -> Array:
        r, t = np.asarray(m.grid(intervals + 1))[intervals // 2 - 1 : intervals // 2 + 1]
        found = derivative(m, framework, objective, n=each(intervals / 2), N=intervals + 1)
        found = found if weighted else found / (t - r)
        return found - derivative(m, framework, limit, t=each(t))

    coarse, fine = difference(512), difference(1024)
    assert np.linalg.norm(coarse) > 1e-6
    np.testing.assert_allclose(np.linalg.norm(coarse) / np.linalg.norm(fine), 2, atol=0.1)


@CASES
def test_the_tangent_is_that_of_central_differences(name: str, framework: Framework) -> None:
    """What follows along the line from data to noise: f(x_t, t) with t on either side."""
    m = module(name, framework.name)
    rng = np.random.default_rng(5)
    x0, z = (framework.array(m.SIGMA_DATA * rng.normal(size=(BATCH, *SHAPE))) for _ in range(2))
    some = network(framework, 1, SHAPE)
    middle = 0.3 * m.T

    def at(time: float) -> Array:
        t = framework.array(np.full(BATCH, time))
        return framework.numpy(m.consistency(some, m.perturb(x0, z, t), t))

    step = 1e-5 * middle
    wanted = (at(middle + step) - at(middle - step)) / (2 * step)
    t = framework.array(np.full(BATCH, middle))
    scale = 2 / np.prod(SHAPE) * framework.numpy(m.c_out(t)).reshape(-1, 1, 1)
    found = derivative(m, framework, "continuous_training", t=t) / scale
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7 * abs(wanted).max())
