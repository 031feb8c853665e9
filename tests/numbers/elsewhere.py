"""Run every loss and sampler of the named modules on fake tensors of a second device, and count the values.

Fake tensors have no values and no kernels: a tensor left on the CPU, `.item()`, or a branch on a value raises. The
device is one that Python registers, so this runs where there is no accelerator.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.backend_registration import _DummyBackendModule, _setup_privateuseone_for_python_backend

from tests.numbers.frameworks import Network, mlp, weights
from tests.numbers.loading import load
from tests.numbers.objectives import SHAPE, drawn, loss, sample, sample_inputs

DEVICE = "elsewhere"


class Elsewhere(_DummyBackendModule):
    """What torch asks of a device's module."""

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16]


def network() -> Network:
    """Make a network whose weights are on the device."""
    return mlp(torch, tuple(torch.from_numpy(w).to(DEVICE, torch.float32) for w in weights(1, 4)))


def scaled(net: Network, scale: Any) -> Network:
    """Give a network with a factor to differentiate by."""
    return lambda x, c: scale * net(x, c)


def losses(m: ModuleType) -> list[Any]:
    """Draw for every objective, evaluate its loss, and differentiate it."""
    x0, net, found = torch.zeros((6, *SHAPE), device=DEVICE), network(), []
    teacher = m.analytic_denoiser(x0, block=4)
    for objective in m.OBJECTIVES:
        scale = torch.ones((), device=DEVICE, requires_grad=True)
        given = {"x0": x0, **drawn(m, objective, None, x0), "network_ema": net, "teacher": teacher}
        values = loss(m, objective, given)(scaled(net, scale))
        values.sum().backward()
        found += [values, scale.grad]
    return found


def samples(m: ModuleType) -> list[Any]:
    """Run every sampler."""
    like = torch.zeros((6, *SHAPE), device=DEVICE)
    return [sample(m, name, network(), sample_inputs(m, name, None, like)) for name in m.SAMPLERS]


def main(paths: list[str]) -> None:
    """Run modules; an exception is the finding."""
    _setup_privateuseone_for_python_backend(DEVICE, backend_module=Elsewhere())
    for path in paths:
        m = load(Path(path).read_text(encoding="utf-8"))
        with FakeTensorMode():
            found = [*losses(m), *samples(m)]
        assert {value.device.type for value in found} == {DEVICE}
        print(len(found))


if __name__ == "__main__":
    main(sys.argv[1:])
