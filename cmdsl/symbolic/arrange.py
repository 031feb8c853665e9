"""Equal forms that keep their digits: `expm1`, `log1p`, quotients that are exactly 1 at the boundary."""

from __future__ import annotations

import sympy as sp
from sympy.codegen.cfunctions import log1p

from cmdsl.symbolic.differences import difference


def arrange(e: sp.Expr, times: tuple[sp.Symbol, ...]) -> sp.Expr:
    """Rearrange a scalar function of these times, from the leaves up."""
    for t in times:
        e = from_zero(e, t)
    return divided(e, times)


def from_zero(e: sp.Expr, t: sp.Symbol) -> sp.Expr:
    """Write sums that vanish at t = 0 as differences from there, and logarithms of what is 1 there by `log1p`."""
    if not e.args or not e.has(t):
        return e
    if isinstance(e, sp.Add) and not e.is_rational_function(t):
        return difference(e, t, sp.S.Zero) or e if e.subs(t, 0) == 0 else paired(e, t)
    if isinstance(e, sp.log) and isinstance(e.args[0], sp.Add) and e.args[0].subs(t, 0) == 1:
        change = difference(e.args[0], t, sp.S.Zero)
        return e if change is None else log1p(change)
    return e.func(*(from_zero(a, t) for a in e.args))


def paired(e: sp.Add, t: sp.Symbol) -> sp.Expr:
    """Join constants of a sum with the terms that they cancel at t = 0: c - c exp(u) + d exp(u) has digits to lose."""
    constants, rest = [a for a in e.args if not a.has(t)], []
    for term in (a for a in e.args if a.has(t)):
        start = -term.subs(t, 0)
        change = difference(term, t, sp.S.Zero) if start in constants else None
        if change is not None:
            constants.remove(start)
        rest.append(from_zero(term, t) if change is None else change)
    return sp.Add(*constants, *rest)


def divided(e: sp.Expr, times: tuple[sp.Symbol, ...]) -> sp.Expr:
    """Write c/(c + X) as 1/(1 + X/c): a constant over an array is rounded twice by some frameworks, and 1 is not."""
    if isinstance(e, sp.Add):
        return e.func(*(divided(a, times) for a in e.args))
    if not isinstance(e, sp.Mul):
        return e
    constant, rest = e.as_independent(*times, as_Add=False)
    for factor in rest.args if isinstance(rest, sp.Mul) else (rest,):
        if isinstance(factor, sp.Pow) and factor.exp == -1 and isinstance(factor.base, sp.Add):
            other = sp.Add(*(a / constant for a in factor.base.args))
            if plainer(other, factor.base, constant):
                return rest / factor / other
    return e


def plainer(divided: sp.Expr, whole: sp.Expr, constant: sp.Expr) -> bool:
    """Tell whether a sum gets plainer when it is divided by a constant: by one of its terms, or by a factor of one."""
    if constant.is_number:
        return bool(constant != 1 and constant in whole.args)
    return bool(sp.count_ops(divided) <= sp.count_ops(whole) + sp.count_ops(constant))
