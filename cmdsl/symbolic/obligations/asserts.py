"""The author's own claims: `assert` in the spec, and in the bodies of the definitions that it uses."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import sympy as sp
from attrs import evolve, frozen

from cmdsl.diagnostics import Span, SpecError
from cmdsl.diagnostics.collect import Collector
from cmdsl.sema.blame import led_from
from cmdsl.sema.instantiate import instantiate
from cmdsl.sema.values import Env, Instance
from cmdsl.symbolic.algebra import scalar
from cmdsl.symbolic.claims import Finding, identity, positivity
from cmdsl.symbolic.model import Verdict
from cmdsl.symbolic.notation import written
from cmdsl.symbolic.scope import evaluator, model_scope
from cmdsl.symbolic.setting import Setting
from cmdsl.syntax import ast

LONGEST = 100  # operations that are worth bringing to one fraction


@frozen
class Claim:
    """An assert with its scope; `owner` is the definition that makes it, and then `span` is where that is used."""

    statement: ast.Assert
    env: Env
    owner: str
    span: Span


def asserts(setting: Setting) -> tuple[Verdict, ...]:
    """Prove every claim. Those of the spec speak of all params, those of definitions guard the use at hand."""
    env = model_scope(setting.model)
    found = [Claim(a, env, "", a.span) for a in setting.model.spec.asserts]
    wrong = Collector()
    used = [(use, wrong.attempt(partial(instance_of, use, env))) for use in uses(setting)]
    found += [c for use, instance in used if instance is not None for c in claims(instance, use.span)]
    distinct = {(id(c.statement), c.owner): c for c in found}
    verdicts = [wrong.attempt(partial(blamed, setting, c)) for c in distinct.values()]
    wrong.raise_all()
    return tuple(v for v in verdicts if v is not None)


def blamed(setting: Setting, claim: Claim) -> Verdict:
    """Prove one claim; of what is wrong in the library, say what led there."""
    try:
        return verdict(setting, claim)
    except SpecError as refused:
        raise SpecError(tuple(led_from(claim.span, d) for d in refused.diagnostics)) from None


def uses(setting: Setting) -> Iterator[ast.Use]:
    """Yield every use of a definition, those within objectives too."""
    spec = setting.model.spec
    for use in (spec.precondition, spec.grid, spec.curriculum, *spec.objectives, *spec.samplers):
        if use is not None:
            yield from (u for u in (use, *use.body) if isinstance(u, ast.Use) and u.reference is not None)


def instance_of(use: ast.Use, env: Env) -> Instance:
    """Give the definition that is used, with its arguments bound."""
    assert use.reference is not None
    return instantiate(use.kind, use.reference, env, tuple(s for s in use.body if not isinstance(s, ast.Use)))


def claims(instance: Instance, span: Span) -> Iterator[Claim]:
    """Yield the asserts of a definition, and of the definitions that are its arguments."""
    for statement in instance.definition.body:
        if isinstance(statement, ast.Assert):
            yield Claim(statement, instance.env, instance.name, span)
    for value in instance.env.bindings.values():
        if isinstance(value, Instance):
            yield from claims(value, span)


def verdict(setting: Setting, claim: Claim) -> Verdict:
    """Prove one claim."""
    t, statement = setting.model.t, claim.statement
    variable = statement.domain[0] if statement.domain else t.name
    env = claim.env.child({"t": t, variable: t})
    left, right = (scalar(evaluator().value(e, env), e.span) for e in (statement.left, statement.right))
    where = within(setting, statement, env)
    text = as_typed(setting, statement) or f"{written(left)} {statement.relation} {written(right)}"
    finding = found(where, text, where.expand(left - right), statement.relation, everywhere=not claim.owner)
    by = f" ({claim.owner} asserts it)" if claim.owner else ""
    return Verdict(
        "assert", text + by, finding.status, f"{finding.claim}: {finding.how}", claim.span, finding.counterexample
    )


def as_typed(setting: Setting, statement: ast.Assert) -> str:
    """Give a claim of the spec itself in its author's words, if they stand on one line."""
    module, span = setting.model.spec.module, statement.span
    if span.path != module.path or span.line != span.end_line:
        return ""
    return module.text.split("\n")[span.line - 1][span.column - 1 : span.end_column - 1].removeprefix("assert").strip()


def found(setting: Setting, text: str, difference: sp.Expr, relation: str, *, everywhere: bool) -> Finding:
    """Find how far a relation holds over the setting's times."""
    variables = (setting.model.t,) if difference.has(setting.model.t) else ()
    if relation == "=":
        return identity(setting, text, difference, variables, everywhere=everywhere)
    positive = difference if relation in (">", ">=") else -difference
    facts = setting.inner_facts if setting.low_open and setting.high_open else setting.facts
    offsets = facts.replaced(positive)
    sign = facts.sign(offsets) or (facts.sign(sp.together(offsets)) if sp.count_ops(offsets) < LONGEST else None)
    return positivity(setting, text, positive, strict=relation in ("<", ">"), everywhere=everywhere, sign=sign)


def within(setting: Setting, statement: ast.Assert, env: Env) -> Setting:
    """Give the setting whose times are those that the claim speaks of."""
    if statement.domain is None:
        return setting
    given = statement.domain[1]
    low, high = (setting.expand(scalar(evaluator().value(e, env), e.span)) for e in (given.low, given.high))
    model = evolve(setting.model, epsilon=low, T=high)
    return Setting(model, low_open=given.low_open, high_open=given.high_open)
