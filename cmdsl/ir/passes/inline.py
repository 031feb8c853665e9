"""Put the body of a function that is one name or one number in place of its calls."""

from __future__ import annotations

from attrs import evolve

from cmdsl.ir.nodes import Call, Const, Expr, Fill, Function, Num, Program, Return, Type, Var
from cmdsl.ir.walk import rewrite_statement, transform

ARRAYS = (Type.SAMPLE, Type.STATE)


def inline_trivial(program: Program) -> Program:
    """Inline every trivial function; the functions themselves stay in the module."""
    functions = program.functions
    while True:
        table = {f.name: f for f in functions if _trivial(f)}
        inlined = tuple(_inlined(f, table) for f in functions)
        if inlined == functions:
            return evolve(program, functions=functions)
        functions = inlined


def _trivial(f: Function) -> bool:
    return len(f.body) == 1 and isinstance(f.body[0], Return) and _atom(f.body[0].value) is not None


def _atom(e: Expr) -> Expr | None:
    """Give the name or number that a body comes to, a Fill taken off."""
    inner = e.value if isinstance(e, Fill) else e
    return inner if isinstance(inner, Num | Const | Var) else None


def _inlined(f: Function, table: dict[str, Function]) -> Function:
    def replace(e: Expr) -> Expr:
        callee = table.get(e.function) if isinstance(e, Call) and isinstance(e.function, str) else None
        return _result(callee, e) if callee is not None and isinstance(e, Call) else e

    return evolve(f, body=tuple(rewrite_statement(s, lambda e: transform(e, replace)) for s in f.body))


def _result(callee: Function, call: Call) -> Expr:
    """Give what a call of a trivial function comes to, at the rank of the call."""
    statement = callee.body[0]
    assert isinstance(statement, Return)
    atom = _atom(statement.value)
    assert atom is not None
    given = dict(zip((p.name for p in callee.params), call.args, strict=False)) | dict(call.keywords)
    value = given.get(atom.name, atom) if isinstance(atom, Var) else atom
    if call.type not in ARRAYS or value.type in ARRAYS:
        return value
    like = next(a for p, a in zip(callee.params, call.args, strict=False) if p.type is call.type)
    return Fill(value, like, call.type)
