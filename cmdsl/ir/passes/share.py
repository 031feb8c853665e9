"""Name what a function computes twice, once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from attrs import evolve

from cmdsl.ir.nodes import (
    Call,
    Compare,
    Const,
    Counting,
    Dim,
    Expr,
    Fill,
    Function,
    Gather,
    Lambda,
    Let,
    Logic,
    Loop,
    Nodes,
    Num,
    Op,
    Program,
    Reduce,
    Spread,
    Stmt,
    Type,
    Var,
)
from cmdsl.ir.passes.name import describe
from cmdsl.ir.walk import binds, children, expressions, free, fresh, names, reach, rebuild, rewrite_statement

CHEAP = frozenset(["add", "sub", "mul", "neg", "square", "abs", "min", "max"])
WORTH_SHARING = 2
WORTH_SHARING_ON_HOST = 3  # `2 * SIGMA_DATA**2` twice reads better than a name for it


class Key(NamedTuple):
    """An expression together with which values of its variables it speaks of: a name may be bound again."""

    expression: Expr
    versions: tuple[int, ...]


def share_subexpressions(program: Program) -> Program:
    """Name common subexpressions in each function; nothing leaves a Lambda, a branch on the host, or a loop."""
    reserved = {f.name for f in program.functions} | {c.name for c in program.constants}
    return evolve(program, functions=tuple(_shared(f, reserved) for f in program.functions))


def _shared(f: Function, reserved: set[str]) -> Function:
    taken = set(names(f)) | reserved
    return evolve(f, body=_block(f.body, taken))


def _block(body: tuple[Stmt, ...], taken: set[str]) -> tuple[Stmt, ...]:
    body = tuple(evolve(s, body=_block(s.body, taken)) if isinstance(s, Loop) else s for s in body)
    while (found := _largest_common(body)) is not None:
        key, places = found
        name = fresh(describe(key.expression), taken)
        taken.add(name)
        body = _named(body, key.expression, name, places)
    return body


def _largest_common(body: tuple[Stmt, ...]) -> tuple[Key, list[int]] | None:
    """Give the dearest expression that stands at two places or more, and the statements that it stands in."""
    places: dict[Key, list[int]] = {}
    for at, (s, versions) in enumerate(zip(body, _versions(body), strict=True)):
        for e in _candidates(s):
            places.setdefault(Key(e, tuple(versions.get(v.name, 0) for v in free(e))), []).append(at)
    common = [(key, at) for key, at in places.items() if len(at) > 1]
    return max(common, key=lambda found: cost(found[0].expression), default=None)


def _versions(body: tuple[Stmt, ...]) -> Iterator[dict[str, int]]:
    """Yield, for each statement, how often each name has been bound before it."""
    versions: dict[str, int] = {}
    for s in body:
        yield versions
        versions = versions | {name: versions.get(name, 0) + 1 for name in binds(s)}


def _candidates(s: Stmt) -> Iterator[Expr]:
    for e in expressions(s):
        yield from _worthwhile(e)


def _worthwhile(e: Expr) -> Iterator[Expr]:
    if _worth(e):
        yield e
    for part, within in zip(children(e), reach(e), strict=True):
        if within:
            yield from _worthwhile(part)


def _worth(e: Expr) -> bool:
    least = WORTH_SHARING_ON_HOST if e.type is Type.STATIC else WORTH_SHARING
    return cost(e) >= least and e.type not in (Type.NETWORK, Type.DENOISER, Type.LEARNED, Type.EXTERN, Type.SEQUENCE)


def cost(e: Expr) -> int:
    """Estimate what an expression costs a reader and a machine; names and numbers are free."""
    return _own_cost(e) + sum(cost(part) for part in children(e))


def _own_cost(e: Expr) -> int:
    match e:
        case Num() | Const() | Var() | Lambda() | Dim() | Counting():
            return 2 if isinstance(e, Counting | Dim) else 0
        case Op():
            return (1 if e.name in CHEAP or _small_power(e) else 2) + (e.type is Type.STATE)
        case Spread() | Compare() | Logic():
            return 1
        case Call() | Gather() | Nodes() | Fill() | Reduce():
            return 3
    return 2


def _small_power(e: Op) -> bool:
    return e.name == "pow" and isinstance(e.args[1], Num) and e.args[1].value.denominator == 1


def _named(body: tuple[Stmt, ...], shared: Expr, name: str, places: list[int]) -> tuple[Stmt, ...]:
    """Bind `name` before the first place and use it at all of them."""
    frozen = all(isinstance(s, Let) and s.frozen for s in (body[at] for at in places))
    first = body[places[0]]
    if isinstance(first, Let) and _stands_for(body, first, shared, frozen):
        return _used(body, shared, Var(first.name, shared.type), places[1:])
    body = _used(body, shared, Var(name, shared.type), places)
    return (*body[: places[0]], Let(name, shared, frozen), *body[places[0] :])


def _stands_for(body: tuple[Stmt, ...], let: Let, shared: Expr, frozen: bool) -> bool:
    """Tell whether the name of a binding can be used for its value wherever that stands again."""
    once = sum(binds(s).count(let.name) for s in body) == 1
    return let.value == shared and once and (frozen or not let.frozen)


def _used(body: tuple[Stmt, ...], shared: Expr, var: Var, places: list[int]) -> tuple[Stmt, ...]:
    return tuple(_replaced(s, shared, var) if at in places else s for at, s in enumerate(body))


def _replaced(s: Stmt, shared: Expr, var: Var) -> Stmt:
    def replace(e: Expr) -> Expr:
        if e == shared:
            return var
        parts = zip(children(e), reach(e), strict=True)
        return rebuild(e, tuple(replace(part) if within else part for part, within in parts))

    if isinstance(s, Loop):
        start, stop, items = (e and replace(e) for e in (s.start, s.stop, s.items))
        return evolve(s, start=start, stop=stop, items=items)
    return rewrite_statement(s, replace)
