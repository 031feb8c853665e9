"""From the Program that was lowered to the one that is printed: equal values, plainer forms."""

from __future__ import annotations

from cmdsl.ir.nodes import Program
from cmdsl.ir.passes.complete import complete_results
from cmdsl.ir.passes.derivatives import share_derivatives
from cmdsl.ir.passes.drop import drop_unused
from cmdsl.ir.passes.guard import guard
from cmdsl.ir.passes.inline import inline_trivial
from cmdsl.ir.passes.share import share_subexpressions
from cmdsl.ir.passes.simplify import simplify
from cmdsl.ir.passes.stop_gradients import hoist_stop_gradients
from cmdsl.ir.passes.tables import hoist_tables

RECIPE = (
    complete_results,
    inline_trivial,
    simplify,
    hoist_stop_gradients,
    share_derivatives,
    guard,
    simplify,
    hoist_tables,
    drop_unused,
    share_subexpressions,
)


def optimize(program: Program) -> Program:
    """Apply the recipe, one pass after the other."""
    for step in RECIPE:
        program = step(program)
    return program
