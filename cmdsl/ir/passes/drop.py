"""Drop what nobody reads."""

from __future__ import annotations

from attrs import evolve

from cmdsl.ir.nodes import Function, Let, Loop, Program, ReturnDraws, Stmt
from cmdsl.ir.walk import binds, expressions, free


def drop_unused(program: Program) -> Program:
    """Drop the bindings that are not used after them."""
    return evolve(program, functions=tuple(_pruned(f) for f in program.functions))


def _pruned(f: Function) -> Function:
    return evolve(f, body=_live(f.body, set())[0])


def _live(body: tuple[Stmt, ...], needed: set[str]) -> tuple[tuple[Stmt, ...], set[str]]:
    """Give a body without its unused bindings, and the names needed before it, from those needed after it."""
    kept: list[Stmt] = []
    for s in reversed(body):
        if isinstance(s, Let) and needed.isdisjoint(binds(s)):
            continue
        if isinstance(s, Loop):
            # What a turn needs, the turn before it gives.
            _, inside = _live(s.body, needed | {v.name for v in s.carried})
            body_kept, inside = _live(s.body, needed | inside | {v.name for v in s.carried})
            s = evolve(s, body=body_kept)
            needed = needed | inside | {array.name for _, array in s.zipped}
        elif isinstance(s, Let):
            needed = needed - {*binds(s)}
        needed = needed | _uses(s)
        kept.append(s)
    return tuple(reversed(kept)), needed


def _uses(s: Stmt) -> set[str]:
    draws = set(s.names) if isinstance(s, ReturnDraws) else set()
    return draws | {v.name for e in expressions(s) for v in free(e)}
