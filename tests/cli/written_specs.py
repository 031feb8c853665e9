"""The specs of this folder compiled for both backends in this process, their losses and samples for fixed draws."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from cmdsl.driver import Compilation, check, package
from cmdsl.emit.registry import find
from cmdsl.ir.interpret import Machine, interpret, machine
from tests.cli import outside
from tests.numbers.frameworks import FRAMEWORKS, JAX, Array, Weights, arrays, mlp, network, reference_network, weights
from tests.numbers.loading import load
from tests.numbers.objectives import SHAPE, asked

WRITTEN = Path(__file__).parent / "written"
NAMES = sorted(path.stem for path in WRITTEN.glob("*.cm"))
BATCH, DIM = 3, 4
STEP, STEPS = 3, 10
LEARNED = (np.array(0.7), np.array(-0.2))


@cache
def checked(name: str) -> Compilation:
    """Derive, prove and lower a spec, once."""
    return check(WRITTEN / f"{name}.cm", {})


@cache
def files(name: str, backend: str) -> dict[str, str]:
    """Give the package that a spec compiles to."""
    return package(checked(name), find(backend))


@cache
def model(name: str, backend: str) -> ModuleType:
    """Give the module that a spec compiles to."""
    return load(files(name, backend)["model.py"])


def data() -> Array:
    return np.random.default_rng(0).normal(size=(BATCH, *SHAPE)) / 2


def as_arrays(values: Mapping[str, torch.Tensor]) -> dict[str, Array]:
    """Give the draws that one backend made as plain arrays, for both."""
    return {name: value.numpy() for name, value in values.items()}


def size(m: ModuleType, objective: str) -> int | None:
    """Give how many nodes the curriculum of an objective asks for."""
    schedule = getattr(m, f"{objective}_N", None)
    return None if schedule is None else int(schedule(STEP, STEPS))


def draws(name: str, objective: str) -> dict[str, Array]:
    """Make the draws of an objective, with torch."""
    m = model(name, "torch")
    draw = getattr(m, f"draw_{objective}")
    given = asked(draw, {"N": size(m, objective), "k": STEP, "K": STEPS})
    return as_arrays(draw(torch.Generator().manual_seed(0), torch.from_numpy(data()), **given))


def draws_of_jax(name: str, objective: str) -> dict[str, Array]:
    """Make the draws of an objective, with JAX."""
    m = model(name, "jax")
    draw = getattr(m, f"draw_{objective}")
    given = asked(draw, {"N": size(m, objective), "k": STEP, "K": STEPS})
    found = draw(JAX.source(0), JAX.array(data()), **given)
    assert all(np.all(np.isfinite(value)) for value in found.values())
    return {key: np.asarray(value) for key, value in found.items()}


class Learned(dict[str, Any]):
    """Whatever functions a loss has learned: waves of the sum of their scalars, with two weights."""

    def __init__(self, sin: Callable[[Any], Any], own: Weights) -> None:
        self.sin, self.own = sin, own

    def __missing__(self, name: str) -> Any:
        return lambda *scalars: self.own[0] * self.sin(sum(scalars) + len(name)) + self.own[1]


def loss_of_weights(name: str, backend: str, objective: str, values: Mapping[str, Array]) -> Callable[[Weights], Any]:
    """Give the per-sample losses for fixed draws, as a function of the weights of network and learned functions."""
    m, framework = model(name, backend), FRAMEWORKS[backend]
    loss = getattr(m, f"loss_{objective}")
    others = {"network_ema": network(framework, 2, SHAPE), "teacher": lambda x, t: x / 2}
    given = {**others, **arrays(framework, values), "N": size(m, objective), "k": STEP, "K": STEPS}

    def losses(w: Weights) -> Any:
        learned = {"learned": Learned(framework.functions.sin, w[4:])}
        return loss(mlp(framework.functions, w[:4]), framework.array(data()), **asked(loss, given | learned))

    return losses


def all_weights(name: str, objective: str) -> Weights:
    """Give the weights that a loss depends on: of the network, and of what it learns."""
    takes = inspect.signature(getattr(model(name, "torch"), f"loss_{objective}")).parameters
    return weights(1, DIM) + (LEARNED if "learned" in takes else ())


def losses(name: str, backend: str, objective: str, values: Mapping[str, Array]) -> Array:
    """Give the per-sample losses of an objective for fixed draws and networks."""
    framework = FRAMEWORKS[backend]
    ws = tuple(framework.array(w) for w in all_weights(name, objective))
    return framework.numpy(loss_of_weights(name, backend, objective, values)(ws))


def gradients(name: str, backend: str, objective: str, values: Mapping[str, Array]) -> tuple[Array, tuple[Array, ...]]:
    """Give the per-sample losses and the derivatives of their sum by all weights."""
    framework = FRAMEWORKS[backend]
    ws = tuple(framework.array(w) for w in all_weights(name, objective))
    return framework.gradient(loss_of_weights(name, backend, objective, values), ws)


def samples(name: str, backend: str, sampler: str, noises: Mapping[str, Array]) -> Array:
    """Give what a sampler makes of fixed noises."""
    framework = FRAMEWORKS[backend]
    sample = getattr(model(name, backend), f"sample_{sampler}")
    return framework.numpy(sample(network(framework, 1, SHAPE), **arrays(framework, noises)))


@cache
def oracle(name: str) -> Machine:
    """Prepare the reference evaluation of a spec, with the constants as the floats that its modules have."""
    program = checked(name).program
    values = {c.name: float(c.value) for c in program.constants}
    externals = {e.name: outside.EXACT[e.attribute] for e in program.externals}
    return machine(program, constants=values, externals=externals)


def exactly(name: str, function: str, values: Mapping[str, Array]) -> Array:
    """Give the values of a loss or sampler in fifty digits; `values` are by the names of the emitted arguments."""
    m, emitted = oracle(name), inspect.signature(getattr(model(name, "torch"), function)).parameters
    objective = function.removeprefix("loss_")
    offered: dict[str, Any] = {
        "network": reference_network(m.mp, 1, DIM),
        "network_ema": reference_network(m.mp, 2, DIM),
    }
    offered |= {"teacher": lambda x, t: [[v / 2 for v in row] for row in x], "learned": ExactLearned(m)}
    offered |= {"N": size(model(name, "torch"), objective), "k": STEP, "K": STEPS}
    offered |= {key: nested(value) for key, value in values.items()}
    given = [p.default if p.default is not p.empty else offered.get(n, nested(data())) for n, p in emitted.items()]
    found = interpret(m, function, *given)
    return np.array(found, dtype=object).astype(float)


class ExactLearned(dict[str, Any]):
    """The same learned functions in the arithmetic of the reference evaluation."""

    def __init__(self, m: Machine) -> None:
        self.mp, self.own = m.mp, [m.mp.mpf(w.item()) for w in LEARNED]

    def __missing__(self, name: str) -> Any:
        amplitude, shift = self.own
        return lambda *scalars: [
            amplitude * self.mp.sin(sum(each) + len(name)) + shift for each in zip(*scalars, strict=True)
        ]


def nested(value: Array) -> Any:
    """Give an array as the reference evaluation has it: a state is one flat list for each sample."""
    states = value.ndim > len(SHAPE)
    return (value.reshape(*value.shape[: -len(SHAPE)], DIM) if states else value).tolist()
