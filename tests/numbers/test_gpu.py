"""On a GPU, where there is one: the values of the CPU, compiled and not, and no wait for the device in a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import numpy as np
import pytest
import torch
from attrs import evolve

from tests.numbers import packages
from tests.numbers.frameworks import JAX, TORCH, Array, Framework, mlp, network, weights
from tests.numbers.objectives import SHAPE, drawn, inputs, loss, sample, sample_inputs

pytestmark = pytest.mark.gpu
CASES = pytest.mark.parametrize("name", packages.NAMES)
BATCH = 64


def torch_on(device: torch.device) -> Framework:
    """Give PyTorch with its arrays and generators on a device."""
    return evolve(
        TORCH,
        array=lambda x: torch.from_numpy(x).to(device),
        source=lambda seed: torch.Generator(device).manual_seed(seed),
    )


@pytest.fixture
def cuda() -> Framework:
    """Give PyTorch on a GPU."""
    if not torch.cuda.is_available():
        pytest.skip("PyTorch sees no GPU")
    return torch_on(torch.device("cuda"))


@pytest.fixture
def jax_gpu() -> Framework:
    """Give JAX on a GPU."""
    try:
        (device, *_) = jax.devices("gpu")
    except RuntimeError:
        pytest.skip("JAX sees no GPU")
    return evolve(JAX, array=partial(jax.device_put, device=device))


@pytest.fixture
def no_waiting() -> Iterator[None]:
    """Make every synchronisation with the device an error."""
    torch.cuda.set_sync_debug_mode("error")
    yield
    torch.cuda.set_sync_debug_mode("default")


def draws(name: str, objective: str) -> dict[str, Array]:
    """Make data and the draws of an objective, on the CPU."""
    m = packages.module(packages.spec_text(name), "torch")
    x0 = torch.randn((BATCH, *SHAPE), generator=TORCH.source(1), dtype=torch.float64)
    found = {"x0": x0, **drawn(m, objective, TORCH.source(2), x0)}
    return {key: value.numpy() for key, value in found.items()}


def of_weights(name: str, framework: Framework, objective: str) -> Callable[[Any], Any]:
    """Give the per-sample loss, at the same draws wherever it runs, as a function of the network's weights."""
    m = packages.module(packages.spec_text(name), framework.name)
    of_network = loss(m, objective, inputs(m, framework, draws(name, objective)))
    return lambda w: of_network(mlp(framework.functions, w))


def start(framework: Framework) -> tuple[Any, ...]:
    """Make the weights of the network."""
    return tuple(framework.array(w) for w in weights(1, int(np.prod(SHAPE))))


def assert_as_on_cpu(name: str, framework: Framework, compiler: Callable[[Any], Any] = lambda f: f) -> None:
    """Check the losses and gradients of every objective against PyTorch's on the CPU."""
    for objective in packages.OBJECTIVES[name]:
        wanted = TORCH.gradient(of_weights(name, TORCH, objective), start(TORCH))
        found = framework.gradient(compiler(of_weights(name, framework, objective)), start(framework))
        for a, b in zip((found[0], *found[1]), (wanted[0], *wanted[1]), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11 * np.abs(b).max())


@CASES
def test_losses_in_torch(name: str, cuda: Framework) -> None:
    assert_as_on_cpu(name, cuda)


@CASES
def test_losses_in_jax(name: str, jax_gpu: Framework) -> None:
    assert_as_on_cpu(name, jax_gpu)


@CASES
def test_compiled_losses_in_torch(name: str, cuda: Framework) -> None:
    torch._dynamo.reset()
    assert_as_on_cpu(name, cuda, partial(torch.compile, fullgraph=True, backend="aot_eager"))


@CASES
def test_samples(name: str, cuda: Framework) -> None:
    m = packages.module(packages.spec_text(name), "torch")
    for sampler in packages.SAMPLERS[name]:
        noises = sample_inputs(m, sampler, TORCH.source(3), torch.zeros((BATCH, *SHAPE), dtype=torch.float64))
        wanted = sample(m, sampler, network(TORCH, 1, SHAPE), noises)
        moved = {key: cuda.array(value.numpy()) for key, value in noises.items()}
        found = sample(m, sampler, network(cuda, 1, SHAPE), moved)
        np.testing.assert_allclose(cuda.numpy(found), TORCH.numpy(wanted), rtol=1e-10, atol=1e-12)


@CASES
def test_a_loss_does_not_wait_for_the_device(name: str, cuda: Framework, no_waiting: None) -> None:
    m, net = packages.module(packages.spec_text(name), "torch"), network(cuda, 1, SHAPE, "float32")
    x0 = torch.zeros((BATCH, *SHAPE), device="cuda")
    for objective in m.OBJECTIVES:
        given = {**inputs(m, cuda, {}, "float32"), "x0": x0, **drawn(m, objective, cuda.source(4), x0)}
        assert loss(m, objective, given)(net).device.type == "cuda"
