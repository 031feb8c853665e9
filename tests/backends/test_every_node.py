"""Every node and operation, at every rank: PyTorch, JAX and the interpreter agree, and gradients are finite."""

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import cmdsl_jax
import cmdsl_jax.language
import cmdsl_torch
import cmdsl_torch.language
from cmdsl.emit.language import HOST, OPERATORS
from cmdsl.ir.interpret import interpret, machine
from cmdsl.ir.nodes import BINARY, UNARY, Function, Type
from tests.backends.emitted import Frame, difference, exact_frame, jax_frame, load, on_lists, torch_frame
from tests.ir.every import every_program

PROGRAM = every_program()
VALUES: Mapping[str, Any] = {
    "t": [0.7, 0.9],
    "r": [0.8, 0.5],
    "m": [0.0, 1.0],
    "x": [[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]],
    "y": [[1.0, 0.5, -0.3], [0.2, -0.9, 0.4]],
    "N": 5,
    "k": 2,
    "K": 10,
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModuleType]:
    folder = tmp_path_factory.mktemp("every")
    backends = {"torch": cmdsl_torch.BACKEND, "jax": cmdsl_jax.BACKEND}
    return {name: load(PROGRAM, backend, Path(folder) / f"every_{name}") for name, backend in backends.items()}


def given(function: Function, frame: Frame) -> dict[str, Any]:
    """Give a function its arguments; the third of those that a tangent closes over is `r`."""
    values: dict[str, Any] = {}
    for p in function.params:
        if p.type is Type.NETWORK:
            values[p.name] = on_lists(frame.network(0.1)) if frame.name == "exact" else frame.network(0.1)
        elif p.type is Type.LEARNED:
            values[p.name] = {"u": lambda t: [v / 3 for v in t] if isinstance(t, list) else t / 3}
        else:
            value = VALUES[p.name]
            values[p.name] = frame.array(value) if isinstance(value, list) else value
    return values


def test_the_tables_cover_the_closed_set_exactly() -> None:
    own = (UNARY | BINARY) - set(OPERATORS) - {"neg", "square"}
    languages = (cmdsl_torch.language.LANGUAGE, cmdsl_jax.language.LANGUAGE)
    for forms in (HOST, *(forms for language in languages for forms in (language.arrays, language.tables))):
        assert set(forms) == own


@pytest.mark.parametrize("function", PROGRAM.functions, ids=lambda f: f.name)
def test_backends_and_interpreter_agree(models: dict[str, ModuleType], function: Function) -> None:
    exact = interpret(machine(PROGRAM), function.name, **given(function, exact_frame()))
    for frame in (torch_frame(), jax_frame()):
        result = getattr(models[frame.name], function.name)(**given(function, frame))
        got = (
            result
            if isinstance(result, int | float)
            else np.asarray(result.detach() if frame.name == "torch" else result)
        )
        assert difference(exact, np.asarray(got, np.float64).tolist()) < 1e-12


@pytest.mark.parametrize("name", ["sinc", "clipped_root"])
def test_gradients_of_a_branch_not_taken_are_finite(models: dict[str, ModuleType], name: str) -> None:
    point = 0.0 if name == "sinc" else 0.5
    t = torch.tensor([point, 0.9], dtype=torch.float64, requires_grad=True)
    getattr(models["torch"], name)(t).sum().backward()
    slope = jax.grad(lambda u: getattr(models["jax"], name)(u).sum())(jnp.asarray([point, 0.9]))
    assert t.grad is not None
    assert torch.isfinite(t.grad).all()
    assert np.isfinite(slope).all()


def test_a_norm_has_a_finite_gradient_at_zero(models: dict[str, ModuleType]) -> None:
    x = torch.zeros(2, 3, requires_grad=True)
    models["torch"].norm(x).sum().backward()
    assert x.grad is not None
    assert (x.grad == 0).all()
    assert (jax.grad(lambda v: models["jax"].norm(v).sum())(jnp.zeros((2, 3))) == 0).all()


def test_stop_gradients_stop(models: dict[str, ModuleType]) -> None:
    """The value of g - stopgrad(g) is 0 and its gradient is that of g."""
    x = torch.tensor(VALUES["x"], dtype=torch.float64, requires_grad=True)
    t = torch.tensor(VALUES["t"], dtype=torch.float64)
    step = models["torch"].zero_step(torch_frame().network(0.1), x, t)
    (step_slope,) = torch.autograd.grad(step.sum(), x)
    (slope,) = torch.autograd.grad(models["torch"].applied(torch_frame().network(0.1), x, t).sum(), x)
    assert (step == 0).all()
    assert torch.equal(step_slope, slope)
