"""What follows from a process: its ratios, the probability-flow ODE, transitions, the exact Gaussian flow."""

from __future__ import annotations

import sympy as sp

from cmdsl.diagnostics import Span
from cmdsl.symbolic.invert import inverse
from cmdsl.symbolic.model import Coefficient
from cmdsl.symbolic.opaque import call
from cmdsl.symbolic.process import Clock, Process
from cmdsl.symbolic.tidy import tidy

SOURCES = {
    "alpha": ("alpha", "drift"),
    "sigma": ("sigma", "diffusion"),
    "drift_rate": ("drift",),
    "diffusion": ("diffusion",),
}


PARTS = ("drift_rate", "velocity_x", "velocity_denoised", "transition_alpha", "transition_sigma", "gaussian_scale")
"""What the kernels of the prelude are made of: written out in them where it is short."""


def coefficients(process: Process, sigma_data: sp.Expr, clock: Clock, span: Span) -> dict[str, Coefficient]:
    """Give the coefficients of a process by name, each a function of one or two times."""
    t = clock.t
    r, s = (other(name, clock) for name in "rs")
    formulas = {
        "alpha": ((t,), process.alpha),
        "sigma": ((t,), process.sigma),
        "drift_rate": ((t,), process.rate),
        "diffusion": ((t,), process.diffusion),
        "snr": ((t,), call("alpha", t) ** 2 / call("sigma", t) ** 2),
        "logsnr": ((t,), 2 * sp.log(call("alpha", t) / call("sigma", t))),
        "velocity_x": ((t,), velocity_x(process, t)),
        "velocity_denoised": ((t,), velocity_denoised(process, t)),
        "transition_alpha": ((r, t), call("alpha", t) / call("alpha", r)),
        "transition_sigma": (
            (r, t),
            sp.sqrt(call("sigma", t) ** 2 - call("transition_alpha", r, t) ** 2 * call("sigma", r) ** 2),
        ),
        "gaussian_scale": ((t, s), sp.sqrt(spread(s, sigma_data) / spread(t, sigma_data))),
    }
    found = inverse(process.sigma / process.alpha, clock, s)
    if found is not None:
        formulas["time_at"] = ((s,), found)
    return {n: Coefficient(n, p, f, source(n, process, span), n not in PARTS) for n, (p, f) in formulas.items()}


def other(name: str, clock: Clock) -> sp.Symbol:
    """Give the symbol of another time, with a name that no param has."""
    taken = {clock.t.name, *(s.name for s in clock.values)}
    while name in taken:
        name += "_"
    return sp.Symbol(name, positive=True)


def source(name: str, process: Process, span: Span) -> Span:
    """Give the place that a coefficient comes from: its own equation, or the process."""
    return next((process.sources[n] for n in SOURCES.get(name, ()) if n in process.sources), span)


def spread(t: sp.Expr, sigma_data: sp.Expr) -> sp.Expr:
    """Give the variance at time t of data with variance sigma_data^2."""
    return call("alpha", t) ** 2 * sigma_data**2 + call("sigma", t) ** 2


def velocity_x(process: Process, t: sp.Symbol) -> sp.Expr:
    """Give sigma'/sigma, without the cancellation of f + g^2/(2 sigma^2)."""
    squares = call("alpha", t) ** 2 / call("sigma", t) ** 2
    if has_root(process.sigma, t) and process.constant is not None:
        return tidy(-process.rate * (process.constant - process.variance), t) * squares
    if has_root(process.sigma, t) and process.rate == 0:
        return tidy(process.diffusion**2, t) / (2 * call("sigma", t) ** 2)
    return tidy(slope(process.sigma, process, t) / process.sigma, t)


def velocity_denoised(process: Process, t: sp.Symbol) -> sp.Expr:
    """Give alpha sigma'/sigma - alpha', where that would cancel as alpha g^2/(2 sigma^2), which it equals."""
    if has_root(process.sigma, t) or isinstance(process.alpha, sp.exp | sp.Pow):
        return call("alpha", t) * tidy(process.diffusion**2, t) / (2 * call("sigma", t) ** 2)
    alpha, sigma = process.alpha, process.sigma
    return tidy(alpha * sp.diff(sigma, t) / sigma - sp.diff(alpha, t), t)


def has_root(e: sp.Expr, t: sp.Symbol) -> bool:
    """Tell whether there is a square root of something in t, other than of t itself."""
    return any(p.exp == sp.S.Half and p.base.has(t) and p.base != t for p in e.atoms(sp.Pow))


def slope(e: sp.Expr, process: Process, t: sp.Symbol) -> sp.Expr:
    """Differentiate with powers of alpha as atoms: their slopes are multiples of the drift's rate."""
    if not isinstance(process.alpha, sp.exp):
        return sp.diff(e, t)
    ratios = {w: sp.cancel(w.args[0] / process.alpha.args[0]) for w in sorted(e.atoms(sp.exp), key=sp.default_sort_key)}
    atoms = {w: sp.Dummy(f"w{i}") for i, (w, n) in enumerate(ratios.items()) if n.is_Rational}
    inner, rate = e.xreplace(atoms), sp.Dummy("rate")
    through = sum((sp.diff(inner, d) * ratios[w] * d for w, d in atoms.items()), sp.S.Zero) * rate
    whole = sp.factor(sp.cancel(through)) if atoms else through
    restored = {d: w for w, d in atoms.items()}
    return (whole.xreplace({rate: process.rate}) + sp.diff(inner, t)).xreplace(restored)
