"""A Program as readable text, for people and for tests; every node shows."""

from __future__ import annotations

from fractions import Fraction
from typing import assert_never

from cmdsl.ir.nodes import (
    Call,
    Compare,
    Const,
    Counting,
    Dim,
    Draw,
    Entry,
    Expr,
    Fill,
    Function,
    Gather,
    Jvp,
    Lambda,
    Length,
    Let,
    Logic,
    Loop,
    Nodes,
    Num,
    Op,
    Param,
    Program,
    Reduce,
    Return,
    ReturnDraws,
    Select,
    Spread,
    Stmt,
    StopGrad,
    Var,
)

INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "^"}


def dump(program: Program) -> str:
    """Give the text of a whole Program."""
    head = [f"program {program.name} (ir {program.ir_version})"]
    constants = [
        f"{c.name} = {c.value}" + (f" = {show(c.expression)}" if c.expression else "") for c in program.constants
    ]
    return "\n".join([*head, *constants, *(dump_function(f) for f in program.functions)]) + "\n"


def dump_function(f: Function) -> str:
    """Give the text of one function."""
    marks = " ".join([f.role.value, *(["host"] if f.host else []), *(["integer"] if f.integer else [])])
    params = ", ".join(_param(p) for p in f.params)
    head = f"\n{marks} {f.name}({params}) -> {f.result.value}:"
    return "\n".join([head, *(line for s in f.body for line in dump_statement(s, "    "))])


def _param(p: Param) -> str:
    default = "" if p.default is None else f" = {_default(p.default)}"
    return f"{'*' if p.keyword else ''}{p.name}: {p.type.value}{default}"


def _default(value: Fraction | tuple[Fraction, ...]) -> str:
    return str(value) if isinstance(value, Fraction) else "(" + ", ".join(map(str, value)) + ")"


def dump_statement(s: Stmt, indent: str = "") -> list[str]:
    """Give the lines of one statement."""
    match s:
        case Let():
            bound = s.name if s.primal is None else f"{s.primal}, {s.name}"
            return [f"{indent}{bound} {':=' if s.frozen else '='} {show(s.value)}"]
        case Draw():
            return [f"{indent}{s.name}: {s.type.value} ~ {s.distribution}({_shown(s.args)})"]
        case Return():
            return [f"{indent}return {show(s.value)}"]
        case ReturnDraws():
            return [f"{indent}return draws {', '.join(s.names)}"]
        case Loop():
            carried = ", ".join(v.name for v in s.carried)
            body = [line for inner in s.body for line in dump_statement(inner, indent + "    ")]
            return [f"{indent}for {_turns(s)} carrying {carried}:", *body]
    assert_never(s)


def _turns(loop: Loop) -> str:
    zipped = "".join(f", {name} of {array.name}" for name, array in loop.zipped)
    if loop.items is not None:
        return f"{loop.variable} in {show(loop.items)}{zipped}"
    assert loop.start is not None
    assert loop.stop is not None
    return f"{loop.variable} from {show(loop.start)} {'downto' if loop.down else 'to'} {show(loop.stop)}{zipped}"


def _shown(args: tuple[Expr, ...]) -> str:
    return ", ".join(show(a) for a in args)


def show(e: Expr) -> str:
    """Give an expression as one line, every operation in brackets."""
    match e:
        case Num():
            return str(e.value)
        case Const() | Var():
            return e.name
        case Op():
            infix = INFIX.get(e.name)
            return f"({show(e.args[0])} {infix} {show(e.args[1])})" if infix else f"{e.name}({_shown(e.args)})"
        case Compare():
            return f"({show(e.left)} {e.op} {show(e.right)})"
        case Logic():
            return f"{e.op}({_shown(e.args)})"
        case Select():
            return f"(if {show(e.condition)} then {show(e.then)} else {show(e.otherwise)})"
        case Spread():
            return f"spread({show(e.value)}, {show(e.like)})"
        case Fill():
            return f"fill({show(e.value)}, {show(e.like)})"
        case Reduce():
            return f"{e.name}({_shown(e.args)})"
        case Dim():
            return f"dim({show(e.like)})"
        case Length():
            return f"length({show(e.sequence)})"
        case Call():
            callee = e.function if isinstance(e.function, str) else show(e.function)
            return f"{callee}({', '.join([*map(show, e.args), *(f'{k}={show(v)}' for k, v in e.keywords)])})"
        case Entry():
            return f"{show(e.learned)}[{e.name}]"
        case Lambda():
            return f"({', '.join(p.name for p in e.params)} -> {show(e.body)})"
        case StopGrad():
            return f"stopgrad({show(e.value)})"
        case Jvp():
            return f"jvp({show(e.function)}, ({_shown(e.primals)}), ({_shown(e.tangents)}))"
        case Gather():
            return f"{show(e.table)}[{show(e.index)}]"
        case Nodes():
            return f"{e.grid}({show(e.n)}{'' if e.like is None else f' like {show(e.like)}'})"
        case Counting():
            return f"[{show(e.start)} .. {show(e.stop)}]"
    assert_never(e)
