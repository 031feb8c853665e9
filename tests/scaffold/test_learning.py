"""A run of seconds on Gaussian data, where the consistency function is known, finds that function."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.scaffold.conftest import Package

STEPS = 500
BOUNDS = {1.0: 0.2, 80.0: 0.5}  # of the error at a time, in deviations of the data; 0.55 and 1 before the first step


def errors(package: Package, run: Any) -> dict[float, float]:
    """Give the root mean square distance of `f` to the exact consistency function, in deviations of the data."""
    model, z = package.sample.model, torch.randn(4096, 2, generator=torch.Generator().manual_seed(0))
    return {time: distance(model, run.averaged, (0.25 + time**2) ** 0.5 * z, time) for time in BOUNDS}


@torch.no_grad()
def distance(model: Any, network: Any, x: Tensor, time: float) -> float:
    """Compare `f(x, time)` with the end of the exact flow from x to epsilon."""
    t = torch.full((len(x),), time)
    exact = model.exact_gaussian(x, t, torch.full_like(t, model.EPSILON))
    return float((model.consistency(network, x, t) - exact).square().mean().sqrt() / model.SIGMA_DATA)


def learn(package: Package, **changes: Any) -> dict[float, float]:
    """Train a small perceptron with iCT, its loss changed or not; give the errors that are left."""
    np.savez("data.npz", np.random.default_rng(0).normal(3, 2, (4000, 2)).astype(np.float32))
    package.patch.setattr(package.sample.model, "NETWORK", ("mlp", {"width": 64, "depth": 2}))
    run = package.start("--data", "data.npz", "--objective", "ict", "--steps", STEPS, "--lr", 5e-3)
    run.objective = replace(run.objective, **changes)
    for _ in range(STEPS):
        package.train.update(run)
    return errors(package, run)


def test_one_step_map_approaches_the_exact_one(package: Package) -> None:
    left = learn(package)
    assert all(left[time] < bound for time, bound in BOUNDS.items()), left


@pytest.mark.parametrize("wrong", ["noise", "boundary"])
def test_a_wrong_loss_misses_the_bound(package: Package, wrong: str) -> None:
    """The bound tells something: with other noise on the target, or with the data itself as target, it is missed."""
    model, generator = package.sample.model, torch.Generator().manual_seed(0)

    def loss(network: Any, x0: Tensor, *, network_ema: Any, z: Tensor, n: Tensor, N: int) -> Tensor:
        times = model.grid(N).float()
        t, r = times[n.long()], times[n.long() - 1]
        other = torch.randn(z.shape, generator=generator)
        with torch.no_grad():
            target = model.consistency(network_ema, model.perturb(x0, other, r), r) if wrong == "noise" else x0
        away = model.consistency(network, model.perturb(x0, z, t), t) - target
        per_sample: Tensor = (away.square().sum(1) + 1e-6).sqrt() / (t - r)
        return per_sample

    left = learn(package, loss=loss)
    assert all(left[time] > bound for time, bound in BOUNDS.items()), left
