"""Training in seconds on Gaussian data, where the function that the network should become is known."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from tests.numbers.objectives import asked

DIM = 2
STEPS = 600
BATCH = 256


class Small(nn.Module):
    """A network of one hidden layer that sees c_noise by a few waves."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(DIM + 4, 64), nn.SiLU(), nn.Linear(64, DIM))

    def forward(self, x: Tensor, c: Tensor) -> Any:
        c = c[:, None]
        return self.layers(torch.cat([x, torch.sin(c), torch.cos(c), torch.sin(2 * c), torch.cos(2 * c)], 1))


def trained(m: ModuleType, objective: str) -> Small:
    """Train a network with an objective on data N(0, sigma_data^2)."""
    generator = torch.Generator().manual_seed(1)
    torch.manual_seed(1)
    network = Small()
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    loss, draw = getattr(m, f"loss_{objective}"), getattr(m, f"draw_{objective}")
    for k in range(STEPS):
        nodes = getattr(m, f"{objective}_N")(k, STEPS)
        x0 = m.SIGMA_DATA * torch.randn(BATCH, DIM, generator=generator)
        draws = draw(generator, x0, **asked(draw, {"N": nodes}))
        keywords = asked(loss, {"network_ema": network, "N": nodes, **draws})
        optimizer.zero_grad()
        loss(network, x0, **keywords).mean().backward()
        optimizer.step()
        schedule.step()
    return network


def error(m: ModuleType, network: Small) -> float:
    """Give the error of the one-step map from prior noise, relative to the exact one's, over normal noise."""
    z = torch.randn(2000, DIM, generator=torch.Generator().manual_seed(2))
    x = m.T * z
    wanted = m.exact_gaussian(x, torch.full((2000,), m.T), torch.full((2000,), m.EPSILON))
    with torch.no_grad():
        found = m.sample_onestep(network, z)
    return float((found - wanted).square().mean().sqrt() / wanted.square().mean().sqrt())
