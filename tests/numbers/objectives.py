"""Objectives and samplers of an emitted module, called as their signatures ask."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import Any

from tests.numbers.frameworks import Array, Framework, Network, arrays, network

NODES = 7
STEPS = 4
SHAPE = (2, 2)


def asked(function: Callable[..., Any], offered: Mapping[str, Any]) -> dict[str, Any]:
    """Give those of the keywords that a function takes."""
    return {name: offered[name] for name in inspect.signature(function).parameters if name in offered}


def drawn(m: ModuleType, objective: str, source: Any, x0: Any, nodes: int = NODES) -> dict[str, Any]:
    """Make the draws of an objective."""
    draw = getattr(m, f"draw_{objective}")
    found: dict[str, Any] = draw(source, x0, **asked(draw, {"N": nodes}))
    return found


def loss(m: ModuleType, objective: str, given: Mapping[str, Any], nodes: int = NODES) -> Callable[[Network], Any]:
    """Give the per-sample loss as a function of the network; `given` has x0, draws and the other networks."""
    function = getattr(m, f"loss_{objective}")
    keywords = asked(function, {**given, "N": nodes})
    return lambda net: function(**keywords | {"network": net})


def inputs(m: ModuleType, framework: Framework, values: Mapping[str, Array], dtype: str = "float64") -> dict[str, Any]:
    """Give a loss's arguments in a framework: arrays as they are, an averaged network and a teacher."""
    return {
        **arrays(framework, values),
        "network_ema": network(framework, 2, SHAPE, dtype),
        "teacher": partial(m.denoise, network(framework, 3, SHAPE, dtype)),
    }


def sample_inputs(m: ModuleType, sampler: str, source: Any, like: Any) -> dict[str, Any]:
    """Make the draws of a sampler."""
    draw = getattr(m, f"draw_sample_{sampler}")
    found: dict[str, Any] = draw(source, like, **asked(draw, {"N": STEPS}))
    return found


def sample(m: ModuleType, sampler: str, net: Network, noises: Mapping[str, Any]) -> Any:
    """Run a sampler from its noises; one that solves the ODE takes a few steps."""
    function = getattr(m, f"sample_{sampler}")
    return function(net, **noises, **asked(function, {"N": STEPS}))
