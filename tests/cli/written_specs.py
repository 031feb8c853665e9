"""The specs of this folder compiled for both backends in this process, their losses and samples for fixed draws."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

from cmdsl.driver import Compilation, check, package
from cmdsl.emit.registry import find
from tests.numbers.frameworks import FRAMEWORKS, Array, arrays, network
from tests.numbers.loading import load
from tests.numbers.objectives import SHAPE, asked

WRITTEN = Path(__file__).parent / "written"
NAMES = sorted(path.stem for path in WRITTEN.glob("*.cm"))
BATCH = 3
STEP, STEPS = 3, 10


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


def losses(name: str, backend: str, objective: str, values: Mapping[str, Array]) -> Array:
    """Give the per-sample losses of an objective for fixed draws and networks."""
    m, framework = model(name, backend), FRAMEWORKS[backend]
    loss = getattr(m, f"loss_{objective}")
    others = {"network_ema": network(framework, 2, SHAPE), "teacher": lambda x, t: x / 2}
    given = {**others, **arrays(framework, values), "N": size(m, objective), "k": STEP, "K": STEPS}
    return framework.numpy(loss(network(framework, 1, SHAPE), framework.array(data()), **asked(loss, given)))


def samples(name: str, backend: str, sampler: str, noises: Mapping[str, Array]) -> Array:
    """Give what a sampler makes of fixed noises."""
    framework = FRAMEWORKS[backend]
    sample = getattr(model(name, backend), f"sample_{sampler}")
    return framework.numpy(sample(network(framework, 1, SHAPE), **arrays(framework, noises)))
