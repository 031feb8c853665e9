"""A product sorted into what stands above and below the line, under a root, and in a common square."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp
from attrs import define, field


@define(eq=False)
class Side:
    """Factors on one side of the line: plain ones, radicands of one square root, bases of one square."""

    plain: list[sp.Expr] = field(factory=list)
    roots: list[sp.Expr] = field(factory=list)
    squares: list[sp.Expr] = field(factory=list)


@define(eq=False)
class Factors:
    """A product: its sign and what is above and below the line."""

    negative: bool = False
    above: Side = field(factory=Side)
    below: Side = field(factory=Side)


def sorted_factors(factors: Iterable[sp.Expr]) -> Factors:
    """Sort the factors of a product."""
    result, coefficient = Factors(), sp.S.One
    for factor in factors:
        if isinstance(factor, sp.Rational):
            coefficient *= factor
            continue
        base, power = (factor.base, factor.exp) if raised(factor) else (factor, sp.S.One)
        if isinstance(base, sp.Add) and power.is_Integer:
            content, base = content_of(base)
            coefficient *= content**power
        place(result, base, power)
    result.negative = bool(coefficient < 0)
    coefficient = fold_root(abs(coefficient), result)
    for side, number in ((result.above, coefficient.p), (result.below, coefficient.q)):
        if number != 1:
            side.plain.insert(0, sp.Integer(number))
    return result


def raised(e: sp.Expr) -> bool:
    """Tell whether a factor is a power with a rational exponent."""
    return isinstance(e, sp.Pow) and not isinstance(e, sp.exp) and isinstance(e.exp, sp.Rational)


def content_of(e: sp.Add) -> tuple[sp.Rational, sp.Expr]:
    """Give the rational content of a sum, negative where all its terms are, and the rest."""
    content, rest = e.primitive()
    if all(a.as_coeff_Mul()[0] < 0 for a in sp.Add.make_args(rest)):
        return -content, -rest
    return content, rest


def place(result: Factors, base: sp.Expr, power: sp.Rational) -> None:
    """Put a power on its side."""
    side = result.above if power > 0 else result.below
    match abs(power):
        case sp.S.One:
            side.plain.append(base)
        case sp.S.Half:
            other = result.below if power > 0 else result.above
            for factor in sp.Mul.make_args(base) if not base.could_extract_minus_sign() else (base,):
                inverse = raised(factor) and factor.exp == -1
                (other if inverse else side).roots.append(1 / factor if inverse else factor)
        case n if n == 2:
            side.squares.append(base)
        case n:
            side.plain.append(sp.Pow(base, n))


def fold_root(coefficient: sp.Rational, result: Factors) -> sp.Rational:
    """Take a coefficient under the root where it cancels there: sqrt(2)/2 is sqrt(1/2)."""
    numbers = [r for r in result.above.roots if isinstance(r, sp.Rational)]
    squared = coefficient**2 * sp.Mul(*numbers)
    if not numbers or squared.q >= coefficient.q**2:
        return coefficient
    result.above.roots = [r for r in result.above.roots if r not in numbers]
    result.above.roots += [sp.Integer(squared.p)] if squared.p != 1 else []
    result.below.roots += [sp.Integer(squared.q)] if squared.q != 1 else []
    return sp.S.One
