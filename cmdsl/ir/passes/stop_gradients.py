"""Give whatever is never differentiated and calls a network a statement of its own, so that it runs without a graph."""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve

from cmdsl.ir.nodes import Call, Expr, Function, Lambda, Let, Loop, Program, Select, Stmt, StopGrad, Type, Var
from cmdsl.ir.walk import children, fresh, names, rebuild, rewrite_statement, subexpressions

CALLABLES = (Type.NETWORK, Type.DENOISER, Type.LEARNED, Type.EXTERN)


def hoist_stop_gradients(program: Program) -> Program:
    """Turn stop-gradients around networks into frozen statements; nothing leaves a Lambda or a branch on the host."""
    reserved = {f.name for f in program.functions} | {c.name for c in program.constants}
    return evolve(program, functions=tuple(_hoisted(f, reserved) for f in program.functions))


def _hoisted(f: Function, reserved: set[str]) -> Function:
    taken = set(names(f)) | reserved
    return evolve(f, body=tuple(new for s in f.body for new in _statement(s, taken)))


def _statement(s: Stmt, taken: set[str]) -> list[Stmt]:
    """Give a statement after those that its stop-gradients have become; their names are added to `taken`."""
    if isinstance(s, Loop):
        return [evolve(s, body=tuple(new for inner in s.body for new in _statement(inner, taken)))]
    if isinstance(s, Let) and (s.frozen or isinstance(s.value, StopGrad)):
        return [Let(s.name, _bare(s.value), frozen=True)]
    hoisted: list[Let] = []

    def freeze(value: Expr) -> Var:
        name = fresh(_described(value), taken)
        taken.add(name)
        hoisted.append(Let(name, _bare(value), frozen=True))
        return Var(name, value.type)

    rewritten = rewrite_statement(s, lambda e: _expression(e, freeze))
    return [*hoisted, rewritten]


def _described(e: Expr) -> str:
    """Give a name for what is constant: what a teacher gives, or the target of a loss."""
    value = _bare(e)
    called = value.function if isinstance(value, Call) else None
    return "denoised" if isinstance(called, Var) and called.type is Type.DENOISER else "target"


def _expression(e: Expr, freeze: Callable[[Expr], Var]) -> Expr:
    match e:
        case Lambda():
            return e
        case Select() if e.condition.type in (Type.STATIC, Type.LOOP):
            return evolve(e, condition=_expression(e.condition, freeze))
        case StopGrad() if any(_applies_network(part) for part in subexpressions(e)):
            return freeze(e)
    return rebuild(e, tuple(_expression(part, freeze) for part in children(e)))


def _bare(e: Expr) -> Expr:
    """Drop the stop-gradients of a value that is frozen as a whole; those in a Lambda speak of its own derivative."""
    if isinstance(e, Lambda):
        return e
    if isinstance(e, StopGrad):
        return _bare(e.value)
    return rebuild(e, tuple(_bare(part) for part in children(e)))


def _applies_network(e: Expr) -> bool:
    return isinstance(e, Call) and (
        (not isinstance(e.function, str) and e.function.type in CALLABLES) or any(a.type in CALLABLES for a in e.args)
    )
