"""A loop as `jax.lax.scan`: what it carries, what each turn gets, and the turn as a function."""

from __future__ import annotations

from cmdsl.emit.code import Code, Name, Row, apply, method, text
from cmdsl.emit.layout import INDENT, layout
from cmdsl.emit.loops import turns_of
from cmdsl.emit.printer import Writer
from cmdsl.emit.statements import block
from cmdsl.ir.nodes import Loop, Type, Var
from cmdsl.ir.walk import fresh


def scan(loop: Loop, w: Writer, indent: str) -> list[str]:
    """Give the lines of a loop that traces its turn once."""
    turn, inner = fresh("turn", w.names), indent + INDENT
    carried = [v.name for v in loop.carried]
    given = [loop.variable, *(name for name, _ in loop.zipped)]
    carry, head = _unpacked(carried, "carry", w)
    item, item_head = _unpacked(given, "item", w)
    call = apply("jax.lax.scan", Name(turn), _packed([_start(v, w) for v in loop.carried]), _packed(_items(loop, w)))
    prefix = f"{_target(carried)}, _ = "
    return [
        "",
        f"{indent}def {turn}({carry}: {_kind(carried)}, {item}: {_kind(given)}) -> tuple[{_kind(carried)}, None]:",
        *(inner + line for line in [*head, *item_head]),
        *block(loop.body, w, inner),
        f"{inner}return {_target(carried)}, None",
        "",
        *(layout(prefix, call, indent) or [f"{indent}{prefix}{text(call)}"]),
    ]


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


def _start(v: Var, w: Writer) -> Code:
    """Give what a turn starts from in the dtype that it ends in: coefficients are at least float32."""
    if v.type is Type.STATE:
        return method(Name(v.name), "astype", apply("time_dtype", Name(v.name)))
    if v.type is Type.SAMPLE:
        return Name(v.name)
    return apply("jnp.asarray", Name(v.name), apply("time_dtype", Name(w.array or "")))


def _items(loop: Loop, w: Writer) -> list[Code]:
    turns = turns_of(loop, w, "jnp.arange")
    if loop.items is not None:
        turns = apply("jnp.asarray", turns, apply("time_dtype", Name(w.array or "")))
    return [turns, *(Name(array.name) for _, array in loop.zipped)]
