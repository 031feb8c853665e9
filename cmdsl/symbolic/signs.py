"""Signs and finiteness of expressions for all parameter values in their ranges, by rules on their structure.

Symbols are replaced by offsets of known sign first (`t = epsilon + u`, `beta_max = beta_min + d`), so that sums of
terms of one sign speak for themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp
from attrs import frozen
from sympy.codegen.cfunctions import expm1, log1p, log2

RISING = (sp.exp, sp.log, sp.sinh, sp.tanh, sp.atan, sp.asinh, sp.erf, expm1, log1p, log2)
ODD = (sp.sinh, sp.tanh, sp.atan, sp.asinh, sp.erf, expm1, log1p)
STEPS = (sp.Abs, sp.Min, sp.Max, sp.floor, sp.ceiling, sp.sign)
ENTIRE = (sp.exp, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.tanh, sp.atan, sp.asinh, sp.erf, expm1, *STEPS)
MOST_TERMS = 12
MOST_OPERATIONS = 60  # of what is multiplied out
OPPOSITE = {"+": "-", "-": "+", "0+": "0-", "0-": "0+", "0": "0", None: None}


@frozen
class Bound:
    """An expression in offsets, at least 0, and the number that it does not exceed (or does not even reach)."""

    expr: sp.Expr
    limit: sp.Expr
    strict: bool


@frozen
class Facts:
    """Replacements of symbols by offsets, and what is bounded above: times, and params whose range ends in a number."""

    replacements: Mapping[sp.Symbol, sp.Expr]
    bounds: tuple[Bound, ...]

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
    return circular(e, facts) if isinstance(e, sp.sin | sp.cos | sp.tan) else None


def circular(e: sp.Expr, facts: Facts) -> str | None:
    """Give the sign of a circular function of a time in the first quadrant."""
    if not in_quadrant(e.args[0], facts, isinstance(e, sp.tan)):
        return None
    if isinstance(e, sp.cos):
        return "+" if in_quadrant(e.args[0], facts, True) else "0+"
    return sign(e.args[0], facts)


def in_quadrant(e: sp.Expr, facts: Facts, strict: bool) -> bool:
    """Tell whether an angle is bounded to [0, pi/2], or to [0, pi/2)."""
    if any(b.expr == e and below(b, sp.pi / 2, strict) for b in facts.bounds):
        return True
    return e.has(sp.atan) and nonnegative(sign(e, facts)) and positive(sign(sp.together(sp.pi / 2 - e), facts))


def below(bound: Bound, limit: sp.Expr, strict: bool) -> bool:
    """Tell whether what is bounded stays below a number."""
    room = limit - bound.limit
    return bool(room.is_positive or (room.is_zero and (bound.strict or not strict)))


def addition(e: sp.Expr, facts: Facts) -> str | None:
    """Give the sign of a sum: of one sign throughout, expanded, or the difference of a rising function."""
    for candidate in (e, expanded(e)):
        signs = {sign(a, facts) for a in candidate.args} if isinstance(candidate, sp.Add) else {sign(candidate, facts)}
        if signs <= {"+", "0+", "0"}:
            return "+" if "+" in signs else "0+"
        if signs <= {"-", "0-", "0"}:
            return "-" if "-" in signs else "0-"
    one_sided = (before_bound, paired)
    found = (difference(e, facts), *(r(e, facts) for r in one_sided), *(OPPOSITE[r(-e, facts)] for r in one_sided))
    return next((s for s in found if s is not None), None)


def paired(e: sp.Expr, facts: Facts) -> str | None:
    """Tell that a sum is positive, each of its other terms being outweighed by a positive term of its own."""
    terms = sp.Add.make_args(expanded(e))
    if len(terms) > MOST_TERMS:
        return None
    positive_terms = [a for a in terms if nonnegative(sign(a, facts))]
    signs = []
    for other in [a for a in terms if a not in positive_terms]:
        match = next((p for p in positive_terms if outweighs(p, other, facts)), None)
        if match is None:
            return None
        positive_terms.remove(match)
        signs.append(difference(match + other, facts))
    signs += [sign(a, facts) for a in positive_terms]
    return "+" if "+" in signs else "0+"


def outweighs(p: sp.Expr, negative: sp.Expr, facts: Facts) -> bool:
    """Tell whether a term is at least as large as another is negative."""
    total = p + negative
    return isinstance(total, sp.Add) and nonnegative(difference(total, facts))


def expanded(e: sp.Expr) -> sp.Expr:
    """Multiply out, within bounds."""
    return sp.expand_mul(sp.expand_multinomial(e)) if sp.count_ops(e) < MOST_OPERATIONS else e


def difference(e: sp.Expr, facts: Facts) -> str | None:
    """Give the sign of `c*g(x) - c*g(y)` for a rising g: that of `c*(x - y)`."""
    if len(e.args) != 2:
        return None
    left, right = (sp.Mul.make_args(a) for a in (e.args[0], -e.args[1]))
    common = [a for a in left if a in right]
    g, h = (sp.Mul(*[a for a in side if a not in common]) for side in (left, right))
    if g.is_number and h.is_number:
        return None
    if negative_coefficient(g) and negative_coefficient(h):
        g, h = -h, -g
    return product([*(sign(a, facts) for a in common), rise(g, h, facts)])


def negative_coefficient(e: sp.Expr) -> bool:
    """Tell whether a term is written with a minus sign."""
    return bool(e.as_coeff_Mul()[0].is_negative)


def rise(g: sp.Expr, h: sp.Expr, facts: Facts) -> str | None:
    """Give the sign of g - h where both are values of one rising function, or one is its value at 0 or 1."""
    if isinstance(g, sp.Pow) and h == 1:
        h = sp.Pow(1, g.exp, evaluate=False)
    if isinstance(h, sp.Pow) and g == 1:
        g = sp.Pow(1, h.exp, evaluate=False)
    if isinstance(g, sp.Pow) and isinstance(h, sp.Pow) and g.exp == h.exp and positive(sign(g.exp, facts)):
        bases_fit = nonnegative(sign(g.base, facts)) and nonnegative(sign(h.base, facts))
        return sign(g.base - h.base, facts) if bases_fit else None
    if isinstance(g, RISING) and h.func is g.func:
        return sign(g.args[0] - h.args[0], facts)
    if isinstance(g, sp.sin | sp.tan) and h.func is g.func:
        rising = all(in_quadrant(a.args[0], facts, isinstance(a, sp.tan)) for a in (g, h))
        return sign(g.args[0] - h.args[0], facts) if rising else None
    if isinstance(g, sp.cos) and isinstance(h, sp.cos):
        falling = all(in_quadrant(a.args[0], facts, False) for a in (g, h))
        return sign(h.args[0] - g.args[0], facts) if falling else None
    if beyond(g, h) or beyond(h, g):
        return "+" if beyond(g, h) else "-"
    if isinstance(g, sp.exp) and h == 1:
        return sign(g.args[0], facts)
    if isinstance(h, sp.exp) and g == 1:
        return sign(-h.args[0], facts)
    return None


def beyond(g: sp.Expr, h: sp.Expr) -> bool:
    """Tell whether g is a number that a multiple of an arc tangent never reaches."""
    factor, arc = h.as_coeff_Mul()
    limit = factor * sp.pi / 2
    return bool(g.is_number and factor.is_positive and isinstance(arc, sp.atan) and (g - limit).is_nonnegative)


def before_bound(e: sp.Expr, facts: Facts) -> str | None:
    """Give the sign of `c - x` where x is bounded by c."""
    for bound in facts.bounds if sp.count_ops(e) < MOST_OPERATIONS else ():
        rest = sp.expand(e + bound.expr)
        if rest.is_number and below(bound, rest, False):
            return "+" if below(bound, rest, True) else "0+"
    return None


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
