"""A loop as Python's own `for`."""

from __future__ import annotations

from cmdsl.emit.code import Code, Name, apply, text
from cmdsl.emit.layout import INDENT
from cmdsl.emit.printer import Writer, plus_one
from cmdsl.emit.statements import block
from cmdsl.ir.build import num, op
from cmdsl.ir.nodes import Expr, Loop
from cmdsl.ir.passes.simplify import simplify_expression
from cmdsl.ir.walk import expressions, free, statements


def for_loop(loop: Loop, w: Writer, indent: str) -> list[str]:
    """Give the lines of a loop over Python numbers, with the draws of each turn beside them."""
    turns = turns_of(loop, w)
    names = [name if name in used(loop) else "_" for name in (loop.variable, *(name for name, _ in loop.zipped))]
    if loop.zipped:
        arrays = (Name(array.name) for _, array in loop.zipped)
        turns = apply("zip", turns, *arrays, strict=Name("True"))
    return [f"{indent}for {', '.join(names)} in {text(turns)}:", *block(loop.body, w, indent + INDENT)]


def used(loop: Loop) -> set[str]:
    """Give the names that a loop's body speaks of."""
    return {v.name for s in statements(loop.body) for e in expressions(s) for v in free(e)}


def turns_of(loop: Loop, w: Writer, range_name: str = "range") -> Code:
    """Give what a loop runs over: a sequence, or a range of whole numbers."""
    if loop.items is not None:
        return w.code(loop.items)
    assert loop.start is not None
    assert loop.stop is not None
    if not loop.down:
        return apply(range_name, w.code(loop.start), w.code(plus_one(loop.stop)))
    return apply(range_name, w.code(loop.start), w.code(_minus_one(loop.stop)), w.code(num(-1)))


def _minus_one(e: Expr) -> Expr:
    return simplify_expression(op("sub", e, num(1)))
