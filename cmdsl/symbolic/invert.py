"""Solve q(t) = s for t by undoing one operation after the other; what is found is verified at points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sympy as sp

from cmdsl.symbolic.process import Clock
from cmdsl.symbolic.tidy import Atoms, common_unit, exponent, tidy

POINTS = (sp.Rational(1, 7), sp.Rational(1, 2), sp.Rational(9, 10))
DIGITS = 40
DEEPEST = 20


def inverse(q: sp.Expr, clock: Clock, s: sp.Symbol) -> sp.Expr | None:
    """Give the increasing function's inverse at s, or None where these rules find none."""
    t = clock.t
    for start, value in ((tidy(q, t), s), (tidy(q**2, t), s**2)):
        found = peeled(start, value, t)
        if found is not None and verified(q, found, clock, s):
            return found
    return None


def verified(q: sp.Expr, found: sp.Expr, clock: Clock, s: sp.Symbol) -> bool:
    """Tell whether the inverse gives back times inside the interval."""
    last = clock.T.subs(clock.values).evalf(2 * DIGITS)
    for share in POINTS:
        time = share * last
        there = q.subs(clock.values).subs(clock.t, time)
        back = found.subs(clock.values).subs(s, there).evalf(DIGITS)
        if not back.is_real or abs(back - time) > time * sp.Float(10) ** (10 - DIGITS):
            return False
    return True


def peeled(e: sp.Expr, value: sp.Expr, t: sp.Symbol) -> sp.Expr | None:
    """Undo the outermost operation of e = value until t is left."""
    for _ in range(DEEPEST):
        if e == t:
            return value
        rules = (function, linear, exponentials, circular, rational)
        step = next((found for rule in rules if (found := rule(e, value, t)) is not None), None)
        if step is None:
            return None
        e, value = step
    return None


Equation = tuple[sp.Expr, sp.Expr]

INVERSES = {
    sp.log: sp.exp,
    sp.tan: sp.atan,
    sp.sin: sp.asin,
    sp.cos: sp.acos,
    sp.atan: sp.tan,
    sp.sinh: lambda y: sp.log(y + sp.sqrt(1 + y**2)),
}


def function(e: sp.Expr, value: sp.Expr, t: sp.Symbol) -> Equation | None:
    """Undo a function or a power."""
    u = exponent(e, t)
    if u is not None:
        return u, sp.log(value)
    if isinstance(e, sp.Pow) and e.exp.is_Rational and e.base.has(t):
        return e.base, value ** (1 / e.exp)
    return (e.args[0], INVERSES[e.func](value)) if e.func in INVERSES else None


def linear(e: sp.Expr, value: sp.Expr, t: sp.Symbol) -> Equation | None:
    """Undo a constant factor or term."""
    if isinstance(e, sp.Mul):
        constant, rest = e.as_independent(t, as_Add=False)
        return None if constant == 1 else (rest, value / constant)
    constant, rest = e.as_independent(t, as_Add=True) if isinstance(e, sp.Add) else (sp.S.Zero, e)
    return None if constant == 0 else (rest, sp.factor_terms(value - constant))


def exponentials(e: sp.Expr, value: sp.Expr, t: sp.Symbol) -> Equation | None:
    """Solve for the exponential in which the expression is rational, and take its logarithm."""
    unit = common_unit(e, t)
    if unit is None:
        return None
    atoms = Atoms(t, unit)
    inner = atoms.replace(e)
    if len(atoms.symbols) != 1 or inner.has(t):
        return None
    (w,) = atoms.symbols.values()
    found = solved(inner, value, w)
    if found is None:
        return None
    above, below = sp.fraction(found)
    return (-unit, sp.log(below / above)) if above.is_number else (unit, sp.log(found))


def circular(e: sp.Expr, value: sp.Expr, t: sp.Symbol) -> Equation | None:
    """Solve for the tangent of the one angle in whose even powers the expression is rational."""
    angles = {a.args[0] for a in e.atoms(sp.sin, sp.cos, sp.tan)}
    moving = [a for a in angles if a.has(t)]
    if len(moving) != 1:
        return None
    w = {a: sp.Dummy("w", positive=True) for a in angles}
    inner = sp.cancel(e.xreplace(dict(tangents(w))))
    found = None if inner.has(t) else solved(inner, value, w[moving[0]])
    return None if found is None else (moving[0], sp.atan(found.subs({w[a]: sp.tan(a) for a in angles})))


def tangents(w: Mapping[sp.Expr, sp.Symbol]) -> Iterator[Equation]:
    """Yield the circular functions of angles in the first quadrant by their tangents."""
    for angle, tan in w.items():
        yield sp.cos(angle), 1 / sp.sqrt(1 + tan**2)
        yield sp.sin(angle), tan / sp.sqrt(1 + tan**2)
        yield sp.tan(angle), tan


def rational(e: sp.Expr, value: sp.Expr, t: sp.Symbol) -> Equation | None:
    """Solve a fraction of polynomials of low degree."""
    found = solved(e, value, t) if e.is_rational_function(t) else None
    return None if found is None else (t, found)


def solved(e: sp.Expr, value: sp.Expr, unknown: sp.Symbol) -> sp.Expr | None:
    """Give the positive solution of e = value, of degree one or two, in the form that keeps its digits."""
    mark = sp.Dummy("y", positive=True)
    numerator, _ = sp.fraction(sp.together(e - mark))
    if not numerator.is_polynomial(unknown):
        return None
    match sp.Poly(numerator, unknown).all_coeffs():
        case [a, b]:
            found = sp.cancel(-b / a)
        case [a, b, c] if b == 0:
            found = sp.sqrt(sp.cancel(-c / a))
        case coefficients if len(coefficients) == 3:
            found = quadratic(*coefficients)
        case _:
            return None
    return found.subs(mark, value)


def quadratic(a: sp.Expr, b: sp.Expr, c: sp.Expr) -> sp.Expr:
    """Give the positive solution of a x^2 + b x + c = 0, with c/a < 0, without the difference that cancels."""
    content = sp.gcd_list([p.primitive()[0] for p in (a, b / 2, c)]) * (-1 if b.could_extract_minus_sign() else 1)
    a, b, c = a / content, b / (2 * content), c / content
    return -c / (b + sp.sqrt(b**2 - a * c))
