"""Short ways to write expressions: an operation at the rank that its operands give it."""

from __future__ import annotations

from fractions import Fraction

from cmdsl.ir.nodes import Expr, Num, Op, Type

RANK = (Type.STATIC, Type.LOOP, Type.UNIFORM, Type.TABLE, Type.SAMPLE, Type.STATE)


def joined(*types: Type) -> Type:
    """Give the highest of some ranks."""
    return max(types, key=RANK.index)


def op(name: str, *args: Expr) -> Op:
    """Give an operation at the highest rank of its operands."""
    return Op(name, args, joined(*(a.type for a in args)))


def num(value: int | str | Fraction) -> Num:
    """Give an exact number: 3, "0.002", Fraction(1, 7)."""
    return Num(Fraction(value))
