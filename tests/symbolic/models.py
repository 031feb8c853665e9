"""Processes that the tests of derivations run over, and short ways to derive them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import flint
import pytest
import sympy as sp

from cmdsl.diagnostics import Diagnostic, SpecError
from cmdsl.sema import resolve
from cmdsl.symbolic.derive import derive
from cmdsl.symbolic.enclose import BITS, ball, tape
from cmdsl.symbolic.model import Model
from cmdsl.symbolic.opaque import expand
from cmdsl.symbolic.stabilize import stabilize
from cmdsl.syntax import parse

ROOT = Path(__file__).resolve().parents[2]
SPECS = {name: (ROOT / "specs" / f"{name}.cm").read_text() for name in ("ve_edm", "vp_linear", "trigflow")}
DATA = "param sigma_data = 0.5 in (0, inf)\n"
LINEAR = "param beta_min = 0.1 in (0, inf)\nparam beta_max = 20 in (beta_min, inf)\n"
LINEAR += "beta(t) = beta_min + t*(beta_max - beta_min)\n"
LEVELS = "param sigma_min = 0.01 in (0, inf)\nparam sigma_max = 50 in (sigma_min, inf)\n"
GEOMETRIC = "sde { drift = 0\n diffusion = sigma_min*(sigma_max/sigma_min)^t*sqrt(2*log(sigma_max/sigma_min))"


def spec(process: str, params: str = "", *, T: str = "1", boundary: str = "0.001", more: str = "") -> str:
    """Write a spec with a derived family."""
    end = f"time t in [0, {T}]\n{process}\nboundary {boundary}\n"
    return f"model m\n{DATA}{params}{end}" + (more or "precondition edm(sigma_data)\n")


OTHERS = {
    "sub_vp": spec(
        "sde { drift = -1/2*beta(t)*x\n"
        " diffusion = sqrt(beta(t)*(1 - exp(-2*beta_min*t - t^2*(beta_max - beta_min)))) }",
        LINEAR,
    ),
    "straight": spec("path { alpha = 1 - t\n sigma = t }"),
    "geometric": spec(GEOMETRIC + "\n variance = sigma_min^2 }", LEVELS, boundary="0.00001"),
    "geometric_from_0": spec(GEOMETRIC + " }", LEVELS, boundary="0.00001"),
    "ornstein_uhlenbeck": spec(
        "sde { drift = -theta*x\n diffusion = b }",
        "param theta = 1.3 in (0, inf)\nparam b = 0.7 in (0, inf)\n",
        T="2",
    ),
    "cosine": spec("path { alpha = cos(pi*t/2)\n sigma = sin(pi*t/2) }", T="0.99"),
    "tangent": spec("sde { drift = -tan(t)*x\n diffusion = sigma_data*sqrt(2*tan(t)) }", T="1.5", boundary="0.01"),
    "offset_cosine": spec(
        "a = cos(pi/2*(t + o)/(1 + o))/cos(pi/2*o/(1 + o))\npath { alpha = a\n sigma = sqrt(1 - a^2) }",
        "param o = 0.008 in (0, 1)\n",
        T="0.99",
    ),
    "noisy_data": spec(
        "sde { drift = -b*x\n diffusion = sqrt(2*b)\n variance = s0^2 }",
        "param b = 3 in (0, inf)\nparam s0 = 0.1 in (0, inf)\n",
    ),
}
ALL = SPECS | OTHERS


@cache
def model(text: str) -> Model:
    """Derive a spec from its text."""
    return derive(resolve(parse("spec.cm", text)))


@cache
def stable(text: str) -> Model:
    """Derive a spec and stabilise it."""
    return stabilize(model(text))


def refused(text: str) -> Diagnostic:
    """Give the one diagnostic for which a spec is refused."""
    with pytest.raises(SpecError) as caught:
        model(text)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


def value(m: Model, name: str, *times: object) -> sp.Rational:
    """Evaluate a coefficient at the values of the params, to fifty digits."""
    coefficient = m.coefficients[name]
    with flint.ctx.workprec(BITS):
        run = tape(expand(m, coefficient.formula).subs(m.values), coefficient.parameters)
        return sp.Rational(run(*(ball(sp.Rational(str(t))) for t in times)).mid().str(50, radius=False))
