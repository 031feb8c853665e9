"""The times that a sampler is given decrease inside (epsilon, T]."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import sympy as sp

from cmdsl.sema.values import Instance
from cmdsl.symbolic.algebra import scalar
from cmdsl.symbolic.model import Status, Verdict
from cmdsl.symbolic.obligations.asserts import instance_of
from cmdsl.symbolic.params import shown
from cmdsl.symbolic.scope import evaluator, model_scope
from cmdsl.symbolic.setting import Setting
from cmdsl.syntax import ast
from cmdsl.syntax.walk import every

TIMES = frozenset(["t", "r", "s"])  # what the prelude calls them


def sampler_times(setting: Setting) -> tuple[Verdict, ...]:
    """Prove it of every list that a sampler goes through and takes times from, at the given params."""
    if setting.model.epsilon is None:
        return ()
    env = model_scope(setting.model)
    used = [(use, instance_of(use, env)) for use in setting.model.spec.samplers if use.reference is not None]
    return tuple(verdict(setting, use, n, times) for use, s in used for n, times in lists(setting, s))


def lists(setting: Setting, sampler: Instance) -> Iterator[tuple[str, list[sp.Expr]]]:
    """Yield the lists of numbers that loops over times go through, by the names of the parameters."""
    for loop in every(ast.For, sampler.definition.body):
        if not isinstance(loop.source, ast.Name) or loop.source.id not in names_of(sampler):
            continue
        given = evaluator().name(loop.source, sampler.env)
        if isinstance(given, tuple) and is_time(setting, loop):
            times = [scalar(v, loop.span).subs(setting.values) for v in given]
            if not any(time.free_symbols for time in times):  # of others the bodies speak
                yield loop.source.id, times


def names_of(sampler: Instance) -> set[str]:
    """Give the names of a definition's parameters."""
    return {p.name for p in sampler.definition.parameters}


def is_time(setting: Setting, loop: ast.For) -> bool:
    """Tell whether a loop's variable is given to a function of the prelude, or a coefficient, as a time."""
    return any(call_takes(setting, call, loop.variable) for call in every(ast.Call, loop.body))


def call_takes(setting: Setting, call: ast.Call, variable: str) -> bool:
    """Tell whether a call takes a variable, as it stands, for a time."""
    name = call.function.id if isinstance(call.function, ast.Name) else ""
    if name in setting.model.coefficients:
        named = setting.model.coefficients[name].parameters  # that of `time_at` is a noise level, also called s
        parameters = tuple(p.name for p in named if setting.model.t in named)
    else:
        parameters = next((s.parameters for s in prelude(setting) if s.name == name), ())
    given = zip(parameters, call.arguments, strict=False)
    return any(p in TIMES and isinstance(a.value, ast.Name) and a.value.id == variable for p, a in given)


def prelude(setting: Setting) -> Iterator[ast.FunctionDefinition]:
    """Yield the functions that every body sees."""
    modules = setting.model.spec.library
    yield from (s for m in modules for s in m.statements if isinstance(s, ast.FunctionDefinition))


def verdict(setting: Setting, use: ast.Use, name: str, times: list[sp.Expr]) -> Verdict:
    """Compare the times with each other and with the ends."""
    epsilon, T = (e.subs(setting.values) for e in setting.ends)
    statement = f"the {name} of {use.called} decrease inside (epsilon, T]"
    outside = next((t for t in times if not (t > epsilon and t <= T)), None)
    rising = next(((a, b) for a, b in pairwise(times) if not b < a), None)
    if outside is None and rising is None:
        return Verdict("grid", statement, Status.PROVED_HERE, ", ".join(shown(t) for t in times), use.span)
    params = {s.name: shown(v) for s, v in setting.values.items()}
    if outside is not None:
        found, wrong = shown(outside), f"{shown(outside)} is not in ({shown(epsilon)}, {shown(T)}]"
    else:
        assert rising is not None
        found, wrong = shown(rising[1]), f"{shown(rising[1])} comes after {shown(rising[0])}"
    evidence = f"the {name} of {use.called} do not decrease inside (epsilon, T]: {wrong}"
    return Verdict("grid", statement, Status.REFUTED, evidence, use.span, {**params, "found": found, "wanted": "less"})
