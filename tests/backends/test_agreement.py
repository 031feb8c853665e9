"""Every emitted function: PyTorch, JAX and the fifty-digit interpreter agree."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

import cmdsl_jax
import cmdsl_torch
from cmdsl.ir.interpret import interpret, machine
from cmdsl.ir.nodes import Function, Role
from cmdsl.ir.optimize import optimize
from tests.backends.emitted import arguments, difference, exact_frame, jax_frame, load, torch_frame
from tests.ir.ve import ve_program

PROGRAM = ve_program()
COMPUTED = [f for f in PROGRAM.functions if f.role is not Role.DRAW]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModuleType]:
    folder = tmp_path_factory.mktemp("ve")
    backends = {"torch": cmdsl_torch.BACKEND, "jax": cmdsl_jax.BACKEND}
    return {name: load(PROGRAM, backend, Path(folder) / f"ve_{name}") for name, backend in backends.items()}


def called(model: ModuleType, function: Function, frame: Any) -> Any:
    result = getattr(model, function.name)(**arguments(function, frame))
    return result if isinstance(result, int | float) else np.asarray(result).tolist()


@pytest.mark.parametrize("function", COMPUTED, ids=lambda f: f.name)
def test_backends_and_interpreter_agree(models: dict[str, ModuleType], function: Function) -> None:
    exact = interpret(machine(PROGRAM), function.name, **arguments(function, exact_frame()))
    assert difference(exact, called(models["torch"], function, torch_frame())) < 1e-12
    assert difference(exact, called(models["jax"], function, jax_frame())) < 1e-12


@pytest.mark.parametrize("function", COMPUTED, ids=lambda f: f.name)
def test_passes_change_no_value(function: Function) -> None:
    given = arguments(function, exact_frame())
    before, after = (interpret(machine(p), function.name, **given) for p in (PROGRAM, optimize(PROGRAM)))
    assert difference(before, after) < 1e-45


def test_the_boundary_is_exact_in_every_dtype(models: dict[str, ModuleType]) -> None:
    for dtype in (torch.float32, torch.float64):
        t = torch.full((3,), models["torch"].EPSILON, dtype=dtype)
        assert (models["torch"].c_skip(t) == 1).all()
        assert (models["torch"].c_out(t) == 0).all()
