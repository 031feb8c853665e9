"""Differences e(t) - e(start) and ratios e(t)/e(start) that keep their digits, exactly 0 and 1 at t = start.

Every rule takes the difference of an operation's operands and gives that of its result, down to t - start itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

from cmdsl.symbolic.antiderivative import seal, unseal
from cmdsl.symbolic.opaque import gap
from cmdsl.symbolic.tidy import exponent, power

HIGHEST = 8  # degree of polynomials that are written out


def difference(e: sp.Expr, t: sp.Symbol, start: sp.Expr) -> sp.Expr | None:
    """Give e(t) - e(start) as a product that vanishes with t - start, or None where no rule is known."""
    if not e.has(t):
        return sp.S.Zero
    if e == t:
        return gap(t, start)
    for rule in (of_fraction, of_exponential, of_sum, of_product, of_power, of_function):
        found = rule(e, t, start)
        if found is not None:
            return found
    return None


def ratio(e: sp.Expr, t: sp.Symbol, start: sp.Expr) -> sp.Expr:
    """Give e(t)/e(start): of exponentials by the difference of exponents, else over e(t) less the difference."""
    if not e.has(t):
        return sp.S.One
    if isinstance(e, sp.Mul):
        return sp.Mul(*(ratio(f, t, start) for f in e.args))
    u = exponent(e, t)
    if u is not None and (change := difference(u, t, start)) is not None:
        return power(change)
    if isinstance(e, sp.Pow) and e.exp.is_Rational:
        return ratio(e.base, t, start) ** e.exp
    change = difference(e, t, start)
    return e / e.subs(t, start) if change is None else e / (e - change)


def of_fraction(e: sp.Expr, t: sp.Symbol, start: sp.Expr) -> sp.Expr | None:
    """Divide t - start out of a fraction of polynomials."""
    sealed, constants = seal(e, t)
    if not sealed.is_rational_function(t):
        return None
    above, below = (sp.Poly(p, t) for p in sp.fraction(sp.together(sealed)))
    if max(above.degree(), below.degree()) > HIGHEST:
        return None
    if below.degree() == 0:
        return unseal(quotient(above, t, start) / below.as_expr(), constants)
    return unseal(of_quotient(above, below, t, start), constants)


def quotient(p: sp.Poly, t: sp.Symbol, start: sp.Expr) -> sp.Expr:
    """Give p(t) - p(start) as its rational content, times t - start, times what is left."""
    coefficients = list(reversed(p.all_coeffs()))[1:]
    content = sp.gcd_list([c.primitive()[0] for c in coefficients if c != 0])
    first = next(c for c in coefficients if c != 0)
    content = -content if first.could_extract_minus_sign() else content
    rest = sp.Add(*(c / content * complete(t, start, k) for k, c in enumerate(coefficients)))
    return sp.Mul(content, gap(t, start), rest)


def complete(t: sp.Symbol, start: sp.Expr, degree: int) -> sp.Expr:
    """Give the sum of all products of t and start of a degree."""
    return sp.Add(*(t**i * start ** (degree - i) for i in range(degree + 1))) if start != 0 else t**degree


def of_quotient(above: sp.Poly, below: sp.Poly, t: sp.Symbol, start: sp.Expr) -> sp.Expr:
    """Give the difference of a fraction: the numerators' over both denominators."""
    mark = sp.Dummy("start")
    first, last = (p.as_expr().subs(t, mark) for p in (above, below))
    numerator = sp.cancel((above.as_expr() * last - first * below.as_expr()) / (t - mark))
    whole = sp.factor(numerator) / (sp.factor(below.as_expr()) * sp.factor(last))
    return whole.subs(mark, start) * gap(t, start)


def of_exponential(e: sp.Expr, t: sp.Symbol, start: sp.Expr) -> sp.Expr | None:
    """Use exp(u) - exp(v) = exp(v) expm1(u - v)."""
    u = exponent(e, t)
    change = None if u is None else difference(u, t, start)
    return None if u is None or change is None else power(u.subs(t, start)) * expm1(change)


def of_sum(e: sp.Expr, t: sp.Symbol, start: sp.Expr) -> sp.Expr | None:
    """Add the differences of the terms."""
    parts = [difference(a, t, start) for a in e.args] if isinstance(e, sp.Add) else [None]
    return None if None in parts else sp.Add(*parts)


def of_product(e: sp.Expr, t: sp.Symbol, start: sp.Expr) -> sp.Expr | None:
    """Use u1 u2 - v1 v2 = (u1 - v1) u2 + v1 (u2 - v2)."""
    if not isinstance(e, sp.Mul):
        return None
    constant, rest = e.as_independent(t, as_Add=False)
    if constant != 1:
        change = difference(rest, t, start)
        return None if change is None else constant * change
    first, others = rest.args[0], sp.Mul(*rest.args[1:])
    changes = difference(first, t, start), difference(others, t, start)
    return None if None in changes else changes[0] * others + first.subs(t, start) * changes[1]


def of_power(e: sp.Expr, t: sp.Symbol, start: sp.Expr) -> sp.Expr | None:
    """Factor the difference of powers, roots and reciprocals."""
    if not (isinstance(e, sp.Pow) and e.exp.is_Rational):
        return None
    base, n, old = e.base, e.exp, e.base.subs(t, start)
    if n < 0:
        change = difference(base**-n, t, start)
        return None if change is None else -change / (base**-n * old**-n)
    change = difference(base, t, start)
    if change is None:
        return None
    if n.is_Integer and n <= HIGHEST:
        return change * sp.Add(*(base**i * old ** (n - 1 - i) for i in range(int(n))))
    if n == sp.S.Half:
        return change / (sp.sqrt(base) + sp.sqrt(old))
    return old**n * expm1(n * log1p(change / old)) if old != 0 else base**n


Rule = Callable[[sp.Expr, sp.Expr, sp.Expr], sp.Expr | None]
RULES: Mapping[type, Rule] = {
    sp.log: lambda u, v, d: log1p(d / v) if v != 0 else None,
    sp.sin: lambda u, v, d: 2 * sp.cos((u + v) / 2) * sp.sin(d / 2),
    sp.cos: lambda u, v, d: -2 * sp.sin((u + v) / 2) * sp.sin(d / 2),
    sp.tan: lambda u, v, d: sp.sin(d) / (sp.cos(u) * sp.cos(v)),
    sp.sinh: lambda u, v, d: 2 * sp.cosh((u + v) / 2) * sp.sinh(d / 2),
    sp.cosh: lambda u, v, d: 2 * sp.sinh((u + v) / 2) * sp.sinh(d / 2),
    sp.tanh: lambda u, v, d: sp.sinh(d) / (sp.cosh(u) * sp.cosh(v)),
    sp.atan: lambda u, v, d: sp.atan(d / (1 + u * v)) if nonnegative(u) and nonnegative(v) else None,
}
ODD = (sp.sin, sp.tan, sp.sinh, sp.tanh, sp.atan, sp.asin, sp.erf)


def nonnegative(e: sp.Expr) -> bool:
    """Tell whether an expression is at least 0 where it is real."""
    return bool(e.is_nonnegative) or isinstance(e, sp.Abs) or (isinstance(e, sp.Pow) and e.exp == sp.S.Half)


def of_function(e: sp.Expr, t: sp.Symbol, start: sp.Expr) -> sp.Expr | None:
    """Use the addition theorems; an odd function that starts at 0 is its own difference."""
    if len(e.args) != 1 or (change := difference(e.args[0], t, start)) is None:
        return None
    old = e.args[0].subs(t, start)
    if old == 0 and isinstance(e, ODD):
        return e.func(change)
    return RULES[e.func](e.args[0], old, change) if e.func in RULES else None
