"""The equations of a model in the notation of the language, in the forms that read best."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp
from attrs import frozen

from cmdsl.symbolic.model import Coefficient, Model
from cmdsl.symbolic.notation import written
from cmdsl.symbolic.opaque import expand

LONGEST = 90
DENOISER = "denoiser_"


@frozen
class Equation:
    """One line of a derivation: what stands left of the sign of equality, and right of it."""

    left: str
    right: str

    def __str__(self) -> str:
        return f"{self.left} = {self.right}"


def coefficient(model: Model, name: str) -> Equation:
    """Give a coefficient's definition, written out where that is short."""
    found = model.coefficients[name]
    return Equation(signature(found), written(readable(model, found.formula)))


def signature(found: Coefficient) -> str:
    """Write a coefficient's name and parameters."""
    name = f"D.{found.name.removeprefix(DENOISER)}" if found.name.startswith(DENOISER) else found.name
    return f"{name}({', '.join(str(p) for p in found.parameters)})"


def readable(model: Model, formula: sp.Expr) -> sp.Expr:
    """Give a formula in times and params alone if that is short, else in terms of other coefficients."""
    full = expand(model, formula)
    return full if len(written(full)) <= max(LONGEST, len(written(formula))) else formula


def coefficients(model: Model, names: Sequence[str]) -> tuple[Equation, ...]:
    """Give those of these coefficients that the model has."""
    return tuple(coefficient(model, n) for n in names if n in model.coefficients)


def with_helpers(model: Model, equations: tuple[Equation, ...]) -> tuple[Equation, ...]:
    """Put the local mathematics that equations are written in before them."""
    private = {n: coefficient(model, n) for n, c in model.coefficients.items() if not c.public}
    needed: dict[str, Equation] = {}
    for name, found in reversed(private.items()):
        if any(f"{name}(" in e.right for e in (*equations, *needed.values())):
            needed[name] = found
    return (*reversed(needed.values()), *equations)


def declared(model: Model) -> tuple[Equation, ...]:
    """Give the params with their values and ranges."""
    return tuple(
        Equation(name, f"{written(model.values[symbol])}{domain(model, symbol)}")
        for name, symbol in model.symbols.items()
    )


def domain(model: Model, symbol: sp.Symbol) -> str:
    """Write the range of a param, if it has one."""
    found = model.domains.get(symbol)
    if found is None or (found.low == -sp.oo and found.high == sp.oo):
        return ""
    left, right = "(" if found.low_open else "[", ")" if found.high_open else "]"
    return f" in {left}{written(found.low)}, {written(found.high)}{right}"


def sde(model: Model) -> str:
    """Write the stochastic differential equation."""
    drift = term(readable(model, model.rate), "x dt")
    noise = term(readable(model, model.diffusion), "dw")
    return f"dx = {joined(drift, noise)}"


def velocity(model: Model) -> str:
    """Write the probability-flow ODE with a denoiser D."""
    on_x, on_d = (readable(model, model.coefficients[n].formula) for n in ("velocity_x", "velocity_denoised"))
    return f"dx/dt = {joined(term(on_x, 'x'), term(-on_d, 'D(x, t)'))}"


def transition(model: Model) -> str:
    """Write the kernel from an earlier time to a later one."""
    scale, noise = (readable(model, model.coefficients[n].formula) for n in ("transition_alpha", "transition_sigma"))
    r = model.coefficients["transition_alpha"].parameters[0]
    return f"x_t = {joined(term(scale, f'x_{r}'), term(noise, 'z'))}"


def term(factor: sp.Expr, what: str) -> str:
    """Write a factor before what it multiplies; nothing where it is 0."""
    if factor == 0:
        return ""
    if factor in (1, -1):
        return what if factor == 1 else f"-{what}"
    numerator, denominator = sp.fraction(factor)
    if numerator in (1, -1):
        return f"{'-' if numerator == -1 else ''}{what}/{written(denominator, 3)}"
    return f"{written(factor, 2)} {what}" if not factor.could_extract_minus_sign() else f"-{written(-factor, 2)} {what}"


def joined(first: str, second: str) -> str:
    """Write a sum of two terms, either of which may be missing."""
    if not first or not second:
        return first or second or "0"
    return f"{first} - {second[1:]}" if second.startswith("-") else f"{first} + {second}"
