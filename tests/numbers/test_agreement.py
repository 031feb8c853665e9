"""PyTorch, op by op, against JAX, compiled: the same draws and networks give the same losses, gradients and samples."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from tests.numbers import packages
from tests.numbers.frameworks import JAX, TORCH, Array, Framework, arrays, mlp, network, weights
from tests.numbers.objectives import SHAPE, asked, drawn, inputs, loss, sample, sample_inputs

BATCH = 16
DIM = 4


def modules(name: str) -> tuple[ModuleType, ModuleType]:
    """Give a spec's modules: PyTorch's and JAX's."""
    text = packages.spec_text(name)
    return packages.module(text, "torch"), packages.module(text, "jax")


def draws(m: ModuleType, objective: str) -> dict[str, Array]:
    """Make data, and the draws of an objective with PyTorch."""
    generator = TORCH.source(len(objective))
    x0 = torch.randn((BATCH, *SHAPE), generator=generator, dtype=torch.float64)
    found = {key: value.numpy() for key, value in drawn(m, objective, generator, x0).items()}
    return {"x0": x0.numpy(), **found}


def gradient(m: ModuleType, framework: Framework, objective: str, values: dict[str, Array]) -> Any:
    """Give the per-sample losses and the derivatives of their sum by the weights of the network."""
    of_network = loss(m, objective, inputs(m, framework, values))
    ws = tuple(framework.array(w) for w in weights(1, DIM))
    return framework.gradient(lambda w: of_network(mlp(framework.functions, w)), ws)


def assert_same(found: Array, wanted: Array, tolerance: float = 1e-11) -> None:
    """Check that arrays are equal, relative to the largest of the elements."""
    assert np.all(np.isfinite(wanted))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance * np.abs(wanted).max())


@pytest.mark.parametrize("name", packages.NAMES)
def test_losses_and_gradients(name: str) -> None:
    in_torch, in_jax = modules(name)
    assert in_torch.OBJECTIVES == in_jax.OBJECTIVES
    for objective in packages.OBJECTIVES[name]:
        values = draws(in_torch, objective)
        losses, gradients = gradient(in_torch, TORCH, objective, values)
        same_losses, same_gradients = gradient(in_jax, JAX, objective, values)
        np.testing.assert_allclose(same_losses, losses, rtol=1e-11)
        for found, wanted in zip(same_gradients, gradients, strict=True):
            assert np.abs(wanted).max() > 0
            assert_same(found, wanted)


@pytest.mark.parametrize("name", packages.NAMES)
def test_samplers(name: str) -> None:
    in_torch, in_jax = modules(name)
    assert in_torch.SAMPLERS == in_jax.SAMPLERS
    for sampler in packages.SAMPLERS[name]:
        like = torch.zeros((BATCH, *SHAPE), dtype=torch.float64)
        noises = {k: v.numpy() for k, v in sample_inputs(in_torch, sampler, TORCH.source(5), like).items()}
        wanted, found = (
            f.numpy(sample(m, sampler, network(f, 1, SHAPE), arrays(f, noises)))
            for m, f in ((in_torch, TORCH), (in_jax, JAX))
        )
        assert_same(found, wanted)


@pytest.mark.parametrize("name", packages.NAMES)
def test_targets_are_constants(name: str, framework: Framework) -> None:
    """Only `network` is differentiated: nothing of the averaged network's or the teacher's output is."""
    in_torch = modules(name)[0]
    m = packages.module(packages.spec_text(name), framework.name)
    for objective in (packages.OBJECTIVES[name][0], packages.OBJECTIVES[name][-1]):
        values = draws(in_torch, objective)
        taken = asked(getattr(m, f"loss_{objective}"), inputs(m, framework, values))
        for other in {"network_ema", "teacher"} & taken.keys():
            losses, derivative = by_scale(m, framework, objective, values, other)
            assert np.all(np.isfinite(losses))
            assert not np.any(derivative)
        assert np.any(by_scale(m, framework, objective, values, "network")[1])


def by_scale(m: ModuleType, framework: Framework, objective: str, values: dict[str, Array], which: str) -> Any:
    """Give per-sample losses and the derivative of their sum by a factor of one network's output."""

    def losses(leaves: tuple[Any, ...]) -> Any:
        networks = {**inputs(m, framework, values), "network": network(framework, 1, SHAPE)}
        original: Callable[..., Any] = networks[which]
        networks[which] = lambda x, c: leaves[0] * original(x, c)
        # Every loss keeps a tie to the leaf, for PyTorch refuses to differentiate what has none.
        return loss(m, objective, networks)(networks["network"]) + 0 * leaves[0]

    return framework.gradient(losses, (framework.array(np.ones(())),))


FLAT = """model m
time t in [0, 1]
path { alpha = 1  sigma = t }
boundary 0.1
precondition { c_skip = 0.1/t  c_out = t - 0.1  c_in = 1  c_noise = t }
define objective o {
    x0 ~ data
    z ~ normal
    t ~ uniform(0.1, 1)
    e = f(perturb(x0, z, t), t) - x0
    minimize sqnorm(e) + 2*mean(e^2) + 3*dot(e, x0)/dim
}
objective o
sampler onestep
"""


def test_a_sample_may_be_one_number(framework: Framework) -> None:
    """States of shape `[batch]` give what states of shape `[batch, 1]` give."""
    m, rng = packages.module(FLAT, framework.name), np.random.default_rng(0)
    x0, z, t = rng.normal(size=5), rng.normal(size=5), rng.uniform(0.1, 1, 5)

    def at(*shape: int) -> tuple[Array, Array]:
        given = {"x0": framework.array(x0.reshape(shape)), "z": framework.array(z.reshape(shape))}
        values = m.loss_o(network(framework, 1, shape[1:]), **given, t=framework.array(t))
        return framework.numpy(values), framework.numpy(m.sample_onestep(network(framework, 1, shape[1:]), given["z"]))

    (flat, sample_flat), (column, sample_column) = at(5), at(5, 1)
    np.testing.assert_allclose(flat, column, rtol=1e-14)
    np.testing.assert_allclose(sample_flat, sample_column[:, 0], rtol=1e-14)
