"""Give each directional derivative a statement of its own, which gives the function's value at the point as well.

Forward mode computes that value anyway: where it is wanted too, the network is evaluated once less.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve

from cmdsl.ir.nodes import Call, Expr, Function, Jvp, Let, Loop, Program, Return, Stmt, Var
from cmdsl.ir.passes.name import describe
from cmdsl.ir.walk import (
    binds,
    children,
    expressions,
    free,
    fresh,
    names,
    reach,
    rebuild,
    rewrite_statement,
    substitute,
)


def share_derivatives(program: Program) -> Program:
    """Name every directional derivative, and take the value at its point from it; nothing leaves a Lambda."""
    reserved = {f.name for f in program.functions} | {c.name for c in program.constants}
    return evolve(program, functions=tuple(_function(f, reserved) for f in program.functions))


def _function(f: Function, reserved: set[str]) -> Function:
    taken = set(names(f)) | reserved
    body = tuple(new for s in f.body for new in _named(s, taken))
    bound = [name for s in body for name in binds(s)]
    for let in [s for s in body if isinstance(s, Let) and isinstance(s.value, Jvp)]:
        if len(bound) == len(set(bound)):
            body = _paired(body, let, taken)
    return evolve(f, body=body)


def _named(s: Stmt, taken: set[str]) -> list[Stmt]:
    """Give a statement after those that its derivatives have become; their names are added to `taken`."""
    if isinstance(s, Loop):
        return [evolve(s, body=tuple(new for inner in s.body for new in _named(inner, taken)))]
    before: list[Stmt] = []

    def name(e: Jvp) -> Var:
        found = fresh(describe(e), taken)
        taken.add(found)
        before.append(Let(found, e, isinstance(s, Let) and s.frozen))
        return Var(found, e.type)

    if isinstance(s, Let) and isinstance(s.value, Jvp):
        inner = rebuild(s.value, tuple(_rewritten(part, _is_derivative, name) for part in children(s.value)))
        return [*before, evolve(s, value=inner)]
    rewritten = rewrite_statement(s, lambda e: _rewritten(e, _is_derivative, name))
    return [*before, rewritten]


def _is_derivative(e: Expr) -> bool:
    return isinstance(e, Jvp)


def _rewritten(e: Expr, wanted: Callable[[Expr], bool], replace: Callable[..., Expr]) -> Expr:
    """Replace what is wanted in an expression, from the leaves up, where it is computed whatever happens."""
    parts = zip(children(e), reach(e), strict=True)
    e = rebuild(e, tuple(_rewritten(part, wanted, replace) if within else part for part, within in parts))
    return replace(e) if wanted(e) else e


def _paired(body: tuple[Stmt, ...], let: Let, taken: set[str]) -> tuple[Stmt, ...]:
    """Take the value at the point of a derivative from it, wherever the value is used."""
    assert isinstance(let.value, Jvp)
    value = _at_the_point(let.value)
    users = [s for s in body if s is not let and any(_contains(e, value) for e in expressions(s))]
    if not isinstance(value, Call) or not users:
        return body
    first = min(body.index(users[0]), body.index(let))
    moved = _needed(body[first:], let)
    if moved is None or any(s in users for s in moved):
        return body
    pair, own = _pair(let, value, users, taken)
    primal = Var(pair.primal or "", value.type)
    rest = (own if s is let else s for s in body[first:] if s not in moved)
    kept = (_with_name(s, value, primal) if s in users else s for s in rest if s is not None)
    return (*body[:first], *moved, pair, *(s for s in kept if not _is_itself(s)))


def _at_the_point(jvp: Jvp) -> Expr:
    """Give what a differentiated function is at the point itself."""
    return substitute(jvp.function.body, {p.name: at for p, at in zip(jvp.function.params, jvp.primals, strict=True)})


def _contains(e: Expr, part: Expr) -> bool:
    return e == part or any(
        _contains(inner, part) for inner, within in zip(children(e), reach(e), strict=True) if within
    )


def _needed(rest: tuple[Stmt, ...], let: Let) -> list[Stmt] | None:
    """Give the bindings among some statements that a derivative follows from; None where others are needed."""
    names_needed = {v.name for v in free(let.value)}
    needed: list[Stmt] = []
    for s in reversed(rest[: rest.index(let)]):
        if names_needed.isdisjoint(binds(s)):
            continue
        if not isinstance(s, Let):
            return None
        needed.append(s)
        names_needed |= {v.name for v in free(s.value)}
    return needed[::-1]


def _pair(let: Let, value: Expr, users: list[Stmt], taken: set[str]) -> tuple[Let, Let | None]:
    """Give the binding of both, and that of the derivative as a constant where the value alone is differentiated."""
    given = next((s for s in users if isinstance(s, Let) and s.value == value and not s.frozen), None)
    still = all(isinstance(s, Let) and s.frozen for s in users)
    primal = given.name if given else fresh(describe(value), taken)
    taken.add(primal)
    if still or not let.frozen:
        return evolve(let, primal=primal), None
    slope = fresh(describe(let.value), taken)
    taken.add(slope)
    return evolve(let, name=slope, primal=primal, frozen=False), Let(let.name, Var(slope, let.value.type), True)


def _with_name(s: Stmt, value: Expr, name: Var) -> Stmt:
    def replace(e: Expr) -> Expr:
        return _rewritten(e, lambda part: part == value, lambda part: name)

    return rewrite_statement(s, replace) if isinstance(s, Let | Return) else s


def _is_itself(s: Stmt) -> bool:
    return isinstance(s, Let) and isinstance(s.value, Var) and s.value.name == s.name
