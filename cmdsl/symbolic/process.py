"""The process: alpha and sigma from a drift and a diffusion, or the other way round.

A drift f(t)*x and a diffusion g(t) give alpha = exp(int f) and sigma^2 = alpha^2 (variance + int g^2/alpha^2); where
g^2/(-2f) is a constant K, sigma^2 = K (1 - alpha^2) + variance alpha^2 without an integral. Source: Song et al. 2021.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import sympy as sp
from attrs import frozen

from cmdsl.diagnostics import Span, error
from cmdsl.diagnostics.collect import Collector
from cmdsl.sema.evaluate import Evaluator
from cmdsl.sema.values import Env
from cmdsl.symbolic.algebra import scalar
from cmdsl.symbolic.antiderivative import antiderivative
from cmdsl.symbolic.notation import written
from cmdsl.symbolic.tidy import tidy
from cmdsl.symbolic.zero import vanishes
from cmdsl.syntax import ast
from cmdsl.syntax.walk import parts


@frozen
class Process:
    """A process by its coefficients; `constant` is K where sigma^2 = K (1 - alpha^2) + variance alpha^2."""

    rate: sp.Expr
    diffusion: sp.Expr
    variance: sp.Expr
    alpha: sp.Expr
    sigma: sp.Expr
    constant: sp.Expr | None
    sources: Mapping[str, Span]
    notes: tuple[str, ...]


@frozen
class Clock:
    """Time with the values at which signs are told."""

    t: sp.Symbol
    x: sp.Symbol
    values: Mapping[sp.Symbol, sp.Rational]
    T: sp.Expr

    def sign(self, e: sp.Expr) -> int:
        """Give the sign in the middle of the time interval."""
        value = e.subs(self.values).subs(self.t, self.T.subs(self.values) / 2).evalf(30)
        return int(sp.sign(value)) if value.is_real else 0


def process(declared: ast.Sde | ast.Path, evaluator: Evaluator, env: Env, clock: Clock) -> Process:
    """Derive a process; raises SpecError where there is no closed form or the formulas don't make sense."""
    equations = {e.name: e for e in declared.equations if isinstance(e, ast.Equation)}
    sources = {name: e.span for name, e in equations.items()}
    wrong = Collector()
    formulas = {name: wrong.attempt(partial(coefficient, e, evaluator, env, clock)) for name, e in equations.items()}
    wrong.raise_all()
    known = {name: formula for name, formula in formulas.items() if formula is not None}
    return of_sde(known, sources, clock) if isinstance(declared, ast.Sde) else of_path(known, sources, clock)


def coefficient(equation: ast.Equation, evaluator: Evaluator, env: Env, clock: Clock) -> sp.Expr:
    """Give the formula of a field; only the drift may speak of the state."""
    formula = scalar(evaluator.value(equation.value, env), equation.value.span)
    return formula if equation.name == "drift" else of_time_alone(equation, formula, clock)


def of_time_alone(equation: ast.Equation, formula: sp.Expr, clock: Clock) -> sp.Expr:
    """Refuse a state where a scalar is meant."""
    if not formula.has(clock.x):
        return formula
    name, x = equation.name, clock.x.name
    raise error(
        "CM222",
        f"`{name}` must be a function of {clock.t} alone, and `{x}` is a state",
        next(names_of(equation.value, x), equation.value.span),
        help=f"write `{name}` in {clock.t} and params",
    )


def names_of(node: object, name: str) -> Iterator[Span]:
    """Give the places where a name is written."""
    if isinstance(node, ast.Name) and node.id == name:
        yield node.span
    for part in parts(node):
        yield from names_of(part, name)


def of_sde(formulas: Mapping[str, sp.Expr], sources: Mapping[str, Span], clock: Clock) -> Process:
    """Integrate the moment equations."""
    t, diffusion, variance = clock.t, formulas["diffusion"], formulas.get("variance", sp.S.Zero)
    rate = linear(formulas["drift"], diffusion, clock, sources["drift"])
    if variance.has(t):
        raise error("CM226", f"`variance` is that of the noise at time 0, and can't depend on {t}", sources["variance"])
    exponent, found = integral(rate, "drift", clock, sources["drift"])
    alpha = sp.exp(exponent)
    notes: tuple[str, ...] = () if rate == 0 else (f"alpha: the drift's rate is integrated ({found})",)
    constant = None if rate == 0 else stationary(rate, diffusion**2, t)
    if constant is not None:
        squared = constant * (1 - alpha**2) + variance * alpha**2
        notes += (f"sigma: g^2/(-2 f) = {written(constant)} is constant, so that sigma^2 follows from alpha",)
    else:
        noise, found = integral(diffusion**2 / alpha**2, "diffusion", clock, sources["diffusion"])
        squared = tidy(alpha**2 * (variance + noise), t)
        notes += (f"sigma: g^2/alpha^2 is integrated ({found})",)
    sigma = root(squared, clock)
    verify(rate, diffusion, variance, alpha, squared, clock, sources["drift"])
    return Process(rate, diffusion, variance, alpha, sigma, constant, sources, notes)


def linear(drift: sp.Expr, diffusion: sp.Expr, clock: Clock, span: Span) -> sp.Expr:
    """Give f where the drift is f(t)*x; refuse any other drift with its probability-flow ODE."""
    rate = sp.diff(drift, clock.x)
    if not rate.has(clock.x) and vanishes(drift.subs(clock.x, 0)):
        return rate
    flow = f"{written(drift)} - {written(diffusion**2 / 2)}*score(x, {clock.t})"
    raise error(
        "CM223",
        "the drift is not of the form f(t)*x: its marginals have no closed form",
        span,
        notes=(
            f"its probability-flow ODE is dx/d{clock.t} = {flow}, with the score of marginals that are not Gaussian",
        ),
        help="write the drift as a function of time, times x",
    )


def integral(integrand: sp.Expr, name: str, clock: Clock, span: Span) -> tuple[sp.Expr, str]:
    """Integrate from 0, or refuse."""
    if integrand == 0:
        return sp.S.Zero, "it is 0"
    found = antiderivative(integrand, clock.t)
    if found is None:
        raise error(
            "CM225",
            f"no closed form is known for the integral of {written(integrand)}, which the `{name}` asks for",
            span,
            help="give the marginals by `path { alpha = … sigma = … }` if you know them",
        )
    return found


def stationary(rate: sp.Expr, squared: sp.Expr, t: sp.Symbol) -> sp.Expr | None:
    """Give g^2/(-2f) if it is constant in time."""
    ratio = sp.cancel(squared / (-2 * rate))
    return None if ratio.has(t) else sp.factor_terms(ratio)


def root(squared: sp.Expr, clock: Clock) -> sp.Expr:
    """Give the positive square root; of squares, their bases with the sign that they have inside the interval."""
    factors = []
    for factor in sp.Mul.make_args(tidy(squared, clock.t) if squared.has(sp.sin, sp.cos, sp.tan) else squared):
        base, power = factor.as_base_exp()
        if isinstance(power, sp.Integer) and power % 2 == 0 and not base.is_nonnegative:
            factors.append((base if clock.sign(base) > 0 else -base) ** (power / 2))
        else:
            factors.append(sp.sqrt(factor))
    return sp.Mul(*factors)


def oriented(e: sp.Expr, clock: Clock) -> sp.Expr:
    """Write the sums among the factors so that they are positive inside the interval: 1 - t, not t - 1."""
    factors = [f.as_base_exp() for f in sp.Mul.make_args(e)]
    turned = [isinstance(b, sp.Add) and n.is_Integer and clock.sign(b) < 0 for b, n in factors]
    return sp.Mul(*((-1) ** n * (-b) ** n if turn else b**n for (b, n), turn in zip(factors, turned, strict=True)))


def verify(
    rate: sp.Expr, diffusion: sp.Expr, variance: sp.Expr, alpha: sp.Expr, squared: sp.Expr, clock: Clock, span: Span
) -> None:
    """Make sure that the marginals solve the moment equations, with their values at 0."""
    t = clock.t
    claims = (
        sp.diff(alpha, t) - rate * alpha,
        sp.diff(squared, t) - 2 * rate * squared - diffusion**2,
        alpha.subs(t, 0) - 1,
        squared.subs(t, 0) - variance,
    )
    if not all(vanishes(c) for c in claims):
        raise error("CM225", "the marginals that were found can't be verified by differentiating them", span)


def of_path(formulas: Mapping[str, sp.Expr], sources: Mapping[str, Span], clock: Clock) -> Process:
    """Give the drift and diffusion that have these marginals."""
    t, alpha, sigma = clock.t, formulas["alpha"], formulas["sigma"]
    start = alpha.subs(t, 0)
    if not vanishes(start - 1):
        raise error(
            "CM226",
            f"`alpha` is {written(start)} at time 0, and must be 1: x at time 0 is data",
            sources["alpha"],
            help="scale `alpha` and `sigma`, or turn the time round",
        )
    rate = oriented(tidy(sp.diff(alpha, t) / alpha, t), clock)
    squared = oriented(tidy(2 * sigma * sp.diff(sigma, t) - 2 * rate * sigma**2, t), clock)
    if clock.sign(squared) < 0:
        raise error(
            "CM236",
            "no diffusion has these marginals: the noise-to-signal ratio sigma/alpha does not grow",
            sources["sigma"],
            notes=(f"g^2 would be {written(squared)}",),
        )
    variance = sigma.subs(t, 0) ** 2
    constant = None if rate == 0 else stationary(rate, squared, t)
    constant = (
        constant
        if constant is not None and vanishes(constant * (1 - alpha**2) + variance * alpha**2 - sigma**2)
        else None
    )
    notes = ("alpha, sigma: as given; f = alpha'/alpha, g^2 = (sigma^2)' - 2 f sigma^2",)
    return Process(rate, sp.sqrt(squared), variance, alpha, sigma, constant, sources, notes)
