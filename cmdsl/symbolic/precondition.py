"""The coefficients of the denoiser and of the consistency function: a family, made to meet the boundary."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import sympy as sp
from attrs import frozen

from cmdsl.diagnostics import Span, error
from cmdsl.diagnostics.collect import Collector
from cmdsl.diagnostics.suggest import did_you_mean
from cmdsl.sema.evaluate import Evaluator
from cmdsl.sema.instantiate import instantiate
from cmdsl.sema.values import Defined, Env
from cmdsl.symbolic.algebra import scalar
from cmdsl.symbolic.model import Coefficient
from cmdsl.symbolic.opaque import Coefficients, applied_to, call, opaque
from cmdsl.symbolic.params import names_in
from cmdsl.symbolic.principle import derived
from cmdsl.symbolic.process import Clock, of_time_alone
from cmdsl.symbolic.zero import vanishes
from cmdsl.syntax import ast

NAMES = ("c_skip", "c_out", "c_in", "c_noise")
RATIOS = ("snr", "logsnr", "time_at")


@frozen
class Family:
    """A preconditioning without a boundary; `principled` where c_skip and c_out follow from a principle."""

    formulas: Mapping[str, sp.Expr]
    sources: Mapping[str, Span]
    principled: bool


def family(use: ast.Use, evaluator: Evaluator, scope: Env, clock: Clock) -> Family:
    """Evaluate a preconditioning: its equations first, then what its principles determine."""
    env, body = opened(use, scope)
    equations = {s.name: s for s in body if isinstance(s, ast.Equation) and s.name in NAMES}
    wrong = Collector()
    formed = {n: wrong.attempt(partial(given_as, e, evaluator, env, clock)) for n, e in equations.items()}
    formulas = {n: e for n, e in formed.items() if e is not None}
    sources = {n: e.span for n, e in equations.items()}
    principled = False
    for principle in (s for s in body if isinstance(s, ast.Derive)):
        found = wrong.attempt(partial(determined, principle, formulas, env, evaluator, use, clock)) or {}
        principled = principled or "c_skip" in found or "c_out" in found
        formulas |= found
        sources |= dict.fromkeys(found, principle.span)
    wrong.raise_all()
    complete(formulas, use)
    return Family({n: formulas[n] for n in NAMES}, sources, principled)


def given_as(equation: ast.Equation, evaluator: Evaluator, env: Env, clock: Clock) -> sp.Expr:
    """Give the formula of a coefficient, seen where it was written."""
    formula = scalar(evaluator.name(ast.Name(equation.name, equation.at), env), equation.value.span)
    return of_time_alone(equation, formula, clock)


def determined(
    principle: ast.Derive, known: Mapping[str, sp.Expr], env: Env, evaluator: Evaluator, use: ast.Use, clock: Clock
) -> dict[str, sp.Expr]:
    """Give the coefficients that a principle determines."""
    refuse_unknown(principle)
    return derived(principle, known, env, evaluator, deviation(env, evaluator, use), clock.t)


def deviation(env: Env, evaluator: Evaluator, use: ast.Use) -> sp.Expr:
    """Give the deviation of the data, that principles speak of."""
    if env.lookup("sigma_data") is None:
        raise error(
            "CM114",
            "the spec lacks the deviation of its data, `sigma_data`, that the preconditioning is derived from",
            use.span,
            help="write `param sigma_data = 0.5 in (0, inf)`",
        )
    return scalar(evaluator.name(ast.Name("sigma_data", use.span), env), use.span)


def opened(use: ast.Use, scope: Env) -> tuple[Env, tuple[ast.Statement, ...]]:
    """Give the scope and the statements of a preconditioning, with those that the spec overrides replaced."""
    if use.reference is None:
        inner = ast.Definition("precondition", "here", (), use.body, None, use.span, use.span)
        scope = scope.child()
        scope.definitions["precondition", "here"] = Defined(inner, scope)
        instance = instantiate("precondition", ast.Name("here", use.span), scope)
        return instance.env, use.body
    instance = instantiate("precondition", use.reference, scope, use.body)
    refuse_idle(use, instance.definition)
    own = {s.name for s in use.body if isinstance(s, ast.Equation)}
    own |= {n for s in use.body if isinstance(s, ast.Derive) for n in s.names}
    kept = tuple(s for s in instance.definition.body if getattr(s, "name", None) not in own)
    return instance.env, (*use.body, *kept)


def refuse_idle(use: ast.Use, definition: ast.Definition) -> None:
    """Refuse what a spec writes in the braces and that replaces nothing, and that nothing there speaks of."""
    known = {*NAMES, *(s.name for s in definition.body if isinstance(s, ast.Equation | ast.FunctionDefinition))}
    written = [s for s in use.body if isinstance(s, ast.Equation | ast.FunctionDefinition)]
    for statement in written:
        spoken_of = names_in(
            tuple(s.value if isinstance(s, ast.Equation) else s.body for s in written if s != statement)
        )
        if statement.name not in known | spoken_of:
            raise error(
                "CM107",
                f"`{definition.name}` has no `{statement.name}` to replace",
                statement.at,
                help=did_you_mean(statement.name, known, f"it has {', '.join(f'`{n}`' for n in sorted(known))}"),
            )


def refuse_unknown(principle: ast.Derive) -> None:
    """Refuse to derive what is no coefficient."""
    for name in principle.names:
        if name not in NAMES:
            raise error(
                "CM229",
                f"`{name}` is no coefficient that can be derived",
                principle.span,
                help=f"they are {', '.join(NAMES)}",
            )


def complete(given: Mapping[str, sp.Expr], use: ast.Use) -> None:
    """Refuse a preconditioning that lacks a coefficient."""
    lacking = [n for n in NAMES if n not in given]
    if lacking:
        raise error(
            "CM230",
            f"the preconditioning lacks {', '.join(f'`{n}`' for n in lacking)}",
            use.reference.span if use.reference is not None else use.span,
            help=f"write {' and '.join(f'`{n} = …`' for n in lacking)} in it",
        )


def coefficients(
    found: Family, epsilon: sp.Expr | None, method: str, process: Coefficients, t: sp.Symbol
) -> dict[str, Coefficient]:
    """Give the denoiser's coefficients and those of f, which meet the boundary."""
    own = {f"denoiser_{n}": (e, found.sources[n]) for n, e in found.formulas.items()}
    at_boundary = dict(found.formulas)
    extra: dict[str, Coefficient] = {}
    if method == "shift" and epsilon is not None and not already_met(process, epsilon, t):
        extra = restarted(epsilon, t)
        at_boundary = shifted(found.formulas, process, t)
    public = own | {n: (e, found.sources[n]) for n, e in at_boundary.items()}
    return extra | {n: Coefficient(n, (t,), e, at) for n, (e, at) in public.items()}


def already_met(process: Coefficients, epsilon: sp.Expr, t: sp.Symbol) -> bool:
    """Tell whether nothing is to be shifted: at the boundary there is data and no noise."""
    alpha, sigma = (process[n].formula.subs(t, epsilon) for n in ("alpha", "sigma"))
    return bool(alpha == 1 and sigma == 0) or (vanishes(alpha - 1) and vanishes(sigma))


def restarted(epsilon: sp.Expr, t: sp.Symbol) -> dict[str, Coefficient]:
    """Give the process restarted at the boundary: noise is measured from there. Source: Song et al. 2023."""
    a = call("alpha", t) / call("alpha", epsilon)
    s = call("sigma", t) - call("restart_alpha", t) * call("sigma", epsilon)
    return {
        name: Coefficient(name, (t,), formula, public=False)
        for name, formula in (("restart_alpha", a), ("restart_sigma", s))
    }


def shifted(formulas: Mapping[str, sp.Expr], process: Coefficients, t: sp.Symbol) -> dict[str, sp.Expr]:
    """Take c_skip at the restarted process, and scale c_out by how much less noise that has."""
    skip = written_out(formulas["c_skip"], process)
    moved = {
        a: call(f"restart_{a.func.__name__}", *a.args)
        for a in opaque(process, skip)
        if a.func.__name__ in ("alpha", "sigma")
    }
    out = written_out(formulas["c_out"], process) * call("restart_sigma", t) / call("sigma", t)
    return {**formulas, "c_skip": skip.xreplace(moved), "c_out": out}


def written_out(formula: sp.Expr, process: Coefficients) -> sp.Expr:
    """Write ratios of alpha and sigma by them."""
    ratios = {
        a: applied_to(process[a.func.__name__], a.args) for a in opaque(process, formula) if a.func.__name__ in RATIOS
    }
    return formula.xreplace(ratios)


def boundary_method(found: Family, declared: ast.Boundary | None, process: Coefficients) -> str:
    """Give how the boundary is met: as the spec says, else by shift where the family is derived or in alpha, sigma."""
    if declared is None:
        return "none"
    written_in = any(opaque(process, found.formulas[n]) for n in ("c_skip", "c_out"))
    if declared.method == "shift" and not (found.principled or written_in):
        raise error(
            "CM231",
            "`by shift` needs c_skip and c_out in alpha(t) and sigma(t), and these are typed in the time itself",
            declared.span,
            help="write them in alpha(t) and sigma(t), or leave `by shift` out and make them meet the boundary",
        )
    return declared.method or ("shift" if found.principled or written_in else "none")
