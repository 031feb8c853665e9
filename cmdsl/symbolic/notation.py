"""Write expressions as a spec would: `t - epsilon`, `sigma_data^2/(t^2 + sigma_data^2)`, `0.25`."""

from __future__ import annotations

import sympy as sp

from cmdsl.symbolic.opaque import GAP

TIMES = ("t", "s", "r")
NAMES = {"Abs": "abs", "ceiling": "ceil", "Min": "min", "Max": "max"}
RELATIONS = {"Eq": "==", "Ne": "!="}
SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4


def written(e: sp.Basic, level: int = 0) -> str:
    """Write an expression; in parentheses where it binds less than `level`."""
    text, binds = parts(e)
    return text if binds >= level else f"({text})"


def parts(e: sp.Basic) -> tuple[str, int]:
    """Give an expression's text and how strongly it binds."""
    if isinstance(e, sp.Rational):
        text = decimal(e)
        return text, SUM if e < 0 else PRODUCT if "/" in text else ATOM
    if isinstance(e, sp.Add):
        return addition(e), SUM
    if isinstance(e, sp.Mul):
        return product(e)
    if isinstance(e, sp.exp):
        return f"exp({written(e.exp)})", ATOM
    if isinstance(e, sp.Pow):
        return power(e)
    if isinstance(e, sp.Piecewise):
        return selection(e), 0
    if e.func == GAP:
        return f"{written(e.args[0], SUM)} - {written(e.args[1], PRODUCT)}", SUM
    if isinstance(e, sp.core.relational.Relational):
        return f"{written(e.lhs)} {RELATIONS.get(type(e).__name__, e.rel_op)} {written(e.rhs)}", 0
    return function(e), ATOM


def function(e: sp.Basic) -> str:
    """Write a function's application, a constant or a symbol."""
    if isinstance(e, sp.Derivative):
        return f"diff({written(e.expr)}, {written(e.variables[0])})"
    if e.args:
        name = e.func.__name__
        return f"{NAMES.get(name, name)}({', '.join(written(a) for a in e.args)})"
    return {sp.oo: "inf", -sp.oo: "-inf", sp.E: "exp(1)"}.get(e, str(e))


def addition(e: sp.Add) -> str:
    """Write a sum: positive terms first, among them those with a time."""
    terms = sorted(e.args, key=place)
    first, *rest = (f"-{written(-a, PRODUCT)}" if negative(a) else written(a, PRODUCT) for a in terms)
    return first + "".join(f" - {a[1:]}" if a.startswith("-") else f" + {a}" for a in rest)


def place(term: sp.Expr) -> tuple[bool, bool, bool, object]:
    """Give the place of a term or factor: no minus sign, times before params, numbers last."""
    timeless = not any(s.name in TIMES for s in term.free_symbols)
    return negative(term), timeless, bool(term.is_number), sp.default_sort_key(term)


def negative(e: sp.Expr) -> bool:
    """Tell whether an expression is written with a leading minus."""
    return bool(e.as_coeff_Mul()[0].is_negative)


def product(e: sp.Mul) -> tuple[str, int]:
    """Write a product as one fraction."""
    if negative(e):
        return f"-{written(-e, PRODUCT)}", SUM
    coefficient, factors = e.as_coeff_mul()
    below = [a**-1 for a in factors if inverted(a)]
    above = sorted(under_one_root([a for a in factors if not inverted(a)]), key=factor_place)
    if coefficient != 1 and (below or coefficient.q == 1):
        above.insert(0, coefficient)
    elif coefficient != 1:
        above = [sp.Integer(coefficient.p), *above] if coefficient.p != 1 else above
        below = [sp.Integer(coefficient.q)]
    top = "*".join(written(a, PRODUCT + (len(above) > 1 and isinstance(a, sp.Rational))) for a in above) or "1"
    return (f"{top}/{divisor(below)}" if below else top), PRODUCT


def under_one_root(factors: list[sp.Expr]) -> list[sp.Expr]:
    """Write a product of square roots as one."""
    roots = [a for a in factors if isinstance(a, sp.Pow) and a.exp == sp.S.Half]
    if len(roots) < 2:
        return factors
    inside = sp.Mul(*(a.base for a in roots), evaluate=False)
    return [sp.Pow(inside, sp.S.Half, evaluate=False), *(a for a in factors if a not in roots)]


def divisor(factors: list[sp.Expr]) -> str:
    """Write what stands under the line."""
    ordered = sorted(under_one_root(factors), key=factor_place)
    return written(ordered[0], POWER) if len(ordered) == 1 else f"({'*'.join(written(a, POWER) for a in ordered)})"


def factor_place(factor: sp.Expr) -> tuple[int, object]:
    """Give the place of a factor: params, then times, sums, functions."""
    base = factor.base if isinstance(factor, sp.Pow) and not isinstance(factor, sp.exp) else factor
    kind = (2 if base.name in TIMES else 1) if isinstance(base, sp.Symbol) else 3 if isinstance(base, sp.Add) else 4
    return kind, sp.default_sort_key(factor)


def inverted(e: sp.Expr) -> bool:
    """Tell whether a factor stands under the line."""
    return isinstance(e, sp.Pow) and not isinstance(e, sp.exp) and negative(e.exp)


def power(e: sp.Pow) -> tuple[str, int]:
    """Write a power, or a root."""
    if inverted(e):
        return f"1/{written(e**-1, POWER)}", PRODUCT
    if e.exp == sp.S.Half:
        return f"sqrt({written(e.base)})", ATOM
    return f"{written(e.base, ATOM)}^{written(e.exp, ATOM)}", POWER


def selection(e: sp.Piecewise) -> str:
    """Write a conditional."""
    *cases, (last, _) = e.args
    return "".join(f"if {written(c)} then {written(v)} else " for v, c in cases) + written(last)


def decimal(value: sp.Rational) -> str:
    """Write a rational as a short decimal where it is one, else as a fraction."""
    p, rest, digits = int(value.p), int(value.q), 0
    while rest % 2 == 0 or rest % 5 == 0:
        scale = 1 if rest % 10 == 0 else 5 if rest % 2 == 0 else 2
        p, rest, digits = p * scale, rest * scale // 10, digits + 1
    if rest != 1 or digits > 12:
        short = int(value.q) < 10**6
        return f"{int(value.p)}/{int(value.q)}" if short else str(sp.Float(value, 15))
    whole = f"{abs(p):0{digits + 1}d}"
    return ("-" if p < 0 else "") + (f"{whole[:-digits]}.{whole[-digits:]}" if digits else whole)
