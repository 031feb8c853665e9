"""Coefficients are finite and real; those of the consistency function are differentiable."""

from __future__ import annotations

from itertools import pairwise

import sympy as sp
from attrs import evolve, frozen

from cmdsl.symbolic.claims import POINTS, SIGNS, Finding, Run, compiled, place, unreal, verdict
from cmdsl.symbolic.enclose import Ball, ball, plural, text, uncovered
from cmdsl.symbolic.model import Coefficient, Status, Verdict
from cmdsl.symbolic.notation import decimal, written
from cmdsl.symbolic.setting import Setting, facts
from cmdsl.symbolic.signs import Facts
from cmdsl.symbolic.zero import vanishes

DIFFERENTIABLE = "c_skip and c_out have finite derivatives on [epsilon, T], at epsilon from the right"
FINITE = "every coefficient is finite and real on [epsilon, T]"
# What a singular end of the process makes infinite without harm: nothing applies these at that end itself.
RATES = ("drift_rate", "diffusion", "snr", "logsnr", "velocity_x", "velocity_denoised")
OPEN = (*RATES, "transition_alpha", "transition_sigma", "time_at")
STEEPEST = 1e10  # a slope that is a jump
ROUGH = (sp.Abs, sp.Min, sp.Max, sp.sign, sp.floor, sp.ceiling, sp.Piecewise)


@frozen
class Question:
    """An expression whose finiteness is asked for, with what is known of its variables."""

    name: str
    expr: sp.Expr
    closed: Facts
    inner: Facts
    variables: tuple[sp.Symbol, ...]


def finite(setting: Setting) -> tuple[Verdict, ...]:
    """Prove that nothing in a coefficient divides by zero or leaves the reals."""
    questions = [question(setting, c) for c in setting.model.coefficients.values() if c.public]
    # Where D and f have the same coefficients, one answer does for both.
    distinct = {q.expr: q for q in sorted(questions, key=lambda q: not q.name.startswith("denoiser_"))}
    findings = {q.name: finiteness(setting, q) for q in distinct.values()}
    found = verdict(setting, "finite", FINITE, findings)
    rates = [c for c in setting.model.coefficients.values() if c.name in OPEN]
    ends = singular_ends(setting, [question(setting, c) for c in rates])
    if found.status is Status.PROVED:
        others = [f"{f.claim}: {f.how}" for f in findings.values() if f.how != SIGNS]
        evidence = f"nothing divides by zero or leaves the reals: {SIGNS}"
        return (Verdict("finite", ", ".join([FINITE, *ends]), found.status, "; ".join([evidence, *others])),)
    return (found,)


def question(setting: Setting, coefficient: Coefficient) -> Question:
    """Ask whether a coefficient is finite, over [epsilon, T] or over pairs of times in it."""
    t, expr = setting.model.t, setting.formula(coefficient.name)
    others = [p for p in coefficient.parameters if p != t]
    if not others:
        return Question(coefficient.name, expr, setting.facts, setting.inner_facts, (t,))
    if t in coefficient.parameters:
        pair = [facts(setting.model, low_open=o, high_open=o, earlier=others[0]) for o in (False, True)]
        return Question(coefficient.name, expr, pair[0], pair[1], (others[0], t))
    return of_ratio(setting, coefficient.name, expr, others[0])


def of_ratio(setting: Setting, name: str, expr: sp.Expr, s: sp.Symbol) -> Question:
    """Ask of a function of the noise-to-signal ratio whether it is finite at any ratio, or at those of the process."""
    t, ratio = setting.model.t, sp.Symbol("ratio", nonnegative=True)
    known = evolve(setting.facts, replacements={**setting.facts.replacements, s: ratio})
    if known.obstruction(known.replaced(expr)) is None:
        return Question(name, expr, known, known, (s,))
    own = setting.formula("sigma", t) / setting.formula("alpha", t)
    return Question(name, expr.xreplace({s: own}), setting.facts, setting.inner_facts, (t,))


def finiteness(setting: Setting, q: Question) -> Finding:
    """Find how far an expression is finite: by signs, by enclosure, or at points."""
    known = q.inner if q.name in OPEN else q.closed
    obstacle = known.obstruction(known.replaced(q.expr))
    if obstacle is None:
        return Finding(Status.PROVED, finite_claim(q), SIGNS)
    end = None if q.name in OPEN or len(q.variables) > 1 else infinite_end(setting, q.expr)
    if end is not None:
        value = singular_value(setting, q.expr, end)
        params = {s.name: decimal(v) for s, v in setting.values.items()}
        point = {**params, "t": end, "found": value, "wanted": "a finite number"}
        claim = f"{q.name}({end}) is {value}, must be finite"
        return Finding(Status.REFUTED, claim, f"{q.name}(t) = {shown(q.expr)}", point)
    return growing_noise(setting, q) or enclosed(setting, q) or at_points(setting, q)


def growing_noise(setting: Setting, q: Question) -> Finding | None:
    """Prove that noise added from r to t has a real deviation: over alpha(t)^2 its variance is 0 at r and grows."""
    if q.name != "transition_sigma" or not (isinstance(q.expr, sp.Pow) and q.expr.exp == sp.S.Half):
        return None
    (r, t), variance = q.variables, q.expr.base
    alpha, g = setting.formula("alpha", t), setting.expand(setting.model.diffusion)
    growth = sp.diff(variance / alpha**2, t) - g**2 / alpha**2
    if (
        q.inner.obstruction(q.inner.replaced(variance)) is not None
        or q.inner.obstruction(q.inner.replaced(g)) is not None
    ):
        return None
    if not vanishes(variance.subs(r, t)) or not vanishes(q.inner.replaced(growth)):
        return None
    how = "its square over alpha(t)^2 is 0 at t = r and grows at the rate g^2/alpha^2, by its normal form"
    return Finding(Status.PROVED, finite_claim(q), how)


def finite_claim(q: Question) -> str:
    """Write what is claimed."""
    return f"{q.name} is finite"


def shown(expr: sp.Expr) -> str:
    """Write a formula, if it is short."""
    return written(expr) if sp.count_ops(expr) < 40 else "a longer formula"


def infinite_end(setting: Setting, expr: sp.Expr) -> str | None:
    """Name an end of the interval where substitution leaves no finite real value."""
    ends = {"epsilon": setting.model.epsilon if setting.model.epsilon is not None else sp.S.Zero, "T": setting.model.T}
    return next((n for n, e in ends.items() if not has_value(expr.subs(setting.model.t, e).subs(setting.values))), None)


def singular_value(setting: Setting, expr: sp.Expr, end: str) -> str:
    """Write what substitution gives at a singular end."""
    at = setting.model.T if end == "T" else setting.model.epsilon if setting.model.epsilon is not None else sp.S.Zero
    value = expr.subs(setting.model.t, at).subs(setting.values)
    return "not a number (0/0)" if value.has(sp.nan) else "infinite" if value.has(sp.zoo, sp.oo, -sp.oo) else "not real"


def has_value(value: sp.Expr) -> bool:
    """Tell whether a constant is a finite real number."""
    return not value.has(sp.nan, sp.zoo, sp.oo, -sp.oo) and value.is_real is not False


def singular_ends(setting: Setting, questions: list[Question]) -> list[str]:
    """Say which coefficients are infinite at an end of the interval, as the process itself is."""
    ends: dict[str, list[str]] = {}
    for q in questions:
        if len(q.variables) == 1 and q.closed.obstruction(q.closed.replaced(q.expr)) is not None:
            end = infinite_end(setting, q.expr)
            if end is not None:
                ends.setdefault(end, []).append(q.name)
    return [f"but for {', '.join(names)}, infinite at {end}" for end, names in ends.items()]


def enclosed(setting: Setting, q: Question) -> Finding | None:
    """Enclose a function over [epsilon, T], in both times if it has two, or give None."""
    run = compiled(q.expr, q.variables, setting.values)
    if run is None:
        return None
    ends = (setting.low(setting.values), setting.high(setting.values))
    piece, pieces = uncovered(run, [ends] * len(q.variables), lambda v: v.is_finite(), run.turns)
    if piece is not None:
        return None
    return Finding(Status.PROVED_HERE, finite_claim(q), f"enclosed on [epsilon, T] in {plural(pieces)}")


def at_points(setting: Setting, q: Question) -> Finding:
    """Evaluate at many points inside; one without a finite value, or values that grow without bound, refute."""
    run = compiled(q.expr, q.variables, setting.values)
    if run is None:
        return Finding(Status.NOT_REACHED, finite_claim(q), "no evaluation in ball arithmetic")
    if run.turns < POINTS:
        return Finding(Status.NOT_REACHED, finite_claim(q), f"too long to be evaluated at {POINTS} points")
    points = setting.points(setting.values, POINTS, len(q.variables))[2:]
    values = [(p, run(*p)) for p in points]
    bad = next((p for p, v in values if v.is_nan() and unreal(setting, run, p)), None)
    pole = bad or near_pole(setting, q, values)
    if pole is not None:
        point = place(setting.values, q.variables, pole, run(*pole))
        return Finding(
            Status.REFUTED, f"{q.name} is not finite at {named(q, pole)}", f"{q.name} = {shown(q.expr)}", point
        )
    return Finding(Status.CHECKED, finite_claim(q), f"{len(points)} points at 50 digits")


def named(q: Question, point: tuple[Ball, ...]) -> str:
    """Write a point."""
    return ", ".join(f"{s} = {text(v)}" for s, v in zip(q.variables, point, strict=True))


def near_pole(setting: Setting, q: Question, values: list[tuple[tuple[Ball, ...], Ball]]) -> tuple[Ball, ...] | None:
    """Close in on where a function of one time is undecided: give the point if it grows without bound there."""
    if len(q.variables) > 1:
        return None
    run = compiled(q.expr, q.variables, setting.values)
    if run is None:
        return None
    low, high = values[0][0][0], setting.high(setting.values)
    box, _ = uncovered(run, [(min(p[0] for p, _ in values), high)], lambda v: v.is_finite(), run.turns)
    if box is None:
        return None
    piece = box[0]
    middle, size = piece.mid(), max(abs(v) for _, v in values)
    steps = [abs(run(middle + (high - low) * step)) for step in (1e-10, 1e-15, 1e-20)]
    grows = all(b > 100 * a for a, b in pairwise(steps)) and steps[-1] > size
    return (middle + (high - low) * 1e-20,) if grows else None


def differentiable(setting: Setting) -> tuple[Verdict, ...]:
    """Prove that c_skip and c_out have finite derivatives."""
    if not setting.has("c_skip", "c_out"):
        return ()
    findings = {name: derivative(setting, name) for name in ("c_skip", "c_out")}
    return (verdict(setting, "differentiable", DIFFERENTIABLE, findings),)


def derivative(setting: Setting, name: str) -> Finding:
    """Find how far a coefficient's derivative is finite."""
    t, formula = setting.model.t, setting.formula(name)
    if any(a.has(t) for a in formula.atoms(*ROUGH)):
        return joined(setting, name, formula)
    slope = sp.diff(formula, t)
    q = Question(f"{name}'", slope, setting.facts, setting.inner_facts, (t,))
    return finiteness(setting, q)


def joined(setting: Setting, name: str, formula: sp.Expr) -> Finding:
    """Look for jumps of a formula with conditions, and of its slope, between many neighbouring points."""
    t = setting.model.t
    run = compiled(formula, (t,), setting.values)
    if run is None:
        return Finding(Status.NOT_REACHED, f"{name} is smooth", "no evaluation in ball arithmetic")
    if run.turns < POINTS * len(conditions(formula)):
        return Finding(Status.NOT_REACHED, f"{name} is smooth", "too many conditions to be evaluated")
    points = sorted((p[0] for p in setting.points(setting.values, POINTS)), key=lambda p: float(p.mid()))
    jump = end_jump(setting, name, formula, run)
    if jump is not None:
        return jump
    switches = [s.mid() for s in switching(setting, formula, points)]
    width = (points[-1] - points[0]) * 1e-20
    for s in switches:
        left, right = (run(s + d) - run(s + 2 * d) for d in (-width, width))
        jump = abs(run(s + width) - run(s - width)) / width
        if jump > STEEPEST or abs(left + right) / width > 1e-6 * (1 + abs(left) / width):
            point = place(setting.values, (t,), (s,), run(s))
            return Finding(Status.REFUTED, f"the branches of {name} do not meet smoothly", f"at t = {text(s)}", point)
    how = f"the branches meet at {len(switches)} switching points, found between {len(points)} points"
    return Finding(Status.CHECKED, f"{name} is smooth", how)


def end_jump(setting: Setting, name: str, formula: sp.Expr, run: Run) -> Finding | None:
    """Find an end of the interval at which a formula has another value than just inside."""
    low, high = setting.low(setting.values), setting.high(setting.values)
    width = (high - low) * 1e-20
    for end, inside in zip(setting.ends, (low + width, high - width), strict=True):
        there = formula.subs(setting.model.t, end).subs(setting.values)
        if has_value(there) and abs(ball(there) - run(inside)) / width > STEEPEST:
            at = ball(end.subs(setting.values))
            point = place(setting.values, (setting.model.t,), (at,), ball(there))
            how = f"at {written(end)} it is {text(ball(there))}, and just inside {text(run(inside))}"
            return Finding(Status.REFUTED, f"{name} jumps at {written(end)}", how, point)
    return None


def switching(setting: Setting, formula: sp.Expr, points: list[Ball]) -> list[Ball]:
    """Find the times where a condition changes, by bisection between neighbouring points."""
    t, found = setting.model.t, []
    for expr in conditions(formula):
        run = compiled(expr, (t,), setting.values)
        signs = [run(p) for p in points] if run else []
        for a, b, v, w in zip(points, points[1:], signs, signs[1:], strict=False):
            if run and v * w <= 0:
                found.append(bisected(run, a, b))
    return found


def conditions(formula: sp.Expr) -> list[sp.Expr]:
    """Give the expressions at whose zeros a formula changes its form."""
    zeros = [r.lhs - r.rhs for r in formula.atoms(sp.core.relational.Relational)]
    zeros += [a.args[0] for a in formula.atoms(sp.Abs, sp.sign)]
    zeros += [sp.sin(sp.pi * a.args[0]) for a in formula.atoms(sp.floor, sp.ceiling)]
    zeros += [a.args[0] - b for a in formula.atoms(sp.Min, sp.Max) for b in a.args[1:]]
    return sorted(zeros, key=sp.default_sort_key)


def bisected(run: Run, a: Ball, b: Ball) -> Ball:
    """Close in on a sign change."""
    for _ in range(150):
        middle = ((a + b) / 2).mid()
        a, b = (a, middle) if run(a) * run(middle) <= 0 else (middle, b)
    return (a + b) / 2
