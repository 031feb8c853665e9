"""Losses and samplers as they are run: compiled without a graph break, jitted, with draws, and still targets."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import cmdsl_jax
import cmdsl_torch
from tests.backends.emitted import jax_frame, load, torch_frame
from tests.ir.ve import ve_program

OBJECTIVES = ("ict", "denoising", "consistency_distillation")
SAMPLERS = ("onestep", "multistep", "ode")


@pytest.fixture(scope="module")
def torch_model(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return load(ve_program(), cmdsl_torch.BACKEND, Path(tmp_path_factory.mktemp("compiled")) / "ve_torch")


@pytest.fixture(scope="module")
def jax_model(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return load(ve_program(), cmdsl_jax.BACKEND, Path(tmp_path_factory.mktemp("compiled")) / "ve_jax")


def keywords(
    model: ModuleType, objective: str, x0: Any, draw: Callable[..., dict[str, Any]], network: Any
) -> dict[str, Any]:
    """Give an objective's loss what it takes beside network and data."""
    count = {} if objective == "denoising" else {"N": 18}
    averaged = {} if objective == "denoising" else {"network_ema": network}
    teacher = {"teacher": partial(model.denoise, network)} if objective == "consistency_distillation" else {}
    return {**averaged, **teacher, **draw(x0, **count), **count}


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_losses_compile_whole(torch_model: ModuleType, objective: str) -> None:
    network, x0 = torch.nn.Linear(3, 3), torch.randn(4, 3)

    def called(x: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        return torch.tanh(network(x)) + c[:, None]

    draw = partial(getattr(torch_model, f"draw_{objective}"), torch.Generator().manual_seed(0))
    loss = partial(
        getattr(torch_model, f"loss_{objective}"), called, **keywords(torch_model, objective, x0, draw, called)
    )
    eager = loss(x0)
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")(x0)
    assert torch.allclose(compiled, eager, rtol=1e-5)
    slopes = [torch.autograd.grad(value.sum(), network.weight)[0] for value in (eager, compiled)]
    assert torch.allclose(slopes[0], slopes[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_samplers_compile_whole(torch_model: ModuleType, sampler: str) -> None:
    draws = getattr(torch_model, f"draw_sample_{sampler}")(torch.Generator().manual_seed(0), torch.zeros(4, 3))
    sample = partial(getattr(torch_model, f"sample_{sampler}"), torch_frame().network(0.1))
    compiled = torch.compile(sample, fullgraph=True, backend="aot_eager")(**draws)
    assert torch.allclose(compiled, sample(**draws), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_losses_and_draws_jit(jax_model: ModuleType, objective: str) -> None:
    network, x0 = jax_frame().network(0.1), jnp.ones((4, 3))
    counted = [] if objective == "denoising" else ["N"]
    draw = jax.jit(partial(getattr(jax_model, f"draw_{objective}"), jax.random.key(0)), static_argnames=counted)
    given = keywords(jax_model, objective, x0, draw, network)
    loss = partial(getattr(jax_model, f"loss_{objective}"), network, **given)
    assert np.allclose(jax.jit(loss)(x0), loss(x0), rtol=1e-10)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_samplers_jit(jax_model: ModuleType, sampler: str) -> None:
    draws = getattr(jax_model, f"draw_sample_{sampler}")(jax.random.key(0), jnp.zeros((4, 3)))
    sample = partial(getattr(jax_model, f"sample_{sampler}"), jax_frame().network(0.1))
    assert np.allclose(jax.jit(sample)(**draws), sample(**draws), rtol=1e-8)


def test_a_scan_carries_bfloat16_as_float32(jax_model: ModuleType) -> None:
    samples = jax_model.sample_ode(jax_frame().network(0.1), jnp.ones((2, 3), jnp.bfloat16), N=4)
    assert samples.dtype == jnp.float32


def test_targets_have_no_gradient(torch_model: ModuleType, jax_model: ModuleType) -> None:
    """The averaged network of iCT and the teacher of distillation get none, even where they share a weight."""
    x0, z, n = ([[0.5, -0.25, 0.1]], [[1.0, -0.5, 0.25]], [7.0])
    weight = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    array = partial(torch.tensor, dtype=torch.float64)
    still = torch_frame().network(0.0)
    loss = torch_model.loss_ict(still, array(x0), network_ema=lambda x, c: weight * x, z=array(z), n=array(n), N=18)
    assert not loss.requires_grad

    def jax_loss(w: Any) -> Any:
        given = {"z": jnp.asarray(z), "n": jnp.asarray(n), "N": 18}
        return jax_model.loss_ict(
            jax_frame().network(0.0), jnp.asarray(x0), network_ema=lambda x, c: w * x, **given
        ).sum()

    assert jax.grad(jax_loss)(0.3) == 0


def test_integer_and_float_indices_are_the_same(torch_model: ModuleType) -> None:
    x0, z = torch.ones(2, 3), torch.ones(2, 3)
    network = torch_frame().network(0.1)
    values = [
        torch_model.loss_ict(network, x0, network_ema=network, z=z, n=torch.tensor([3, 17]).to(dtype), N=18)
        for dtype in (torch.int64, torch.int32, torch.float32)
    ]
    assert torch.equal(values[0], values[1])
    assert torch.equal(values[0], values[2])


def test_both_backends_draw_what_the_proposal_says(torch_model: ModuleType, jax_model: ModuleType) -> None:
    """Frequencies of a hundred thousand draws of n, against the probabilities from erf."""
    count, size = 11, 100_000
    drawn = {
        "torch": torch_model.draw_ict(torch.Generator().manual_seed(1), torch.zeros(size, 1), N=count)["n"].numpy(),
        "jax": np.asarray(jax_model.draw_ict(jax.random.key(1), jnp.zeros((size, 1)), N=count)["n"]),
    }
    times = np.asarray(jax_model.grid(count))
    cdf = np.vectorize(jax.scipy.special.erf)((np.log(times) + 1.1) / (2 * np.sqrt(2)))
    expected = np.diff(cdf) / (cdf[-1] - cdf[0])
    for values in drawn.values():
        frequency = np.bincount(values.astype(int), minlength=count)[1:] / size
        assert np.abs(frequency - expected).max() < 5 * np.sqrt(0.25 / size)


def test_drawn_times_are_lognormal_and_inside(torch_model: ModuleType, jax_model: ModuleType) -> None:
    size = 100_000
    for t in (
        torch_model.draw_denoising(torch.Generator().manual_seed(2), torch.zeros(size, 1))["t"].numpy(),
        np.asarray(jax_model.draw_denoising(jax.random.key(2), jnp.zeros((size, 1)))["t"]),
    ):
        assert t.min() >= np.float32(0.002)
        assert t.max() <= 80
        assert abs(np.log(t).mean() + 1.2) < 0.02
        assert abs(np.log(t).std() - 1.2) < 0.02


def test_the_same_generator_gives_the_same_draws(torch_model: ModuleType) -> None:
    draws = [torch_model.draw_ict(torch.Generator().manual_seed(3), torch.zeros(4, 3), N=18) for _ in range(2)]
    assert all(torch.equal(draws[0][name], draws[1][name]) for name in ("z", "n"))
    assert draws[0]["n"].dtype == torch.float32


def test_the_module_class_is_the_function(torch_model: ModuleType) -> None:
    network = torch.nn.Bilinear(3, 1, 3)

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = network

        def forward(self, x: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
            out: torch.Tensor = self.inner(x, c[:, None])
            return out

    net, x, t = Net(), torch.randn(4, 3), torch.rand(4)
    module = torch_model.ConsistencyModel(net)
    assert torch.equal(module(x, t), torch_model.consistency(net, x, t))
    assert len(list(module.parameters())) == 2
