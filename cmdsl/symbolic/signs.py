"""Signs and finiteness of expressions for all parameter values in their ranges, by rules on their structure.

Symbols are replaced by offsets of known sign first (`t = epsilon + u`, `beta_max = beta_min + d`), so that sums of terms of
one sign speak for themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp
from attrs import frozen
from sympy.codegen.cfunctions import expm1, log1p, log2

RISING = (sp.exp, sp.log, sp.sinh, sp.tanh, sp.atan, sp.erf, expm1, log1p, log2)
ODD = (sp.sinh, sp.tanh, sp.atan, sp.erf, expm1, log1p)
ENTIRE = (sp.exp, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.tanh, sp.atan, sp.erf, sp.Abs, sp.Min, sp.Max, sp.floor, sp.ceiling, sp.sign, expm1)
OPPOSITE = {"+": "-", "-": "+", "0+": "0-", "0-": "0+", "0": "0", None: None}


@frozen
class Facts:
    """Replacements of symbols by offsets, and the time with the least bound that its range gives."""

    replacements: Mapping[sp.Symbol, sp.Expr]
    time: sp.Expr
    bound: sp.Expr  # time <= bound; a number, or oo
    strict: bool  # time < bound

    def replaced(self, expr: sp.Expr) -> sp.Expr:
        """Give the expression in offsets."""
        return expr.xreplace(dict(self.replacements))

    def sign(self, expr: sp.Expr) -> str | None:
        """Give `+ 0+ 0 0- -`, or None where the rules don't tell."""
        return sign(expr, self)

    def obstruction(self, expr: sp.Expr) -> sp.Expr | None:
        """Give the first part of the expression that may be infinite or not real, or None if it is finite and real."""
        return obstruction(expr, self)


def positive(s: str | None) -> bool:
    """Tell whether a sign is strictly positive."""
    return s == "+"


def nonnegative(s: str | None) -> bool:
    """Tell whether a sign is at least zero."""
    return s in ("+", "0+", "0")


def sign(e: sp.Expr, facts: Facts) -> str | None:
    """Give the sign of an expression in offsets."""
    if e.is_number:
        return number(e)
    if isinstance(e, sp.Symbol):
        return "+" if e.is_positive else "0+" if e.is_nonnegative else None
    if isinstance(e, sp.Mul):
        return product([sign(a, facts) for a in e.args])
    if isinstance(e, sp.exp):
        return "+"
    if isinstance(e, sp.Pow):
        return power(e, facts)
    if isinstance(e, sp.Add):
        return addition(e, facts)
    return function(e, facts)


def number(e: sp.Expr) -> str | None:
    """Give the sign of a constant."""
    if e.is_positive:
        return "+"
    return "-" if e.is_negative else "0" if e.is_zero else None


def product(signs: list[str | None]) -> str | None:
    """Give the sign of a product."""
    if "0" in signs or None in signs:
        return None if None in signs else "0"
    negative = sum(s in ("-", "0-") for s in signs) % 2
    result = "+" if all(s in ("+", "-") for s in signs) else "0+"
    return OPPOSITE[result] if negative else result


def power(e: sp.Expr, facts: Facts) -> str | None:
    """Give the sign of a power."""
    base, exponent = sign(e.base, facts), e.exp
    if base == "+":
        return "+"
    if exponent.is_positive and nonnegative(base):
        return base
    if isinstance(exponent, sp.Integer) and exponent > 0:
        return base if exponent % 2 else {"-": "+", "0-": "0+"}.get(str(base), "0+")
    return ("-" if exponent % 2 else "+") if isinstance(exponent, sp.Integer) and base == "-" else None


def function(e: sp.Expr, facts: Facts) -> str | None:
    """Give the sign of an elementary function."""
    if isinstance(e, ODD):
        return sign(e.args[0], facts)
    if isinstance(e, sp.cosh):
        return "+"
    if isinstance(e, sp.Abs):
        return "+" if sign(e.args[0], facts) in ("+", "-") else "0+"
    if isinstance(e, sp.log | log2):
        return sign(e.args[0] - 1, facts)
    if isinstance(e, sp.sin | sp.cos | sp.tan) and e.args[0] == facts.time:
        return circular(e, facts)
    return None


def circular(e: sp.Expr, facts: Facts) -> str | None:
    """Give the sign of a circular function of the time, within the first quadrant."""
    quarter = facts.bound - sp.pi / 2
    if not (quarter.is_negative or quarter.is_zero):
        return None
    inside = quarter.is_negative or facts.strict
    if isinstance(e, sp.cos):
        return "+" if inside else "0+"
    return sign(facts.time, facts) if inside or isinstance(e, sp.sin) else None


def addition(e: sp.Expr, facts: Facts) -> str | None:
    """Give the sign of a sum: of one sign throughout, expanded, or the difference of a rising function."""
    for candidate in (e, expanded(e)):
        signs = {sign(a, facts) for a in candidate.args} if isinstance(candidate, sp.Add) else {sign(candidate, facts)}
        if signs <= {"+", "0+", "0"}:
            return "+" if "+" in signs else "0+"
        if signs <= {"-", "0-", "0"}:
            return "-" if "-" in signs else "0-"
    return difference(e, facts) or OPPOSITE[difference(-e, facts)] or before_bound(e, facts)


def expanded(e: sp.Expr) -> sp.Expr:
    """Multiply out, within bounds."""
    return sp.expand_mul(sp.expand_multinomial(e)) if sp.count_ops(e) < 60 else e


def difference(e: sp.Expr, facts: Facts) -> str | None:
    """Give the sign of `c*g(x) - c*g(y)` for a rising g: that of `c*(x - y)`."""
    if len(e.args) != 2:
        return None
    (c, g), (d, h) = (a.as_independent(*e.free_symbols, as_Add=False) for a in e.args)
    if c.is_negative:
        (c, g), (d, h) = (d, h), (c, g)
    if not (c.is_positive and c == -d):
        return None
    return rise(g, h, facts)


def rise(g: sp.Expr, h: sp.Expr, facts: Facts) -> str | None:
    """Give the sign of g - h where both are values of one rising function, or h is its value at 0 or 1."""
    if isinstance(g, sp.Pow) and isinstance(h, sp.Pow) and g.exp == h.exp and positive(sign(g.exp, facts)):
        bases_fit = nonnegative(sign(g.base, facts)) and nonnegative(sign(h.base, facts))
        return sign(g.base - h.base, facts) if bases_fit else None
    if isinstance(g, RISING) and h.func is g.func:
        return sign(g.args[0] - h.args[0], facts)
    if isinstance(g, sp.exp) and h == 1:
        return sign(g.args[0], facts)
    if isinstance(h, sp.exp) and g == 1:
        return sign(-h.args[0], facts)
    return None


def before_bound(e: sp.Expr, facts: Facts) -> str | None:
    """Give the sign of `c - time` with the time's bound at most c."""
    rest = sp.expand(e + facts.time)
    if not rest.is_number or not facts.bound.is_finite:
        return None
    room = rest - facts.bound
    return "+" if room.is_positive or (room.is_zero and facts.strict) else "0+" if room.is_zero else None


def obstruction(e: sp.Expr, facts: Facts) -> sp.Expr | None:
    """Give the first part that may be infinite or not real."""
    inner = next((found for a in e.args if (found := obstruction(a, facts)) is not None), None)
    if inner is not None or e.is_Atom:
        return inner if inner is not None or (e.is_real and e.is_finite is not False) else e
    return None if defined(e, facts) else e


def defined(e: sp.Expr, facts: Facts) -> bool:
    """Tell whether a node is finite and real where its arguments are."""
    if isinstance(e, (sp.Add, sp.Mul, *ENTIRE)):
        return True
    if isinstance(e, sp.Pow):
        return power_defined(e, sign(e.base, facts))
    if isinstance(e, sp.log | log2):
        return positive(sign(e.args[0], facts))
    if isinstance(e, log1p):
        return positive(sign(1 + e.args[0], facts))
    return isinstance(e, sp.tan) and positive(sign(sp.cos(e.args[0]), facts))


def power_defined(e: sp.Expr, base: str | None) -> bool:
    """Tell whether a power is finite and real, from the sign of its base."""
    if positive(base):
        return True
    if isinstance(e.exp, sp.Integer):
        return bool(e.exp > 0) or base == "-"
    return bool(e.exp.is_positive) and nonnegative(base)
