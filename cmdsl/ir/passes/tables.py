"""Name tables once, ahead of the loops that look things up in them, and what draws are made by."""

from __future__ import annotations

from attrs import evolve

from cmdsl.ir.nodes import Counting, Draw, Expr, Function, Gather, Let, Loop, Nodes, Program, Stmt, Type, Var
from cmdsl.ir.passes.name import describe
from cmdsl.ir.walk import (
    expressions,
    fresh,
    names,
    rewrite_statement,
    statements,
    subexpressions,
    substitute,
    transform,
)

SHORT = 9  # parts of an expression that reads well where a number is drawn by it


def hoist_tables(program: Program) -> Program:
    """Name the grids that loops use before them, and what is long in a draw, such as weights; make lookups slices."""
    reserved = {f.name for f in program.functions} | {c.name for c in program.constants}
    return evolve(program, functions=tuple(_hoisted(f, reserved) for f in program.functions))


def _hoisted(f: Function, reserved: set[str]) -> Function:
    taken = set(names(f)) | reserved
    body = tuple(new for s in f.body for new in _statement(s, taken))
    return evolve(f, body=_with_ranges(body))


def _with_ranges(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Put ranges that have a name back where they index a table: there they print as slices."""
    ranges: dict[str, Expr] = {s.name: s.value for s in body if isinstance(s, Let) and isinstance(s.value, Counting)}

    def ranged(e: Expr) -> Expr:
        return evolve(e, index=substitute(e.index, ranges)) if isinstance(e, Gather) and e.type is Type.TABLE else e

    return tuple(rewrite_statement(s, lambda e: transform(e, ranged)) for s in body)


def _statement(s: Stmt, taken: set[str]) -> list[Stmt]:
    if isinstance(s, Loop):
        return _grids(s, taken)
    if isinstance(s, Draw) and s.distribution == "index" and not isinstance(s.args[0], Var):
        weights = _name("weights", taken)
        return [Let(weights, s.args[0]), evolve(s, args=(Var(weights, s.args[0].type),))]
    if isinstance(s, Draw):
        long = {a: Var(_name(describe(a), taken), a.type) for a in s.args if len(list(subexpressions(a))) > SHORT}
        return [*(Let(v.name, a) for a, v in long.items()), evolve(s, args=tuple(long.get(a, a) for a in s.args))]
    return [s]


def _grids(loop: Loop, taken: set[str]) -> list[Stmt]:
    """Give a loop after the grids in it, which don't depend on its turns: `like` says no more than dtype and device."""
    inner = (e for s in statements((loop,)) for whole in expressions(s) for e in subexpressions(whole))
    grids = dict.fromkeys(e for e in inner if isinstance(e, Nodes))
    named: dict[Expr, Var] = {grid: Var(_name("times", taken), grid.type) for grid in grids}
    lets = [Let(var.name, grid) for grid, var in named.items()]
    return [*lets, rewrite_statement(loop, lambda e: transform(e, lambda part: named.get(part, part)))]


def _name(base: str, taken: set[str]) -> str:
    name = fresh(base, taken)
    taken.add(name)
    return name
