"""Plain forms by direct rules: fractions cancelled in exponentials, sines and cosines, sums kept in one piece."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp
from attrs import define, field

Rewrite = Callable[[sp.Expr], sp.Expr]


def tidy(expr: sp.Expr, t: sp.Symbol) -> sp.Expr:
    """Give an equal expression that is shorter, if these rules find one."""
    if not expr.has(t) or isinstance(expr, sp.Symbol) or expr.has(sp.Piecewise, sp.Min, sp.Max, sp.floor, sp.ceiling):
        return expr
    candidates = [expr]
    for rewrite in (in_angles, in_atoms):
        candidates += [rewrite(c, t) for c in candidates[-1:]]
    return min(candidates, key=length)


def length(expr: sp.Expr) -> int:
    """Count operations."""
    return int(sp.count_ops(expr))


def in_atoms(expr: sp.Expr, t: sp.Symbol) -> sp.Expr:
    """Cancel and factor with exponentials, functions and sums of params and times as atoms."""
    atoms = Atoms(t, common_unit(expr, t))
    inner = atoms.replace(expr)
    return atoms.restore(sp.factor(sp.cancel(inner)))


def common_unit(expr: sp.Expr, t: sp.Symbol) -> sp.Expr | None:
    """Give the largest exponent of which all exponents of an expression are multiples, negative where one is."""
    exponents = sorted(
        {u for e in expr.atoms(sp.exp, sp.Pow) if (u := exponent(e, t)) is not None}, key=sp.default_sort_key
    )
    if not exponents:
        return None
    ratios = [sp.cancel(u / exponents[0]) for u in exponents]
    return exponents[0] * sp.gcd_list([r for r in ratios if r.is_Rational])


@define(eq=False)
class Atoms:
    """Symbols in place of what is not taken apart: powers of one exponential, functions, sums of times and params."""

    t: sp.Symbol
    unit: sp.Expr | None
    symbols: dict[sp.Expr, sp.Dummy] = field(factory=dict)

    def replace(self, e: sp.Expr) -> sp.Expr:
        """Give an expression in atoms."""
        if not e.has(self.t) or isinstance(e, sp.Symbol):
            return e
        u = exponent(e, self.t)
        if u is not None:
            return self.exponential(u)
        if isinstance(e, sp.Add) and e.is_polynomial(self.t) and not e.is_polynomial(*e.free_symbols - {self.t}):
            return self.symbol(e)
        if isinstance(e, sp.Add) and e.is_polynomial(self.t) and nested(e):
            content, sum_ = e.primitive()
            minus = sum_.could_extract_minus_sign()
            return content * (-self.symbol(-sum_) if minus else self.symbol(sum_))
        if isinstance(e, sp.Add | sp.Mul) or (isinstance(e, sp.Pow) and e.exp.is_Rational):
            return e.func(*(self.replace(a) for a in e.args))
        return self.symbol(e)

    def symbol(self, e: sp.Expr) -> sp.Dummy:
        """Give the symbol for an atom."""
        if e not in self.symbols:
            self.symbols[e] = sp.Dummy(f"a{len(self.symbols)}", real=True, positive=e.is_positive or None)
        return self.symbols[e]

    def exponential(self, u: sp.Expr) -> sp.Expr:
        """Give an exponential as a power of that of the unit, where it is one."""
        ratio = sp.cancel(u / self.unit)
        return self.symbol(power(self.unit)) ** ratio if ratio.is_Integer else self.symbol(power(u))

    def restore(self, e: sp.Expr) -> sp.Expr:
        """Put what they stand for in place of the symbols."""
        return e.xreplace({symbol: atom for atom, symbol in self.symbols.items()})


def nested(e: sp.Add) -> bool:
    """Tell whether multiplying out would break products of sums."""
    return any(isinstance(f, sp.Add) for a in e.args for f in sp.Mul.make_args(a))


def exponent(e: sp.Expr, t: sp.Symbol) -> sp.Expr | None:
    """Give u for what is exp(u), also for powers of constants."""
    if isinstance(e, sp.exp):
        return e.args[0]
    if isinstance(e, sp.Pow) and not e.base.has(t) and e.exp.has(t) and e.base.is_positive:
        return e.exp * sp.log(e.base)
    return None


def power(u: sp.Expr) -> sp.Expr:
    """Give exp(u), as a power of a constant where u is a multiple of one logarithm."""
    logs = [f for f in sp.Mul.make_args(u) if isinstance(f, sp.log)]
    if len(logs) == 1 and not u.is_number:
        return sp.Pow(logs[0].args[0], u / logs[0])
    return sp.exp(u)


def in_angles(expr: sp.Expr, t: sp.Symbol) -> sp.Expr:
    """Reduce squares of sines and cosines of one angle by the other, and their quotients to tangents."""
    angles = {a.args[0] for a in expr.atoms(sp.sin, sp.cos, sp.tan) if a.has(t)}
    if len(angles) != 1:
        return expr
    (angle,) = angles
    s, c = sp.Dummy("s"), sp.Dummy("c")
    inner = expr.xreplace({sp.sin(angle): s, sp.cos(angle): c, sp.tan(angle): s / c})
    forms = [reduced(inner, *pair) for pair in ((s, c), (c, s))]
    restored = [tangents(f, s, c).xreplace({s: sp.sin(angle), c: sp.cos(angle)}).xreplace(tan_of(angle)) for f in forms]
    return min(restored, key=length)


TANGENT = sp.Dummy("tan")


def tan_of(angle: sp.Expr) -> dict[sp.Expr, sp.Expr]:
    """Give what the symbol of a tangent stands for."""
    return {TANGENT: sp.tan(angle)}


def tangents(e: sp.Expr, s: sp.Symbol, c: sp.Symbol) -> sp.Expr:
    """Write quotients of sine and cosine as powers of the tangent."""
    if not isinstance(e, sp.Mul):
        return e
    powers = e.as_powers_dict()
    n, m = powers.get(s, 0), powers.get(c, 0)
    if not (n.is_Integer if n != 0 else False) or n * m >= 0:
        return e
    k = min(abs(n), abs(m)) * sp.sign(n)
    return e * (s / c) ** (-k) * TANGENT**k


def reduced(e: sp.Expr, gone: sp.Symbol, kept: sp.Symbol) -> sp.Expr:
    """Cancel a fraction after writing even powers of one by the other."""
    if not e.is_rational_function(gone, kept):
        return e
    numerator, denominator = sp.fraction(sp.together(e))
    relation = sp.Poly(gone**2 + kept**2 - 1, gone)
    parts = [sp.rem(sp.Poly(p, gone), relation).as_expr() for p in (numerator, denominator)]
    return sp.factor(sp.cancel(parts[0] / parts[1]))
