"""Training in seconds on Gaussian data, where the function that the network should become is known."""

from __future__ import annotations

from functools import partial
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.numbers import packages
from tests.numbers.gaussian import denoiser
from tests.numbers.loading import load
from tests.numbers.objectives import asked

DIM = 2
STEPS = 600
BATCH = 256
# Discretisation costs some percent, training a few more; of the wrong losses below the best ends at 0.20.
BOUND = 0.15


class Small(nn.Module):
    """A network of one hidden layer that sees c_noise, large in some specs, through a logarithm and its waves."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(DIM + 5, 64), nn.SiLU(), nn.Linear(64, DIM))

    def forward(self, x: Tensor, c: Tensor) -> Any:
        c = torch.asinh(c)[:, None]
        waves = [torch.sin(c), torch.cos(c), torch.sin(2 * c), torch.cos(2 * c)]
        return self.layers(torch.cat([x, c, *waves], 1))


def trained(m: ModuleType, objective: str, steps: int = STEPS) -> Small:
    """Train a network on data N(0, sigma_data^2), by the objective's own curriculum and draws."""
    torch.manual_seed(1)
    generator, network = torch.Generator().manual_seed(1), Small()
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    losses = partial(evaluate, m, objective, network, denoiser(m, m.SIGMA_DATA), generator)
    for k in range(steps):
        optimizer.zero_grad()
        losses(getattr(m, f"{objective}_N")(k, steps)).mean().backward()
        optimizer.step()
        schedule.step()
    return network


def evaluate(
    m: ModuleType, objective: str, network: Small, teacher: Any, generator: torch.Generator, nodes: int
) -> Tensor:
    """Give the per-sample loss of fresh data and draws; the averaged network is the network itself."""
    loss, draw = getattr(m, f"loss_{objective}"), getattr(m, f"draw_{objective}")
    x0 = m.SIGMA_DATA * torch.randn(BATCH, DIM, generator=generator)
    draws = draw(generator, x0, N=nodes)
    found: Tensor = loss(network, x0, **asked(loss, {"network_ema": network, "teacher": teacher, "N": nodes, **draws}))
    return found


def error(m: ModuleType, network: Small) -> float:
    """Give the error of the one-step map from prior noise, relative to the exact one's."""
    z = torch.randn(2000, DIM, generator=torch.Generator().manual_seed(2))
    start, end = torch.full((2000,), m.T), torch.full((2000,), m.EPSILON)
    wanted = m.exact_gaussian(m.sigma(start)[:, None] * z, start, end)
    with torch.no_grad():
        found = m.sample_onestep(network, z)
    return float((found - wanted).square().mean().sqrt() / wanted.square().mean().sqrt())


@pytest.mark.parametrize(
    ("name", "objective", "steps"),
    [
        ("ve_edm", "ict", STEPS),
        ("ve_edm", "consistency_distillation", 1500),
        ("vp_linear", "consistency_training", STEPS),
        ("trigflow", "ict", STEPS),
    ],
)
def test_the_one_step_map_becomes_the_exact_one(name: str, objective: str, steps: int) -> None:
    m = packages.module(packages.spec_text(name), "torch")
    assert error(m, Small()) > 0.9
    assert error(m, trained(m, objective, steps)) < BOUND


TARGET = """    with torch.no_grad():
        target = consistency(network_ema, perturb(x0, z, r), r)
"""
WRONG = {
    "other noise": TARGET.replace("perturb(x0, z, r)", "perturb(x0, -z, r)"),
    "other time": TARGET.replace(", r)\n", ", t)\n"),
    "target differentiated": "    target = consistency(network, perturb(x0, z, r), r)\n",
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_loss_misses_the_bound(mistake: str) -> None:
    """So the bound above means something."""
    source = packages.compiled(packages.spec_text("ve_edm")).models["torch"]
    assert TARGET in source
    m = load(source.replace(TARGET, WRONG[mistake]))
    assert error(m, trained(m, "ict")) > BOUND
