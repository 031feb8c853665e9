"""Stand in for what could not be derived, by its types alone, so that what is wrong in bodies is said too."""

from __future__ import annotations

from fractions import Fraction

from cmdsl.ir import nodes as ir
from cmdsl.ir.nodes import Role, Type
from cmdsl.lower.derived import Derived
from cmdsl.sema.spec import Spec

OF_ONE_TIME = (
    "alpha",
    "sigma",
    "drift_rate",
    "diffusion",
    "snr",
    "logsnr",
    "time_at",
    "velocity_x",
    "velocity_denoised",
)
OF_TWO_TIMES = ("transition_alpha", "transition_sigma", "gaussian_scale")
COEFFICIENTS = ("c_skip", "c_out", "c_in", "c_noise")


def underived(spec: Spec) -> Derived:
    """Give scalars for the coefficients and numbers for the params of a spec."""
    family = [f"{prefix}{name}" for prefix in ("", "denoiser_") for name in COEFFICIENTS]
    names = [*OF_ONE_TIME, *(family if spec.precondition is not None else ())]
    functions = [coefficient(name, "t") for name in names] + [coefficient(name, "r", "t") for name in OF_TWO_TIMES]
    params = {p.name for p in spec.params} | {"T"} | ({"epsilon"} if spec.boundary is not None else set())
    constants = tuple(ir.Constant(name.upper(), name, Fraction(1)) for name in sorted(params))
    calculus = (lambda e, v, span: e, lambda e, v, low, high, span: high)
    return Derived({f.name: f for f in functions}, frozenset(), constants, *calculus)


def coefficient(name: str, *times: str) -> ir.Function:
    """Give a scalar function of times."""
    params = tuple(ir.Param(t, Type.SAMPLE) for t in times)
    body = (ir.Return(ir.Var(times[-1], Type.SAMPLE)),)
    return ir.Function(name, params, body, Type.SAMPLE, Role.PROCESS, "", "")
