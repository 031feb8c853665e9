"""`c_skip(epsilon) = 1` and `c_out(epsilon) = 0`."""

from __future__ import annotations

import sympy as sp

from cmdsl.symbolic.claims import Finding, compiled, identity, place, verdict
from cmdsl.symbolic.enclose import ball, text
from cmdsl.symbolic.model import Status, Verdict
from cmdsl.symbolic.notation import written
from cmdsl.symbolic.setting import Setting

STATEMENT = "c_skip(epsilon) = 1 and c_out(epsilon) = 0"
WANTED = {"c_skip": sp.S.One, "c_out": sp.S.Zero}


def boundary(setting: Setting) -> tuple[Verdict, ...]:
    """Prove that the consistency function is the identity at the boundary time."""
    if setting.model.epsilon is None or not setting.has(*WANTED):
        return ()
    findings = {name: at_epsilon(setting, name, wanted) for name, wanted in WANTED.items()}
    failed = {n: f for n, f in findings.items() if f.status is Status.REFUTED}
    if failed:
        return tuple(verdict(setting, "boundary", STATEMENT, {n: f}) for n, f in failed.items())
    return (verdict(setting, "boundary", STATEMENT, findings),)


def at_epsilon(setting: Setting, name: str, wanted: sp.Expr) -> Finding:
    """Substitute the boundary time."""
    model = setting.model
    formula = setting.formula(name)
    value = formula.subs(model.t, model.epsilon)
    if value.has(sp.nan, sp.zoo, sp.oo):
        return undefined(setting, name, formula, wanted)
    found = identity(setting, f"{name}(epsilon) = {wanted}", value - wanted)
    if found.status is not Status.REFUTED:
        return found
    exact = ball(value.subs(setting.values))
    point = {**found.counterexample, "t": "epsilon", "found": text(exact, 16), "wanted": str(wanted)}
    claim = f"{name}(epsilon) = {text(exact)}, must be {wanted}"
    return Finding(Status.REFUTED, claim, fault(setting, formula - wanted), point)


def undefined(setting: Setting, name: str, formula: sp.Expr, wanted: sp.Expr) -> Finding:
    """Tell what a formula without a value at epsilon does just after it."""
    run = compiled(formula, (setting.model.t,), setting.values)
    low, high = setting.low(setting.values), setting.high(setting.values)
    near = low + (high - low) * ball(sp.Rational(1, 10**20))
    value = run(near) if run else ball(sp.S.Zero) / 0
    point = {**place(setting.values, (), (), value), "t": "epsilon", "found": "none", "wanted": str(wanted)}
    how = f"the formula divides by zero there, and just after it is {text(value)}"
    return Finding(Status.REFUTED, f"{name}(epsilon) has no value, must be {wanted}", how, point)


def fault(setting: Setting, defect: sp.Expr) -> str:
    """Name the factors in t that would have to vanish at epsilon for the defect to do so."""
    model = setting.model
    if sp.count_ops(defect) > 60:
        return "the formula as a whole is at fault"
    numerator, _ = sp.fraction(sp.cancel(sp.together(defect)))
    factors = [f for f in sp.Mul.make_args(sp.factor_terms(numerator)) if f.has(model.t)]
    terms = [f"`{written(f)}` would have to vanish at epsilon, and is {at(setting, f)}" for f in factors]
    return " or ".join(terms) or "it does not depend on t"


def at(setting: Setting, expr: sp.Expr) -> str:
    """Write an expression's value at epsilon."""
    return text(ball(expr.subs(setting.model.t, setting.model.epsilon).subs(setting.values)))
