"""Walks over expressions and statements: their parts, the same with other parts, and the names they use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import assert_never

from attrs import evolve

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
    Reduce,
    Return,
    ReturnDraws,
    Select,
    Spread,
    Stmt,
    StopGrad,
    Type,
    Var,
)

Rewrite = Callable[[Expr], Expr]


def children(e: Expr) -> tuple[Expr, ...]:
    """Give the expressions that an expression is made of, in order."""
    match e:
        case Num() | Const() | Var():
            return ()
        case Op() | Logic() | Reduce():
            return e.args
        case Compare():
            return (e.left, e.right)
        case Select():
            return (e.condition, e.then, e.otherwise)
        case Spread() | Fill():
            return (e.value, e.like)
        case Dim():
            return (e.like,)
        case Length():
            return (e.sequence,)
        case Call():
            callee = () if isinstance(e.function, str) else (e.function,)
            return (*callee, *e.args, *(value for _, value in e.keywords))
        case Entry():
            return (e.learned,)
        case Lambda():
            return (e.body,)
        case StopGrad():
            return (e.value,)
        case Jvp():
            return (e.function, *e.primals, *e.tangents)
        case Gather():
            return (e.table, e.index)
        case Nodes():
            return (e.n,) if e.like is None else (e.n, e.like)
        case Counting():
            return (e.start, e.stop)
    assert_never(e)


def rebuild(e: Expr, parts: tuple[Expr, ...]) -> Expr:
    """Give an expression with other parts in place of its `children`."""
    if parts == children(e):
        return e
    match e:
        case Num() | Const() | Var():
            return e
        case Op() | Logic() | Reduce():
            return evolve(e, args=parts)
        case Compare():
            return evolve(e, left=parts[0], right=parts[1])
        case Select():
            return evolve(e, condition=parts[0], then=parts[1], otherwise=parts[2])
        case Spread() | Fill():
            return evolve(e, value=parts[0], like=parts[1])
        case Dim():
            return evolve(e, like=parts[0])
        case Length():
            return evolve(e, sequence=parts[0])
        case Call():
            return _rebuild_call(e, parts)
        case Entry():
            return evolve(e, learned=parts[0])
        case Lambda():
            return evolve(e, body=parts[0])
        case StopGrad():
            return evolve(e, value=parts[0])
        case Jvp():
            return _rebuild_jvp(e, parts)
        case Gather():
            return evolve(e, table=parts[0], index=parts[1])
        case Nodes():
            return evolve(e, n=parts[0], like=parts[1] if len(parts) > 1 else None)
        case Counting():
            return evolve(e, start=parts[0], stop=parts[1])
    assert_never(e)


def _rebuild_call(call: Call, parts: tuple[Expr, ...]) -> Call:
    function: str | Expr = call.function
    if not isinstance(function, str):
        function, parts = parts[0], parts[1:]
    count = len(call.args)
    keywords = tuple((name, value) for (name, _), value in zip(call.keywords, parts[count:], strict=True))
    return evolve(call, function=function, args=parts[:count], keywords=keywords)


def _rebuild_jvp(jvp: Jvp, parts: tuple[Expr, ...]) -> Jvp:
    function, *rest = parts
    assert isinstance(function, Lambda)
    count = len(jvp.primals)
    return evolve(jvp, function=function, primals=tuple(rest[:count]), tangents=tuple(rest[count:]))


def transform(e: Expr, rewrite: Rewrite) -> Expr:
    """Rewrite an expression from the leaves up."""
    return rewrite(rebuild(e, tuple(transform(part, rewrite) for part in children(e))))


def substitute(e: Expr, values: dict[str, Expr]) -> Expr:
    """Put expressions in place of variables; the parameters of a Lambda stay its own."""
    match e:
        case Var():
            return values.get(e.name, e)
        case Lambda():
            inner = {name: value for name, value in values.items() if name not in {p.name for p in e.params}}
            return evolve(e, body=substitute(e.body, inner))
        case _:
            return rebuild(e, tuple(substitute(part, values) for part in children(e)))


def subexpressions(e: Expr) -> Iterator[Expr]:
    """Yield an expression and everything in it, outermost first."""
    yield e
    for part in children(e):
        yield from subexpressions(part)


def free(e: Expr) -> tuple[Var, ...]:
    """Give the variables of an expression that no Lambda in it binds, each once, in the order they are met."""
    if isinstance(e, Var):
        return (e,)
    bound = {p.name for p in e.params} if isinstance(e, Lambda) else set()
    met = dict.fromkeys(v for part in children(e) for v in free(part) if v.name not in bound)
    return tuple(met)


def reach(e: Expr) -> tuple[bool, ...]:
    """Tell, for each part of an expression, whether what is in it may be computed ahead of the statement."""
    match e:
        case Lambda():
            return (False,)
        case Select() if e.condition.type in (Type.STATIC, Type.LOOP):
            return (True, False, False)
        case Gather() if e.type is Type.TABLE:
            return (True, False)  # the index is a range: it prints as a slice
    return (True,) * len(children(e))


def expressions(s: Stmt) -> tuple[Expr, ...]:
    """Give the expressions of a statement itself; those in the body of a loop are not among them."""
    match s:
        case Let() | Return():
            return (s.value,)
        case Draw():
            return s.args
        case Loop():
            return tuple(e for e in (s.start, s.stop, s.items) if e is not None)
        case ReturnDraws():
            return ()
    assert_never(s)


def rewrite_statement(s: Stmt, rewrite: Rewrite) -> Stmt:
    """Apply a rewriting to each whole expression of a statement, loops included."""
    match s:
        case Let() | Return():
            return evolve(s, value=rewrite(s.value))
        case Draw():
            return evolve(s, args=tuple(rewrite(e) for e in s.args))
        case Loop():
            return evolve(
                s,
                start=s.start and rewrite(s.start),
                stop=s.stop and rewrite(s.stop),
                items=s.items and rewrite(s.items),
                body=tuple(rewrite_statement(inner, rewrite) for inner in s.body),
            )
        case ReturnDraws():
            return s
    assert_never(s)


def statements(body: tuple[Stmt, ...]) -> Iterator[Stmt]:
    """Yield the statements of a body and of the loops in it."""
    for s in body:
        yield s
        if isinstance(s, Loop):
            yield from statements(s.body)


def all_subexpressions(body: tuple[Stmt, ...]) -> Iterator[Expr]:
    """Yield every expression in a body, outermost first."""
    for s in statements(body):
        for e in expressions(s):
            yield from subexpressions(e)


def binds(s: Stmt) -> tuple[str, ...]:
    """Give the names that a statement gives a value to."""
    match s:
        case Let():
            return (s.name,) if s.primal is None else (s.primal, s.name)
        case Draw():
            return (s.name,)
        case Loop():
            return (s.variable, *(name for name, _ in s.zipped), *(name for inner in s.body for name in binds(inner)))
        case Return() | ReturnDraws():
            return ()
    assert_never(s)


def names(f: Function) -> frozenset[str]:
    """Give every name that is bound or used in a function."""
    used = {v.name for e in all_subexpressions(f.body) for v in _mentioned(e)}
    zipped = {array.name for s in statements(f.body) if isinstance(s, Loop) for _, array in s.zipped}
    bound = {name for s in f.body for name in binds(s)}
    return frozenset(used | zipped | bound | {p.name for p in f.params})


def _mentioned(e: Expr) -> tuple[Var, ...]:
    if isinstance(e, Lambda):
        return e.params
    return (e,) if isinstance(e, Var) else ()


def fresh(base: str, taken: frozenset[str] | set[str]) -> str:
    """Give `base`, or the first of `base_2`, `base_3`, … that is not taken."""
    if base not in taken:
        return base
    count = 2
    while f"{base}_{count}" in taken:
        count += 1
    return f"{base}_{count}"
