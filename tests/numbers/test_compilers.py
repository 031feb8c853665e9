"""Losses and samplers under the frameworks' compilers, in every precision, and without a host synchronisation."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from tests.numbers import packages
from tests.numbers.frameworks import JAX, TORCH, Framework, mlp, network, weights
from tests.numbers.objectives import SHAPE, drawn, inputs, loss, sample, sample_inputs

Shipped = Callable[[str], ModuleType]
CASES = pytest.mark.parametrize("name", packages.NAMES)
FIRST_AT_LEAST = pytest.mark.parametrize(
    "name", [packages.NAMES[0], *(pytest.param(name, marks=pytest.mark.slow) for name in packages.NAMES[1:])]
)
BATCH = 6
ROOT = Path(__file__).parents[2]


def data(framework: Framework, dtype: str = "float64") -> Any:
    """Make a batch of data."""
    return framework.array(np.random.default_rng(0).normal(size=(BATCH, *SHAPE)).astype(dtype))


def arguments(m: ModuleType, framework: Framework, objective: str, dtype: str = "float64") -> dict[str, Any]:
    """Make the arguments of a loss."""
    x0 = data(framework, dtype)
    return {**inputs(m, framework, {}, dtype), "x0": x0, **drawn(m, objective, framework.source(4), x0)}


def of_weights(m: ModuleType, framework: Framework, objective: str, given: dict[str, Any]) -> Callable[[Any], Any]:
    """Give the per-sample loss as a function of the network's weights."""
    of_network = loss(m, objective, given)
    return lambda w: of_network(mlp(framework.functions, w))


def start(framework: Framework, dtype: str = "float64") -> tuple[Any, ...]:
    """Make the weights of the network."""
    return tuple(framework.array(w.astype(dtype)) for w in weights(1, int(np.prod(SHAPE))))


@FIRST_AT_LEAST
def test_torch_compile(name: str) -> None:
    """Without a graph break, and with the same values and gradients."""
    m = packages.module(packages.spec_text(name), "torch")
    for objective in packages.OBJECTIVES[name]:
        torch._dynamo.reset()
        plain = of_weights(m, TORCH, objective, arguments(m, TORCH, objective))
        compiled = torch.compile(plain, fullgraph=True, backend="aot_eager")
        wanted, found = (TORCH.gradient(f, start(TORCH)) for f in (plain, compiled))
        for a, b in zip((found[0], *found[1]), (wanted[0], *wanted[1]), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@FIRST_AT_LEAST
def test_torch_compile_of_samplers(name: str) -> None:
    m = packages.module(packages.spec_text(name), "torch")
    for sampler in packages.SAMPLERS[name]:
        torch._dynamo.reset()
        noises = sample_inputs(m, sampler, TORCH.source(4), data(TORCH))
        run = torch.compile(lambda net, s=sampler, z=noises: sample(m, s, net, z), fullgraph=True, backend="aot_eager")
        wanted = sample(m, sampler, network(TORCH, 1, SHAPE), noises)
        np.testing.assert_allclose(TORCH.numpy(run(network(TORCH, 1, SHAPE))), TORCH.numpy(wanted), rtol=1e-11)


@FIRST_AT_LEAST
def test_jit_of_samplers(name: str) -> None:
    """What PyTorch gives without a compiler, JAX gives with one."""
    in_torch, in_jax = (packages.module(packages.spec_text(name), backend) for backend in ("torch", "jax"))
    for sampler in packages.SAMPLERS[name]:
        noises = sample_inputs(in_torch, sampler, TORCH.source(4), data(TORCH))
        wanted = sample(in_torch, sampler, network(TORCH, 1, SHAPE), noises)
        run = jax.jit(lambda noises, s=sampler: sample(in_jax, s, network(JAX, 1, SHAPE), noises))
        found = run({name: JAX.array(TORCH.numpy(value)) for name, value in noises.items()})
        np.testing.assert_allclose(np.asarray(found), TORCH.numpy(wanted), rtol=1e-10, atol=1e-12)


def test_jit_of_draws() -> None:
    m = packages.module(packages.spec_text("ve_edm"), "jax")
    x0, key = data(JAX), JAX.source(2)
    for objective in ("ict", "denoising"):
        run = jax.jit(lambda key, x0, o=objective: drawn(m, o, key, x0))
        for draw, value in drawn(m, objective, key, x0).items():
            np.testing.assert_allclose(np.asarray(run(key, x0)[draw]), np.asarray(value), rtol=1e-12)


@CASES
def test_single_precision_stays(name: str, framework: Framework, shipped: Shipped) -> None:
    """Float32 data give float32 losses, gradients and samples near those of float64, also where x64 is enabled."""
    m = shipped(name)
    for objective in packages.OBJECTIVES[name]:
        given = arguments(m, framework, objective, "float32")
        found, gradients = framework.gradient(of_weights(m, framework, objective, given), start(framework, "float32"))
        assert {found.dtype.name, *(g.dtype.name for g in gradients)} == {"float32"}, objective
        np.testing.assert_allclose(found, in_double(name, objective, framework, given), rtol=1e-3, atol=1e-3)
    for sampler in ("onestep", "multistep"):
        noises = sample_inputs(m, sampler, framework.source(4), data(framework, "float32"))
        found = framework.numpy(sample(m, sampler, network(framework, 1, SHAPE, "float32"), noises))
        assert found.dtype == np.float32
        assert np.all(np.isfinite(found))


def in_double(name: str, objective: str, framework: Framework, given: dict[str, Any]) -> Any:
    """Give PyTorch's losses in float64 at the same draws."""
    m = packages.module(packages.spec_text(name), "torch")
    values = {k: framework.numpy(v).astype("float64") for k, v in given.items() if not callable(v)}
    return TORCH.numpy(of_weights(m, TORCH, objective, inputs(m, TORCH, values))(start(TORCH)))


def half(framework: Framework) -> Any:
    """Make a batch of bfloat16 data."""
    return data(TORCH).bfloat16() if framework.name == "torch" else data(JAX).astype(jnp.bfloat16)


@CASES
def test_half_precision_is_for_states_alone(name: str, framework: Framework, shipped: Shipped) -> None:
    """Times drawn for bfloat16 data are float32, and so is what reaches the network and the loss."""
    m, x0, seen = shipped(name), half(framework), []
    inner = network(framework, 1, SHAPE, "float32")

    def spy(x: Any, c: Any) -> Any:
        seen.append(str(c.dtype))
        return inner(x, c)

    for objective in packages.OBJECTIVES[name]:
        given = {**inputs(m, framework, {}, "float32"), "x0": x0, **drawn(m, objective, framework.source(4), x0)}
        assert all(str(v.dtype).endswith("float32") for k, v in given.items() if k in ("n", "t"))
        found = loss(m, objective, given)(spy)
        assert str(found.dtype).endswith("float32"), objective
    assert seen
    assert all(dtype.endswith("float32") and "bfloat" not in dtype for dtype in seen)


def test_nothing_leaves_the_device(tmp_path: Path) -> None:
    """In a process of its own, for torch must learn of the second device before it has differentiated anything."""
    for name in packages.NAMES:
        model = packages.compiled(packages.spec_text(name)).models["torch"]
        (tmp_path / f"{name}.py").write_text(model, encoding="utf-8")
    models = [str(tmp_path / f"{name}.py") for name in packages.NAMES]
    command = [sys.executable, "-m", "tests.numbers.elsewhere", *models]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(count(name)) for name in packages.NAMES]


def count(name: str) -> int:
    """Give how many losses, derivatives and samples a spec with every solver has."""
    program = packages.compiled(packages.spec_text(name)).program
    return 2 * len(program.objectives) + len(program.samplers)
