"""Choices between two numbers: a Python number has no dtype, so they take that of the function's arrays."""

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import pytest
import torch

import cmdsl_jax
import cmdsl_torch
from cmdsl.emit.backend import Backend
from cmdsl.ir.build import num, op
from cmdsl.ir.nodes import Compare, Expr, Function, Let, Param, Program, Reduce, Return, Role, Select, Type, Var
from tests.backends.emitted import load

t, x = Var("t", Type.UNIFORM), Var("x", Type.STATE)
ABOVE = Compare(">", t, num(1), Type.UNIFORM)
CONDITIONS: dict[str, tuple[Expr, tuple[Let, ...]]] = {
    "variable": (ABOVE, ()),
    "computed": (Compare(">", Reduce("mean", (x,)), num(1), Type.SAMPLE), ()),
    "named": (Var("holds", Type.UNIFORM), (Let("holds", ABOVE),)),
}


def third(condition: Expr, before: tuple[Let, ...]) -> Program:
    chosen = Select(condition, op("div", num(1), num(3)), num(0), condition.type)
    params = (Param("x", Type.STATE), Param("t", Type.UNIFORM))
    f = Function("f", params, (*before, Return(chosen)), condition.type, Role.DEFINITION)
    return Program("third", "", "third.cm", "", "", (), (f,), (), (), (), None, None)


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize(
    ("backend", "ones"),
    [
        (cmdsl_torch.BACKEND, lambda *shape: 2 * torch.ones(*shape, dtype=torch.float64)),
        (cmdsl_jax.BACKEND, lambda *shape: 2 * jnp.ones(shape, jnp.float64)),
    ],
    ids=["torch", "jax"],
)
def test_a_choice_has_every_digit(condition: str, backend: Backend, ones: Any, tmp_path: Path) -> None:
    model = load(third(*CONDITIONS[condition]), backend, tmp_path / f"{condition}_{backend.name}")
    assert model.f(ones(2, 3), ones(1)[0]).tolist() in (1 / 3, [1 / 3, 1 / 3])
