"""Every emitted function against the 50-digit evaluation of the program that was lowered.

At random arguments and at the ends of their ranges.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from mpmath import isfinite

from cmdsl.ir.interpret import Machine, interpret, machine
from cmdsl.ir.nodes import Function, Role, Type
from tests.numbers import packages
from tests.numbers.frameworks import FRAMEWORKS, Array, Framework, network, reference_network

SHAPE = (2, 2)
DIM = 4
STEP = 1e-25
NODES = 7
NETWORKS = {"network": 1, "network_ema": 2, "teacher": 3, "denoise": 4}
POINTWISE = (Role.PROCESS, Role.KERNEL, Role.PRECONDITION, Role.NETWORK, Role.DEFINITION, Role.SOLVER)
Given = dict[str, Any]
CASES = [(name, backend) for name in packages.NAMES for backend in packages.BACKENDS]


def functions(name: str, *roles: Role) -> list[Function]:
    """Give a spec's functions of those roles that are emitted under their names."""
    program = packages.compiled(packages.spec_text(name)).program
    emitted = packages.module(packages.spec_text(name), "torch")
    return [f for f in program.functions if f.role in roles and hasattr(emitted, f.name)]


def oracle(name: str, m: ModuleType) -> Machine:
    """Prepare the reference evaluation, with the constants as the floats that the module has."""
    program = packages.compiled(packages.spec_text(name)).program
    return machine(program, constants={c.name: getattr(m, c.name) for c in program.constants})


def times(m: ModuleType) -> Array:
    """Give times from epsilon to T: both ends, near them, and some between, denser near epsilon."""
    rng = np.random.default_rng(7)
    between = m.EPSILON + (m.T - m.EPSILON) * rng.uniform(size=8) ** np.array([1, 1, 2, 2, 4, 4, 8, 16])
    ends = [m.EPSILON, max(np.nextafter(m.EPSILON, m.T), 1e-9), np.nextafter(m.T, m.EPSILON), m.T]
    return np.concatenate([ends, between])


def arguments(function: Function, m: ModuleType) -> dict[str, Array]:
    """Make the arguments of a function of points: times of the process, with r before t, and states of two axes."""
    rng = np.random.default_rng(len(function.name))
    t = times(m)
    share = np.concatenate([[0, 1e-9, 1 - 1e-3], rng.uniform(size=len(t) - 3)])
    noises = np.geomspace(1e-3, 90, len(t))
    scalars = {"t": t, "r": m.EPSILON + (t - m.EPSILON) * share, "s": noises}
    if len(function.params) > 1:
        scalars["s"] = rng.permutation(t)
    states = {p.name: 2 * rng.normal(size=(len(t), *SHAPE)) for p in function.params if p.type is Type.STATE}
    return {p.name: scalars[p.name] for p in function.params if p.type is Type.SAMPLE} | states


def draws(function: Function, m: ModuleType) -> dict[str, Array]:
    """Make the data and the draws of a loss: every node of its grid, or times inside the interval."""
    rng = np.random.default_rng(len(function.name))
    n = np.arange(1.0, NODES)
    times = m.EPSILON + (m.T - m.EPSILON) * np.linspace(0.3, 1, len(n)) ** 3
    states = {p.name: rng.normal(size=(len(n), *SHAPE)) for p in function.params if p.type is Type.STATE}
    return {p.name: {"n": n, "t": times}[p.name] for p in function.params if p.type is Type.SAMPLE} | states


def noises(function: Function, m: ModuleType, N: int) -> dict[str, Array]:
    """Make the noise of a sampler as the module draws it: of the prior, and of each turn of its loops."""
    draw = getattr(m, f"draw_{function.name}")
    number = {"N": N} if "N" in inspect.signature(draw).parameters else {}
    rng = np.random.default_rng(len(function.name))
    shapes = {name: value.shape for name, value in draw(None, torch.zeros(3, *SHAPE), **number).items()}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def nested(value: Array) -> Any:
    """Give an array as the reference evaluation has it: numbers, or flat lists of them, in lists."""
    axes = value.ndim - len(SHAPE) if value.ndim > len(SHAPE) else value.ndim
    return value.reshape(*value.shape[:axes], *([DIM] if value.ndim > len(SHAPE) else [])).tolist()


def condition(evaluate: Callable[[Given], Array], given: Given, smooth: set[str], m: Machine) -> Array:
    """Give the sum over the arguments of |x df/dx|, each from its steeper side, sides outside the domain apart."""
    base = evaluate(given)
    slopes = [
        np.max([_slope(evaluate(given | {name: moved(value, i, side, m)}), base) for side in (1, -1)], axis=0)
        for name, value in given.items()
        if name in smooth
        for i in range(DIM if isinstance(value[0], list) else 1)
    ]
    total: Array = np.sum([np.zeros(base.shape), *slopes], axis=0)
    return total


def _slope(changed: Array, base: Array) -> Array:
    difference = (abs(changed - base) / STEP).astype(float)
    return np.where(np.isfinite(difference), difference, 0)


def moved(value: Any, i: int, side: int, m: Machine) -> Any:
    """Give an argument with its number, or its i-th element, changed by a relative step in every sample."""
    factor = 1 + side * m.mp.mpf(STEP)
    if not isinstance(value[0], list):
        return [factor * v for v in value]
    if isinstance(value[0][0], list):
        return [moved(turn, i, side, m) for turn in value]
    return [[factor * v if j == i else v for j, v in enumerate(row)] for row in value]


def worst_error(function: Function, given: dict[str, Array], name: str, **numbers: int) -> float:
    """Give the largest error of a function in either backend, in units of rounding at condition times scale."""
    m = oracle(name, packages.module(packages.spec_text(name), "torch"))
    taken = {k: v for k, v in numbers.items() if k in {p.name for p in function.params}}
    reference = {n: reference_network(m.mp, NETWORKS[n], DIM) for n in callables(function)}
    emitted = [evaluated(function, given, name, framework, taken) for framework in FRAMEWORKS.values()]

    def evaluate(arguments: Given) -> Array:
        wanted = interpret(m, function.name, **reference, **arguments, **taken)
        return np.array(wanted, dtype=object).reshape(emitted[0].shape)

    exact = {k: nested(v) for k, v in given.items()}
    wanted = evaluate(exact)
    scale = abs(wanted) + condition(evaluate, exact, set(exact) - {"n"}, m)
    return max(worst(found, wanted, scale, m) for found in emitted)


def callables(function: Function) -> list[str]:
    """Give the parameters of a function that are networks or denoisers."""
    return [p.name for p in function.params if p.type in (Type.NETWORK, Type.DENOISER)]


def evaluated(
    function: Function, given: dict[str, Array], name: str, framework: Framework, numbers: dict[str, int]
) -> Array:
    """Give the values of an emitted function: `[batch, elements]`."""
    networks = {n: network(framework, NETWORKS[n], SHAPE) for n in callables(function)}
    arrays = {k: framework.array(v) for k, v in given.items()}
    module = packages.module(packages.spec_text(name), framework.name)
    found = framework.numpy(call(function, module, networks | arrays | numbers))
    return found.reshape(len(found), -1)


def worst(found: Array, wanted: Array, scale: Array, m: Machine) -> float:
    """Give the largest error in units of rounding at that scale; where the one is not finite, the other is not."""
    finite = np.vectorize(isfinite, otypes=[bool])(wanted)
    np.testing.assert_array_equal(np.isfinite(found), finite)
    errors = abs(np.vectorize(m.mp.mpf, otypes=[object])(found[finite]) - wanted[finite])
    return float(max((e / s if e else 0 for e, s in zip(errors, scale[finite], strict=True)), default=0) / 2.0**-52)


def call(function: Function, module: ModuleType, given: Given) -> Any:
    """Call an emitted function as its signature asks."""
    positional = [given[p.name] for p in function.params if not p.keyword]
    return getattr(module, function.name)(
        *positional, **{p.name: given[p.name] for p in function.params if p.keyword and p.name in given}
    )


@pytest.mark.parametrize("name", packages.NAMES)
def test_functions_of_points(name: str) -> None:
    module = packages.module(packages.spec_text(name), "torch")
    errors = {f.name: worst_error(f, arguments(f, module), name) for f in functions(name, *POINTWISE)}
    assert len(errors) > 20
    assert max(errors.values()) < 16, errors


@pytest.mark.parametrize("name", packages.NAMES)
def test_losses(name: str) -> None:
    module = packages.module(packages.spec_text(name), "torch")
    errors = {f.name: worst_error(f, draws(f, module), name, N=NODES) for f in functions(name, Role.LOSS)}
    assert len(errors) == len(module.OBJECTIVES)
    assert max(errors.values()) < 16, errors


@pytest.mark.parametrize("name", packages.NAMES)
def test_samplers(name: str) -> None:
    """Steps of an ODE amplify rounding more than the arguments, so these are held to a wider bound."""
    module = packages.module(packages.spec_text(name), "torch")
    errors = {f.name: worst_error(f, noises(f, module, 12), name, N=12) for f in functions(name, Role.SAMPLER)}
    assert len(errors) == len(module.SAMPLERS)
    assert max(errors.values()) < 64, errors


@pytest.mark.parametrize(("name", "backend"), CASES)
def test_host_numbers(name: str, backend: str) -> None:
    module = packages.module(packages.spec_text(name), backend)
    m = oracle(name, module)
    for function in functions(name, Role.CURRICULUM):
        for k, last in [(0, 1000), (999, 1000), (12_345, 400_000), (399_999, 400_000)]:
            found = getattr(module, function.name)(k, last)
            assert found == pytest.approx(float(interpret(m, function.name, k, last)), rel=1e-14, abs=0)
            assert isinstance(found, int) or not function.integer
    for function in functions(name, Role.GRID):
        for n in (2, 3, 18, 161):
            found = FRAMEWORKS[backend].numpy(getattr(module, function.name)(n))
            wanted = np.array(interpret(m, function.name, n), dtype=float)
            np.testing.assert_allclose(found, wanted, rtol=1e-14)
            assert (found[0], found[-1]) == (module.EPSILON, module.T)
            assert np.all(np.diff(found) > 0)
