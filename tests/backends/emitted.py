"""Packages written and imported, and the same arguments for PyTorch, JAX and the interpreter."""

import importlib.util
import math
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import torch
from attrs import frozen

from cmdsl.emit.backend import Backend
from cmdsl.ir.nodes import Program, Type
from cmdsl.ir.optimize import optimize

jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]


def load(program: Program, backend: Backend, folder: Path) -> ModuleType:
    """Write a package and import its model."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in backend.package(optimize(program)).items():
        (folder / path).write_text(text)
    return import_file(folder / "model.py")


def import_file(path: Path) -> ModuleType:
    name = f"emitted_{path.parent.name}_{path.stem}_{abs(hash(path))}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@frozen
class Frame:
    """One way to compute: arrays from nested lists, and lists from arrays."""

    name: str
    array: Callable[[Any], Any]
    listed: Callable[[Any], Any]
    sin: Callable[[Any], Any]
    over: Callable[[Any, Any], Any]

    def network(self, shift: float) -> Callable[[Any, Any], Any]:
        """Give a network that is smooth and bounded, so that a difference is one of the program's."""
        return lambda x, c: 0.5 * self.sin(x + shift) + 0.1 * self.over(c, x) * x / (1 + x**2)

    def denoiser(self) -> Callable[[Any, Any], Any]:
        return lambda x, t: x / (1 + self.over(t, x) ** 2) + 0.01 * self.sin(x)


def torch_frame() -> Frame:
    over = lambda t, x: t.reshape(t.shape + (1,) * (x.ndim - t.ndim))  # noqa: E731
    return Frame("torch", lambda v: torch.tensor(v, dtype=torch.float64), lambda v: v.tolist(), torch.sin, over)


def jax_frame() -> Frame:
    over = lambda t, x: t.reshape(t.shape + (1,) * (x.ndim - t.ndim))  # noqa: E731
    return Frame("jax", lambda v: jnp.asarray(v, jnp.float64), lambda v: np.asarray(v).tolist(), jnp.sin, over)


class Exact:
    """Lists of fifty-digit numbers that compute like arrays, so that the same networks run on them."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __add__(self, other: Any) -> "Exact":
        return self.combine(other, lambda a, b: a + b)

    __radd__ = __add__

    def __mul__(self, other: Any) -> "Exact":
        return self.combine(other, lambda a, b: a * b)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Exact":
        return self.combine(other, lambda a, b: a / b)

    def __pow__(self, power: int) -> "Exact":
        return self.combine(power, lambda a, b: a**b)

    def combine(self, other: Any, operation: Callable[[Any, Any], Any]) -> "Exact":
        from cmdsl.ir.interpret import lift

        return Exact(lift(operation, self.values, other.values if isinstance(other, Exact) else other))


def exact_sin(x: Exact) -> Exact:
    return x.combine(0, lambda a, _: type(a).context.sin(a))


def exact_over(t: Exact, x: Exact) -> Exact:
    return Exact([[v] * len(row) for v, row in zip(t.values, x.values, strict=True)])


def exact_frame() -> Frame:
    return Frame("exact", lambda v: v, lambda v: v, exact_sin, exact_over)


def on_lists(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Give a callable of `Exact` values as one of plain lists, as the interpreter calls it."""
    return lambda x, t: function(Exact(x), Exact(t)).values


STATES = {
    "x": [[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]],
    "x0": [[0.5, -0.25, 0.1], [-0.9, 0.3, 0.8]],
    "z": [[1.0, -0.5, 0.25], [2.0, 0.4, -1.1]],
    "denoised": [[0.2, -0.7, 1.1], [0.05, 0.6, -0.2]],
    "a": [[0.2, -0.7, 1.1], [0.05, 0.6, -0.2]],
    "b": [[0.5, -0.25, 0.1], [-0.9, 0.3, 0.8]],
    "zs": [[[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]]],
}
SAMPLES = {"t": [0.7, 0.9], "r": [0.25, 0.5], "s": [0.3, 0.1], "n": [3, 7], "tau": [-1.0, 0.4]}
NUMBERS = {"N": 18, "n": 18, "k": 1000, "K": 4000, "last": 1}


def arguments(function: Any, frame: Frame) -> dict[str, Any]:
    """Give a value for each parameter of a function that has no default, by the parameter's type and name."""
    return {p.name: argument(p.name, p.type, frame) for p in function.params if p.default is None}


def argument(name: str, type: Type, frame: Frame) -> Any:
    wrap = on_lists if frame.name == "exact" else lambda f: f
    match type:
        case Type.NETWORK:
            return wrap(frame.network(0.3 if name == "network_ema" else 0.0))
        case Type.DENOISER:
            return wrap(frame.denoiser())
        case Type.STATE:
            return frame.array(STATES[name])
        case Type.SAMPLE:
            return frame.array(SAMPLES[name])
    return NUMBERS[name]


def difference(a: Any, b: Any) -> float:
    """Give the largest error of b, relative to a's largest entry."""
    flat_a, flat_b = list(flat(a)), list(flat(b))
    assert len(flat_a) == len(flat_b)
    scale = max(abs(float(v)) for v in flat_a) or 1.0
    with mpmath.workdps(60):
        return max(float(abs(mpmath.mpf(v) - mpmath.mpf(w))) for v, w in zip(flat_a, flat_b, strict=True)) / scale


def flat(value: Any) -> Any:
    if isinstance(value, list | tuple):
        for item in value:
            yield from flat(item)
    else:
        assert math.isfinite(float(value))
        yield value
