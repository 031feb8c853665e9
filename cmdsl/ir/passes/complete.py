"""Give a result that is the same for every sample the shape that its function promises."""

from __future__ import annotations

from attrs import evolve

from cmdsl.ir.nodes import Expr, Fill, Function, Program, Return, Spread, Stmt, Type, Var

ARRAYS = (Type.SAMPLE, Type.STATE)
NUMBERS = (Type.STATIC, Type.UNIFORM, Type.LOOP)


def complete_results(program: Program) -> Program:
    """Fill the results of functions that promise an array and return a number."""
    return evolve(program, functions=tuple(_completed(_promising(f)) for f in program.functions))


def _promising(f: Function) -> Function:
    """Let a function of arrays that gives a number, such as `weight(t, r) = 1`, promise one for each sample."""
    of_arrays = any(p.type in ARRAYS for p in f.params)
    return evolve(f, result=Type.SAMPLE) if of_arrays and f.result in NUMBERS else f


def _completed(f: Function) -> Function:
    if f.result not in ARRAYS:
        return f
    return evolve(f, body=tuple(_statement(f, s) for s in f.body))


def _statement(f: Function, s: Stmt) -> Stmt:
    return evolve(s, value=_filled(f, s.value)) if isinstance(s, Return) else s


def _filled(f: Function, value: Expr) -> Expr:
    if value.type is f.result or not (value.type in ARRAYS or value.type in NUMBERS):
        return value
    like = next((Var(p.name, p.type) for p in f.params if p.type is f.result), None)
    like = like or next(Var(p.name, p.type) for p in f.params if p.type in ARRAYS)
    return Spread(value, like) if value.type is Type.SAMPLE else Fill(value, like, f.result)
