"""The author's own claims: `assert` in the spec, and in the bodies of the definitions that it uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import sympy as sp
from attrs import evolve, frozen

from cmdsl.diagnostics import Span, SpecError, error
from cmdsl.sema.blame import led_from
from cmdsl.sema.instantiate import instantiate
from cmdsl.sema.values import Env, Instance
from cmdsl.symbolic.algebra import Written, scalar
from cmdsl.symbolic.claims import Finding, compiled, identity, place, positivity, refuted, unreal, without_value
from cmdsl.symbolic.enclose import Ball, ball
from cmdsl.symbolic.model import Status, Verdict
from cmdsl.symbolic.obligations.definedness import valued
from cmdsl.symbolic.scope import evaluator, model_scope
from cmdsl.symbolic.setting import Setting
from cmdsl.syntax import ast
from cmdsl.syntax.format import expression as typed

RELATIONS = {"=": sp.Eq, "<": sp.Lt, "<=": sp.Le, ">": sp.Gt, ">=": sp.Ge}
FAILS: dict[str, Callable[[Ball], bool]] = {
    "=": lambda v: not v.contains(0),
    "<": lambda v: v >= 0,
    "<=": lambda v: v > 0,
    ">": lambda v: v <= 0,
    ">=": lambda v: v < 0,
}
STEP = 1000  # the most that a function may jump by and its value be taken exactly
WANTED = {"=": "0", "<": "< 0", "<=": "<= 0", ">": "> 0", ">=": ">= 0"}
SOME = 100  # times
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
    wrong = setting.wrong
    used = [(use, wrong.attempt(partial(instance_of, use, env))) for use in uses(setting)]
    found += [
        c
        for use, instance in used
        if instance is not None
        for c in claims(instance, use.reference.span if use.reference else use.span)
    ]
    distinct = {(id(c.statement), c.owner): c for c in found}
    verdicts = [wrong.attempt(partial(blamed, setting, c)) for c in distinct.values()]
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


def referred(use: ast.Use) -> Span:
    """Give the place of the definition that is used."""
    return use.reference.span if use.reference is not None else use.span


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
    statement = claim.statement
    left, right, made_of = sides(setting, claim)
    where = within(setting, statement, claim.env)
    text = as_typed(setting, statement) or " ".join((typed(statement.left), statement.relation, typed(statement.right)))
    finding = found(where, text, where.expand(left - right), statement.relation, everywhere=not claim.owner)
    if finding.status is not Status.REFUTED:
        finding = max([finding, *valued(where, text, made_of)], key=lambda f: f.rank)
    by = f" ({claim.owner} asserts it)" if claim.owner else ""
    return Verdict(
        "assert", text + by, finding.status, f"{finding.claim}: {finding.how}", claim.span, finding.counterexample
    )


def sides(setting: Setting, claim: Claim) -> tuple[sp.Expr, sp.Expr, Written]:
    """Give both sides in the model's time, which a claim on a range calls by a name of its own, and what they hold."""
    t, statement = setting.model.t, claim.statement
    own = sp.Dummy(t.name, nonnegative=True) if statement.domain else t
    env = claim.env.child({variable(setting, claim): own} if statement.domain else {"t": t, t.name: t})
    made_of = Written()
    left, right = (scalar(evaluator(made_of).value(e, env), e.span) for e in (statement.left, statement.right))
    if own != t and t in left.free_symbols | right.free_symbols:
        name = variable(setting, claim)
        help = f"write it in `{name}` alone, or `for {t.name} in …`"
        raise error("CM222", f"`{t.name}` is free in a claim for all `{name}`", statement.span, help=help)
    made_of.parts = [part.xreplace({own: t}) for part in made_of.parts]
    return left.xreplace({own: t}), right.xreplace({own: t}), made_of


def variable(setting: Setting, claim: Claim) -> str:
    """Give the name of the time that a claim is for, which nothing else may have."""
    assert claim.statement.domain is not None
    name = claim.statement.domain[0]
    if name not in ("t", setting.model.t.name) and claim.env.lookup(name) is not None:
        message = f"the time `{name}` of the claim hides what has that name"
        raise error("CM112", message, claim.statement.span, help="give the time another name")
    return name


def as_typed(setting: Setting, statement: ast.Assert) -> str:
    """Give a claim of the spec itself in its author's words, if they stand on one line."""
    module, span = setting.model.spec.module, statement.span
    if span.path != module.path or span.line != span.end_line:
        return ""
    return module.text.split("\n")[span.line - 1][span.column - 1 : span.end_column - 1].removeprefix("assert").strip()


def found(setting: Setting, text: str, difference: sp.Expr, relation: str, *, everywhere: bool) -> Finding:
    """Find how far a relation holds over the setting's times."""
    variables = (setting.model.t,) if difference.has(setting.model.t) else ()
    wrong = undefined(setting, text, difference, variables) or at_ends(setting, text, difference, relation)
    if wrong is not None:
        return wrong
    if relation == "=":
        return identity(setting, text, difference, variables, everywhere=everywhere)
    positive = difference if relation in (">", ">=") else -difference
    facts = setting.own_facts
    offsets = facts.replaced(positive)
    sign = facts.sign(offsets) or (facts.sign(sp.together(offsets)) if sp.count_ops(offsets) < LONGEST else None)
    return positivity(setting, text, positive, strict=relation in ("<", ">"), everywhere=everywhere, sign=sign)


def undefined(setting: Setting, text: str, difference: sp.Expr, variables: tuple[sp.Symbol, ...]) -> Finding | None:
    """Find a time around which a side of a relation has no real value."""
    run = compiled(difference, variables, setting.values) if variables else None
    for point in setting.points(setting.values, SOME) if run else ():
        value = run(*point) if run else None
        if run and value is not None and value.is_nan() and unreal(setting, run, point):
            return without_value(setting, text, variables, point, value)
    return None


def at_ends(setting: Setting, text: str, difference: sp.Expr, relation: str) -> Finding | None:
    """Find an end of the interval, where the time is exact, at which a relation does not hold."""
    t = setting.model.t
    run = compiled(difference, (t,), setting.values) if difference.has(t) else None
    for end in setting.ends if run else ():
        at = ball(end.xreplace(dict(setting.values)))
        value = run(at) if run else at
        if value.is_finite() and (FAILS[relation](value) or fails_exactly(setting, difference, end, value, relation)):
            return refuted(text, place(setting.values, (t,), (at,), value), WANTED[relation])
    return None


def fails_exactly(setting: Setting, difference: sp.Expr, end: sp.Expr, value: Ball, relation: str) -> bool:
    """Tell whether a relation fails at an end where balls leave it open: at equal sides, or at a step."""
    if not value.contains(0) or abs(value) > STEP:
        return False
    exact = difference.subs(setting.model.t, end).subs(setting.values)
    return bool(exact.is_real and RELATIONS[relation](exact, 0) == sp.false)


def within(setting: Setting, statement: ast.Assert, env: Env) -> Setting:
    """Give the setting whose times are those that the claim speaks of."""
    if statement.domain is None:
        return setting
    given = statement.domain[1]
    low, high = (setting.expand(scalar(evaluator().value(e, env), e.span)) for e in (given.low, given.high))
    start, stop = (e.subs(setting.values) for e in (low, high))
    if not (start.is_nonnegative and stop.is_finite and bool(start < stop)):
        message, help = "a claim is for times from 0 or later to a later one", "write numbers or params: [0, T]"
        raise error("CM232", message, given.span, help=help)
    model = evolve(setting.model, epsilon=low, T=high)
    return Setting(model, low_open=given.low_open, high_open=given.high_open)
