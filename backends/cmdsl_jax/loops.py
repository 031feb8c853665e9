"""A loop as `jax.lax.scan`: what it carries, what each turn gets, and the turn as a function."""

from __future__ import annotations

from attrs import evolve

from cmdsl.emit.code import Code, Name, Row, apply, method, text
from cmdsl.emit.layout import INDENT, WIDTH, layout, signature
from cmdsl.emit.loops import turns_of
from cmdsl.emit.printer import Writer
from cmdsl.emit.statements import block
from cmdsl.ir.nodes import Compare, Expr, Gather, Loop, Stmt, Type, Var
from cmdsl.ir.walk import children, fresh, rebuild, rewrite_statement


def scan(loop: Loop, w: Writer, indent: str) -> list[str]:
    """Give the lines of a loop that traces its turn once."""
    turn, inner = fresh("turn", w.names), indent + INDENT
    body, counted = _counted(loop, w)
    carried = [v.name for v in loop.carried]
    given = [loop.variable, *(name for name, _ in loop.zipped)]
    carry, head = _unpacked(carried, "carry", w)
    item, item_head = _unpacked(given, "item", w)
    call = apply("jax.lax.scan", Name(turn), _packed([Name(v.name) for v in loop.carried]), _packed(_items(loop, w)))
    prefix = f"{_target(carried)}, _ = "
    params = [f"{carry}: {_kind(carried)}", f"{item}: {_kind(given)}"]
    return [
        "",
        *(indent + line for line in signature(turn, params, f"tuple[{_kind(carried)}, None]", WIDTH - len(indent))),
        *(inner + line for line in [*head, *item_head, *counted]),
        *block(body, w, inner),
        f"{inner}return {_target(carried)}, None",
        "",
        *(layout(prefix, call, indent) or [f"{indent}{prefix}{text(call)}"]),
    ]


def _counted(loop: Loop, w: Writer) -> tuple[tuple[Stmt, ...], list[str]]:
    """Give the body with the counter in the dtype of times wherever it is computed with, and the line that makes it."""
    own = fresh(f"{loop.variable}_value", w.names)
    body = tuple(rewrite_statement(s, lambda e: _computed(e, loop.variable, own)) for s in loop.body)
    line = text(method(Name(loop.variable), "astype", apply("time_dtype", Name(w.array or ""))))
    return body, [f"{own} = {line}"] if body != loop.body else []


def _computed(e: Expr, counter: str, own: str) -> Expr:
    """Give an expression with another name of the counter; what indexes a table or is compared stays whole."""
    if isinstance(e, Gather | Compare):
        return e
    if isinstance(e, Var):
        return evolve(e, name=own) if e.name == counter and e.type is Type.LOOP else e
    return rebuild(e, tuple(_computed(part, counter, own) for part in children(e)))


def _unpacked(names: list[str], whole: str, w: Writer) -> tuple[str, list[str]]:
    """Give the parameter that holds some values, and the line that takes it apart where it holds several."""
    if len(names) == 1:
        return names[0], []
    parameter = fresh(whole, w.names)
    return parameter, [f"{', '.join(names)} = {parameter}"]


def _kind(names: list[str]) -> str:
    return "Array" if len(names) == 1 else f"tuple[{', '.join('Array' for _ in names)}]"


def _target(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def _packed(codes: list[Code]) -> Code:
    return codes[0] if len(codes) == 1 else Row(tuple(codes))


def _items(loop: Loop, w: Writer) -> list[Code]:
    turns = turns_of(loop, w, "jnp.arange")
    if loop.items is not None:
        turns = apply("jnp.asarray", turns, apply("time_dtype", Name(w.array or "")))
    return [turns, *(Name(array.name) for _, array in loop.zipped)]
