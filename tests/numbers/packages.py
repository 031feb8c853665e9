"""Specs compiled in this process and imported: what every test of numbers runs."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from attrs import frozen

from cmdsl.driver import check
from cmdsl.emit import module as emit
from cmdsl.emit.identifiers import safe_names
from cmdsl.ir.nodes import Program
from tests.numbers.loading import load

SPECS = Path(__file__).parents[2] / "specs"
NAMES = ("ve_edm", "vp_linear", "trigflow")
BACKENDS = ("torch", "jax")

# Beside what a spec declares: every solver, and the objectives and samplers that it lacks.
SOLVERS = """
objective cd_euler = consistency_distillation(solver = euler)
objective cd_heun = consistency_distillation(solver = heun)
objective cd_ddim = consistency_distillation(solver = ddim)
objective ct_l2 = consistency_training
objective cd_midpoint = consistency_distillation(solver = midpoint)
objective cd_rk4 = consistency_distillation(solver = rk4)
objective cd_exponential_heun = consistency_distillation(solver = exponential_heun)
sampler ode_euler = ode(solver = euler)
sampler ode_ddim = ode(solver = ddim)
sampler dpmpp_2m
sampler dpmpp_3m
sampler churn
sampler ancestral
"""
MORE = {
    "ve_edm": SOLVERS,
    "vp_linear": SOLVERS + "objective denoising\nsampler ode\nsampler multistep(times = [0.7, 0.3])\n",
    "trigflow": SOLVERS + "objective denoising\nsampler ode\n",
}
# One of each kind, for what takes long. TrigFlow's ODE is singular at time 0, where Heun's last step would look.
OBJECTIVES = {
    "ve_edm": ("ict", "denoising", "consistency_training", "consistency_distillation"),
    "vp_linear": ("consistency_training", "denoising", "cd_heun"),
    "trigflow": ("ict", "denoising", "consistency_distillation"),
}
SAMPLERS = {
    "ve_edm": ("onestep", "multistep", "ode", "dpmpp_3m"),
    "vp_linear": ("onestep", "multistep", "ode", "dpmpp_3m"),
    "trigflow": ("onestep", "multistep", "ode_ddim", "dpmpp_3m"),
}

SUBVP = """model subvp
param beta_min = 0.1
param beta_max = 20
param sigma_data = 1
B(t) = beta_min*t + (beta_max - beta_min)*t^2/2
time t in [0, 1]
sde {
    drift     = -1/2*(beta_min + t*(beta_max - beta_min))*x
    diffusion = sqrt((beta_min + t*(beta_max - beta_min))*(1 - exp(-2*B(t))))
}
"""


@frozen
class Compiled:
    """A spec lowered, and the text of its `model.py` by backend."""

    program: Program
    models: Mapping[str, str]


def spec_text(name: str) -> str:
    """Give a shipped spec with every solver, and the objectives and samplers that it lacks."""
    return (SPECS / f"{name}.cm").read_text(encoding="utf-8") + MORE[name]


@cache
def compiled(text: str, overrides: tuple[tuple[str, str], ...] = ()) -> Compiled:
    """Compile the text of a spec with both backends."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spec.cm"
        path.write_text(text, encoding="utf-8")
        checked = check(path, dict(overrides))
    return Compiled(checked.program, {name: printed(checked.optimized, name) for name in BACKENDS})


def printed(program: Program, backend: str) -> str:
    """Give the text of `model.py` alone: references of fifty digits, for the tests beside it, take far longer."""
    parts = import_module(f"cmdsl_{backend}.parts")
    language = import_module(f"cmdsl_{backend}.language").LANGUAGE
    return emit.module(safe_names(program, parts.RESERVED), language, parts.PARTS)


@cache
def module(text: str, backend: str, overrides: tuple[tuple[str, str], ...] = ()) -> ModuleType:
    """Give the module that a spec compiles to."""
    return load(compiled(text, overrides).models[backend])
