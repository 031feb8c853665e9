"""What the tests need of each framework, under the same names: arrays, a small network, draws, derivatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from attrs import frozen

Array = np.ndarray[Any, Any]
Weights = tuple[Any, ...]
Network = Callable[..., Any]

jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]


@frozen
class Framework:
    """A framework: its module of functions, and the few things that they do differently."""

    name: str
    functions: ModuleType
    array: Callable[[Array], Any]
    numpy: Callable[[Any], Array]
    source: Callable[[int], Any]
    jvp: Callable[..., Any]
    gradient: Callable[[Callable[[Weights], Any], Weights], tuple[Array, tuple[Array, ...]]]


def torch_gradient(loss: Callable[[Weights], Any], weights: Weights) -> tuple[Array, tuple[Array, ...]]:
    """Give per-sample losses and the derivatives of their sum by the weights."""
    leaves = tuple(w.detach().clone().requires_grad_() for w in weights)
    values = loss(leaves)
    values.sum().backward()
    return values.detach().cpu().numpy(), tuple(w.grad.cpu().numpy() for w in leaves)


def jax_gradient(loss: Callable[[Weights], Any], weights: Weights) -> tuple[Array, tuple[Array, ...]]:
    """Give per-sample losses and the derivatives of their sum by the weights, compiled as one."""

    def total(w: Weights) -> tuple[Any, Any]:
        values = loss(w)
        return values.sum(), values

    gradients, values = jax.jit(jax.grad(total, has_aux=True))(weights)
    return np.asarray(values), tuple(map(np.asarray, gradients))


def torch_source(seed: int) -> torch.Generator:
    """Give a seeded generator."""
    return torch.Generator().manual_seed(seed)


TORCH = Framework(
    "torch",
    torch,
    torch.from_numpy,
    lambda x: x.detach().cpu().numpy(),
    torch_source,
    torch.func.jvp,
    torch_gradient,
)
JAX = Framework("jax", jnp, jnp.asarray, np.asarray, jax.random.key, jax.jvp, jax_gradient)
FRAMEWORKS: Mapping[str, Framework] = {"torch": TORCH, "jax": JAX}


def arrays(framework: Framework, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give numpy arrays as the framework's, everything else as it is."""
    return {k: framework.array(v) if isinstance(v, np.ndarray) else v for k, v in values.items()}


def weights(seed: int, dim: int, width: int = 5) -> tuple[Array, ...]:
    """Make the weights of a network for states of that many elements."""
    rng = np.random.default_rng(seed)
    shapes = ((dim + 1, width), (width,), (width, dim), (dim,))
    return tuple(rng.normal(size=shape) / 2 for shape in shapes)


def mlp(functions: Any, w: Weights) -> Network:
    """Give a network of one hidden layer, smooth in the state and in its scalars, however large."""

    def network(x: Any, *scalars: Any) -> Any:
        mixed = sum((i + 1) * c / (1 + functions.abs(c)) for i, c in enumerate(scalars))
        inputs = functions.concatenate([x.reshape(x.shape[0], -1), mixed.reshape(-1, 1)], 1)
        return (functions.tanh(inputs @ w[0] + w[1]) @ w[2] + w[3]).reshape(x.shape)

    return network


def network(framework: Framework, seed: int, shape: tuple[int, ...], dtype: str = "float64") -> Network:
    """Give a framework's network for states of that shape (without the batch's axis)."""
    return mlp(framework.functions, tuple(framework.array(w.astype(dtype)) for w in weights(seed, int(np.prod(shape)))))


def reference_network(mp: Any, seed: int, dim: int) -> Network:
    """Give the same network in the arithmetic of the reference evaluation."""
    w1, b1, w2, b2 = (mp.matrix(w.tolist()) for w in weights(seed, dim))

    def one(x: list[Any], *scalars: Any) -> list[Any]:
        inputs = mp.matrix([[*x, sum((i + 1) * c / (1 + abs(c)) for i, c in enumerate(scalars))]])
        hidden = (inputs * w1 + b1.T).apply(mp.tanh)
        return list(hidden * w2 + b2.T)

    return lambda x, *scalars: [one(*each) for each in zip(x, *scalars, strict=True)]
