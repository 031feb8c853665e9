"""From a spec to its mathematics: params, time, process, coefficients, preconditioning, boundary."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import sympy as sp
from attrs import evolve

from cmdsl.diagnostics import Label, Span, SpecError, error
from cmdsl.diagnostics.collect import Collector
from cmdsl.sema.blame import blaming
from cmdsl.sema.instantiate import instantiate
from cmdsl.sema.scope import spec_scope
from cmdsl.sema.spec import PROCESS, TIME, Spec
from cmdsl.sema.values import Env, Refused
from cmdsl.symbolic import kernels
from cmdsl.symbolic.algebra import scalar
from cmdsl.symbolic.model import Coefficient, Domain, Model
from cmdsl.symbolic.params import Params, shown, surveyed
from cmdsl.symbolic.precondition import Family, boundary_method, coefficients, family
from cmdsl.symbolic.process import Clock, Process, process
from cmdsl.symbolic.scope import evaluator, ground, process_names, state
from cmdsl.syntax import ast


def derive(spec: Spec) -> Model:
    """Give the model of a spec; raises SpecError with all that can't be derived."""
    wrong = Collector()
    refused = {name: Refused(why) for (kind, name), why in spec.refused.items() if not kind}
    declared = surveyed(spec.params, spec.named, refused, spec.time.range.high)
    wrong.found += [d for r in declared.refused.values() for d in r.diagnostics]
    wrong.attempt(partial(refuse_names, spec))
    t = sp.Symbol(spec.time.name, nonnegative=True)
    scope = spec_scope(spec, process_names(known(declared), t, None))
    T = wrong.attempt(partial(last_time, spec, declared, scope))
    if T is None:
        wrong.raise_all()
    assert T is not None
    clock = Clock(t, state("x"), declared.values, T)
    ended = wrong.attempt(partial(boundary, spec, declared, scope, clock))
    declared, epsilon = ended or (declared, None)
    names = process_names(known(declared), t, T) | ({} if epsilon is None else {"epsilon": epsilon})
    names |= {} if ended else {"epsilon": Refused(tuple(wrong.found))}
    scope, clock = spec_scope(spec, names), evolve(clock, values=declared.values)
    found = wrong.attempt(partial(process_of, spec, scope, clock))
    if found is None:
        wrong.raise_all()
    assert found is not None
    model = wrong.attempt(partial(modelled, spec, declared, epsilon, found, clock, scope))
    wrong.raise_all()
    assert model is not None
    return model


def known(declared: Params) -> dict[str, object]:
    """Give what the names of params stand for."""
    return {**declared.symbols, **declared.refused}


def process_of(spec: Spec, scope: Env, clock: Clock) -> Process:
    """Derive the process."""
    if PROCESS in spec.refused:
        raise SpecError(spec.refused[PROCESS])
    return process(spec.process, evaluator(), scope, clock)


def modelled(spec: Spec, declared: Params, epsilon: sp.Expr | None, found: Process, clock: Clock, scope: Env) -> Model:
    """Give the model of a process, with its preconditioning."""
    given = deviation(spec, declared, scope)
    sigma_data = sp.S.One if given is None else given
    model = Model(
        spec=spec,
        t=clock.t,
        symbols=declared.symbols,
        values=declared.values,
        domains=declared.domains,
        epsilon=epsilon,
        T=clock.T,
        sigma_data=sigma_data,
        rate=found.rate,
        diffusion=found.diffusion,
        variance=found.variance,
        coefficients=kernels.coefficients(found, sigma_data, clock, spec.process.span),
        derived_family=False,
        boundary_method="none",
        notes=found.notes,
        data_given=given is not None,
    )
    return preconditioned(model, clock, known(declared))


def deviation(spec: Spec, declared: Params, scope: Env) -> sp.Expr | None:
    """Give the deviation of the data: what the spec calls `sigma_data`, or gives to its preconditioning as that."""
    use, name = spec.precondition, ast.Name("sigma_data", spec.span)
    if scope.lookup(name.id) is None and use is not None and use.reference is not None:
        scope = instantiate("precondition", use.reference, scope, use.body).env
    if scope.lookup(name.id) is None:
        return None
    value = scalar(evaluator().name(name, scope), spec.span)
    if not value.free_symbols <= declared.values.keys():
        raise error("CM222", "`sigma_data` is the deviation of the data, a number", spec.span)
    return value


def refuse_names(spec: Spec) -> None:
    """Refuse params that take the name of the time."""
    for p in spec.params:
        if p.name in ("t", spec.time.name):
            raise error(
                "CM235", f"`{p.name}` is the time, and can't be a param too", p.at, help="give the param another name"
            )


def last_time(spec: Spec, declared: Params, scope: Env) -> sp.Expr:
    """Give T; time starts at 0, where there is data."""
    if TIME in spec.refused:
        raise SpecError(spec.refused[TIME])
    ends = spec.time.range
    low, high = (scalar(evaluator().value(e, scope), e.span) for e in (ends.low, ends.high))
    if low != 0:
        raise error(
            "CM232",
            "time starts at 0, where x is data",
            ends.low.span,
            help="write `time t in [0, T]`, and `boundary` for where the model stops",
        )
    value = high.subs(declared.values)
    if value.is_finite is not True or value.is_positive is not True:
        raise error("CM232", "time ends at a finite time after 0", ends.high.span, help="write `time t in [0, T]`")
    clash("T", high, declared, spec)
    return high


def boundary(spec: Spec, declared: Params, scope: Env, clock: Clock) -> tuple[Params, sp.Expr | None]:
    """Give epsilon: a param, exactly 0, or a symbol of its own for any other value."""
    if spec.boundary is None:
        return declared, None
    span = spec.boundary.value.span
    given = scalar(evaluator().value(spec.boundary.value, scope), span)
    value = given.subs(declared.values)
    if value.free_symbols:
        raise error("CM232", "the boundary is one time, a number", span, help="write it in params and numbers")
    if not (value.is_real and value >= 0 and value < clock.T.subs(declared.values)):
        last = clock.T.subs(declared.values)
        raise error(
            "CM232",
            f"the boundary {shown(value)} is not in [0, {shown(last)})",
            span,
            secondary=(Label(spec.time.range.span, "the time"),),
            help="write a boundary that is 0 or later, and earlier than the last time",
        )
    clash("epsilon", given, declared, spec)
    if value == 0:
        return declared, sp.S.Zero
    if isinstance(given, sp.Symbol):
        return declared, given
    epsilon = sp.Symbol("epsilon", positive=True)
    within = Domain(sp.S.Zero, clock.T, True, True)
    exact = value if isinstance(value, sp.Rational) else sp.Rational(str(value.evalf(60)))
    return evolve(
        declared, values={**declared.values, epsilon: exact}, domains={**declared.domains, epsilon: within}
    ), epsilon


def clash(name: str, given: sp.Expr, declared: Params, spec: Spec) -> None:
    """Refuse a param that has the name of something else that is given: its uses would be ambiguous."""
    param = declared.symbols.get(name)
    if param is not None and param != given:
        span: Span = next(p.at for p in spec.params if p.name == name)
        where = "the end of time" if name == "T" else "the boundary"
        raise error(
            "CM235",
            f"`{name}` is {where}, and this param of that name is another",
            span,
            help=f"use `{name}` there, or rename the param",
        )


def preconditioned(model: Model, clock: Clock, params: Mapping[str, object]) -> Model:
    """Add the coefficients of the preconditioning."""
    use = model.spec.precondition
    if use is None:
        return model
    scope = spec_scope(model.spec, {**ground(model), **params})
    found = blaming(lambda u: family(u, evaluator(), scope, clock), use)
    method = boundary_method(found, model.spec.boundary, model.coefficients)
    added = coefficients(found, model.epsilon, method, model.coefficients, model.t)
    return evolve(
        model,
        coefficients={**model.coefficients, **added},
        derived_family=found.principled,
        boundary_method=method,
        notes=(*model.notes, *told(found, method, model.spec.boundary, added)),
    )


def told(
    found: Family, method: str, declared: ast.Boundary | None, added: Mapping[str, Coefficient]
) -> tuple[str, ...]:
    """Say how the boundary is met."""
    if declared is None:
        return ()
    if method == "none":
        return ("boundary: the coefficients are taken as they are",)
    if "restart_alpha" not in added:
        return ("boundary: at epsilon there is data without noise, and nothing is to be shifted",)
    return ("boundary: by shift; noise is measured from epsilon, where the process is restarted",)
