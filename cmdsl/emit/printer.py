"""From expressions of the intermediate representation to Python: one printer for every backend."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from attrs import frozen

from cmdsl.emit.code import Anonymous, Apply, Binary, Code, Item, Name, Row, Ternary, Unary, apply, number, string, text
from cmdsl.emit.language import HOST, Language, operation
from cmdsl.ir.build import num, op
from cmdsl.ir.nodes import (
    Call,
    Compare,
    Const,
    Counting,
    Dim,
    Entry,
    Expr,
    Fill,
    Gather,
    Jvp,
    Lambda,
    Length,
    Logic,
    Nodes,
    Num,
    Op,
    Reduce,
    Select,
    Spread,
    StopGrad,
    Type,
    Var,
)
from cmdsl.ir.passes.simplify import simplify_expression
from cmdsl.ir.walk import free, subexpressions

NUMBERS = (Type.STATIC, Type.LOOP, Type.UNIFORM)
LOGIC = {"and": "&", "or": "|"}


@frozen
class Writer:
    """A language, and what its text has to know of the function that it stands in.

    `array` is the argument that others follow in length, dtype and device, `device` where tables go; `whole` are the
    names of integers, which index a table as they are; `draws` are those that the function makes, `names` all names.
    """

    language: Language
    array: str | None = None
    device: Code | None = None
    whole: frozenset[str] = frozenset()
    draws: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()

    def on_host(self, type: Type) -> bool:
        """Tell whether values of a type are Python numbers."""
        return type is Type.STATIC or (type is Type.LOOP and self.language.host_loops)

    def code(self, e: Expr) -> Code:
        """Give the Python of an expression."""
        return _code(self, e)


def _code(w: Writer, e: Expr) -> Code:
    match e:
        case Num():
            return number(e.value)
        case Const():
            return Name(f"math.{e.name}")
        case Var():
            return Name(e.name)
        case Op():
            return _operation(w, e)
        case Compare():
            return Binary(e.op, w.code(e.left), w.code(e.right))
        case Logic():
            return _logic(w, e)
        case Select():
            return _select(w, e)
        case Spread():
            return apply("over", w.code(e.value), w.code(_plain_like(e.like)))
        case Fill():
            return _fill(w, e)
        case Reduce():
            return apply(e.name, *map(w.code, e.args))
        case Dim():
            return w.language.dim(w.code(_plain_like(e.like)))
        case Length():
            return apply("len", w.code(e.sequence))
        case Call():
            function = Name(e.function) if isinstance(e.function, str) else w.code(e.function)
            return Apply(function, tuple(map(w.code, e.args)), tuple((name, w.code(a)) for name, a in e.keywords))
        case Entry():
            return Item(w.code(e.learned), (Name(string(e.name)),))
        case Lambda():
            return _lambda(w, e)
        case StopGrad():
            return w.language.stop_gradient(w.code(e.value))
        case Jvp():
            return Item(derivative(w, e), (Name("1"),))
        case Gather():
            return _gather(w, e)
        case Nodes():
            like = None if e.like is None else w.code(_plain_like(e.like))
            return w.language.nodes(w.code(e.n), like, w.device, e.grid)
        case Counting():
            return w.language.counting(w.code(e.start), w.code(plus_one(e.stop)), w.device)
    assert_never(e)


def plus_one(e: Expr) -> Expr:
    """Give the end that Python leaves out of a range."""
    gather = simplify_expression(Gather(Var("_", Type.TABLE), op("add", e, num(1)), Type.UNIFORM))
    return simplify_expression(gather.index) if isinstance(gather, Gather) else e


def _plain_like(e: Expr) -> Expr:
    """Give a name in place of an expression that is only asked for its shape."""
    return next((v for v in free(e) if v.type is e.type), e)


def _operation(w: Writer, e: Op) -> Code:
    args = tuple(map(w.code, e.args))
    types = tuple(Type.STATIC if w.on_host(a.type) else a.type for a in e.args)
    if w.on_host(e.type):
        return operation(HOST, e.name, args, types)
    forms = w.language.tables if e.type is Type.TABLE else w.language.arrays
    return operation(forms, e.name, args, types)


def _logic(w: Writer, e: Logic) -> Code:
    args = tuple(map(w.code, e.args))
    if e.op == "not":
        return Unary("not" if w.on_host(e.type) else "~", *args)
    return Binary(e.op if w.on_host(e.type) else LOGIC[e.op], *args)


def _select(w: Writer, e: Select) -> Code:
    if w.on_host(e.condition.type):
        return Ternary(*map(w.code, (e.condition, e.then, e.otherwise)))
    where = w.language.table_where if e.type is Type.TABLE else w.language.where
    condition, then = w.code(e.condition), w.code(e.then)
    state = next((v for v in free(e) if v.type is Type.STATE), None)
    if e.type is Type.STATE and e.condition.type is Type.SAMPLE and state is not None:
        condition = apply("over", condition, Name(state.name))
    if w.on_host(e.then.type) and w.on_host(e.otherwise.type):
        then = _chosen(w, e)
    return apply(where, condition, then, w.code(e.otherwise))


def _chosen(w: Writer, e: Select) -> Code:
    """Give a choice between two Python numbers the dtype that they lack: of what it depends on, or of the function."""
    like = next((v for v in _compared(e.condition) if v.type is e.type), None)
    if like is not None:
        return _like(w, e.then, w.code(like))
    return w.code(e.then) if w.array is None else w.language.uniform(w.code(e.then), w.array)


def _compared(condition: Expr) -> Iterator[Expr]:
    """Yield the values that a condition is about, the simplest first; a variable in place of a condition is none."""
    match condition:
        case Compare():
            yield from (*free(condition), *subexpressions(condition.left), *subexpressions(condition.right))
        case Logic(_, args):
            for part in args:
                yield from _compared(part)
        case Spread(value, like):
            yield from (*_compared(value), *free(like))


def _fill(w: Writer, e: Fill) -> Code:
    like = _plain_like(e.like)
    if e.type is Type.UNIFORM:
        return w.language.single(w.code(e.value), text(w.code(like)))
    if e.value.type is Type.UNIFORM or (e.value.type is Type.LOOP and not w.language.host_loops):
        return w.language.expand(w.code(e.value), w.code(like), like.type)
    if like.type is e.type:
        return _like(w, e.value, w.code(like))
    return apply("fill", w.code(e.value), w.code(like))


def _like(w: Writer, value: Expr, like: Code) -> Code:
    """Give an array that has one number everywhere."""
    named = {num(0): "zeros_like", num(1): "ones_like"}.get(value) if isinstance(value, Num) else None
    return (
        apply(f"{w.language.like}.{named}", like)
        if named
        else apply(f"{w.language.like}.full_like", like, w.code(value))
    )


def _lambda(w: Writer, e: Lambda) -> Code:
    """Give a function: the called one where nothing is bound before its parameters, `partial` where something is."""
    body, params = e.body, e.params
    if isinstance(body, Call) and not body.keywords and body.args[len(body.args) - len(params) :] == params:
        bound = body.args[: len(body.args) - len(params)]
        own = {p.name for p in params}
        callee = Name(body.function) if isinstance(body.function, str) else w.code(body.function)
        if not any(v.name in own for a in bound for v in free(a)):
            return apply("partial", callee, *map(w.code, bound)) if bound else callee
    return Anonymous(tuple(p.name for p in params), w.code(body))


def derivative(w: Writer, e: Jvp) -> Code:
    """Give the call that computes a function's value at a point and its derivative along a direction."""
    primals = tuple(map(w.code, e.primals))
    tangents = tuple(_tangent(w, d, p, code) for d, p, code in zip(e.tangents, e.primals, primals, strict=True))
    return apply(w.language.jvp, w.code(e.function), Row(primals), Row(tangents))


def _tangent(w: Writer, tangent: Expr, primal: Expr, at: Code) -> Code:
    """Give a tangent in the dtype of its primal: one without a coefficient in it may be of lower precision."""
    if tangent.type in NUMBERS:
        return _like(w, tangent, at)
    scaled = any(isinstance(part, Spread | Call) for part in subexpressions(tangent))
    return w.code(tangent) if scaled or primal.type is Type.SAMPLE else w.language.cast(w.code(tangent), at)


def _gather(w: Writer, e: Gather) -> Code:
    table = w.code(e.table)
    if e.type is Type.TABLE:
        ends = _range(e.index)
        return Item(table, (w.language.whole(w.code(e.index)),)) if ends is None else _slice(w, table, *ends)
    index = w.code(e.index)
    counted = all(v.name in w.whole for v in free(e.index) if v.type not in (Type.STATIC, Type.LOOP))
    return Item(table, (index if counted else w.language.whole(index),))


def _slice(w: Writer, table: Code, start: Expr, stop: Expr) -> Code:
    first = simplify_expression(start)
    return Item(table, (None if first == num(0) else w.code(first), w.code(plus_one(stop))))


def _range(e: Expr) -> tuple[Expr, Expr] | None:
    """Give both ends of an index that runs over whole numbers one by one."""
    match e:
        case Counting(start, stop):
            return start, stop
        case Op("add" | "sub" as name, (Counting(start, stop), Num() as by)):
            return op(name, start, by), op(name, stop, by)
    return None
