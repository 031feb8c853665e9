"""The example of a metric that is written in Python, with a stand-in for the package that it needs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch.nn.functional import interpolate

from cmdsl.driver import check, package
from cmdsl.emit.registry import find
from tests.numbers.loading import load

EXAMPLES = Path(__file__).parents[2] / "examples"
STAND_IN = Path(__file__).parent / "stand_in"


def network(x: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    return torch.tanh(x) + 0.01 * c.reshape(-1, 1, 1, 1)


def test_a_loss_is_the_distance_of_enlarged_images(monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (EXAMPLES, STAND_IN):
        monkeypatch.syspath_prepend(str(folder))
    m = load(package(check(EXAMPLES / "perceptual.cm", {}), find("torch"))["model.py"])
    source = torch.Generator().manual_seed(0)
    x0, z = (torch.randn(2, 3, 32, 32, generator=source) for _ in range(2))
    n = torch.tensor([3, 15])
    found = m.loss_consistency_training(network, x0, network_ema=network, z=z, n=n, N=18)
    t, r = m.grid(18)[n].float(), m.grid(18)[n - 1].float()
    images = [m.consistency(network, m.perturb(x0, z, s), s) for s in (t, r)]
    a, b = (interpolate(x, size=224, mode="bilinear") for x in images)
    torch.testing.assert_close(found, ((a - b) ** 2).flatten(1).mean(1))
    for name in ("lpips", "lpips_distance"):
        monkeypatch.delitem(sys.modules, name)
