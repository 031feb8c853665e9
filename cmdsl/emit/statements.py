"""Statements as lines of Python; those that would not fit on their lines are taken apart and named first."""

from __future__ import annotations

from itertools import groupby

from attrs import evolve

from cmdsl.emit.code import Code, Mapping, Name, text
from cmdsl.emit.layout import INDENT, layout, signature
from cmdsl.emit.printer import Writer, derivative
from cmdsl.ir.nodes import Call, Draw, Expr, Jvp, Lambda, Let, Loop, Num, Return, ReturnDraws, Stmt, Var
from cmdsl.ir.passes.name import describe
from cmdsl.ir.walk import children, fresh, reach, rebuild

NAMED_WIDTH = 100


def block(body: tuple[Stmt, ...], w: Writer, indent: str) -> list[str]:
    """Give the lines of a body; neighbours that are never differentiated share one block without a graph."""
    lines: list[str] = []
    for apart, group in groupby(body, key=lambda s: _without_graph(s, w)):
        inner = indent + INDENT if apart else indent
        inside = [line for s in group for line in _lines(s, w, inner)]
        lines += [f"{indent}with {w.language.no_grad}:", *inside[inside[0] == "" :]] if apart else inside
    return lines


def _without_graph(s: Stmt, w: Writer) -> bool:
    return isinstance(s, Let) and s.frozen and w.language.no_grad is not None and not isinstance(s.value, Var)


def _lines(s: Stmt, w: Writer, indent: str) -> list[str]:
    if isinstance(s, Loop):
        return w.language.loop(s, w, indent)
    if isinstance(s, Let) and isinstance(s.value, Lambda):
        return _function(s.name, s.value, w, indent)
    prefix, code = _simple(s, w)
    return layout(prefix, code, indent) or [f"{indent}{prefix}{text(code)}"]


def _function(name: str, function: Lambda, w: Writer, indent: str) -> list[str]:
    """Give the lines of a function that is too long to stand in an expression."""
    params = [f"{p.name}: {w.language.annotations[p.type]}" for p in function.params]
    head = signature(name, params, w.language.annotations[function.body.type])
    body = split_long((Return(function.body),), w, indent + INDENT, set(w.names) | {p.name for p in function.params})
    return ["", *(indent + line for line in head), *block(body, w, indent + INDENT), ""]


def _simple(s: Let | Draw | Return | ReturnDraws, w: Writer) -> tuple[str, Code]:
    """Give the head and the expression of a statement on its own."""
    match s:
        case Let():
            held = s.frozen and not _without_graph(s, w)
            code = derivative(w, s.value) if isinstance(s.value, Jvp) else w.code(s.value)
            names = f"{s.primal or '_'}, {s.name}" if isinstance(s.value, Jvp) else s.name
            return f"{names} = ", w.language.stop_gradient(code) if held else code
        case Draw():
            return f"{s.name} = ", w.language.draw(s, w)
        case Return():
            return "return ", w.code(s.value)
        case ReturnDraws():
            return "return ", Mapping(tuple((name, Name(name)) for name in s.names))


def split_long(body: tuple[Stmt, ...], w: Writer, indent: str, taken: set[str]) -> tuple[Stmt, ...]:
    """Name parts of the expressions that don't fit on their lines, until all do; new names are added to `taken`."""
    return tuple(new for s in body for new in _split(s, w, indent, taken))


def _split(s: Stmt, w: Writer, indent: str, taken: set[str]) -> list[Stmt]:
    if isinstance(s, Loop):
        return [evolve(s, body=split_long(s.body, w, indent + INDENT, taken))]
    before: list[Stmt] = []
    inner = indent + INDENT if _without_graph(s, w) else indent
    while isinstance(s, Let | Return) and not isinstance(s.value, Lambda) and layout(*_simple(s, w), inner) is None:
        part = _longest_part(s.value, w)
        if part is None:
            break
        name = fresh(describe(part), taken)
        taken.add(name)
        before += _split(Let(name, part, isinstance(s, Let) and s.frozen), w, indent, taken)
        s = evolve(s, value=_with(s.value, part, _named(name, part)))
    return [*before, s]


def _named(name: str, part: Expr) -> Expr:
    """Give what stands for a part that has a name now; a function stays one of its parameters."""
    if not isinstance(part, Lambda):
        return Var(name, part.type)
    return evolve(part, body=Call(Var(name, part.type), part.params, part.body.type))


def _longest_part(e: Expr, w: Writer) -> Expr | None:
    """Give a function that fits on no line, or else the longest part that does; calls first: they have names."""
    functions = [p for p in _parts(e) if isinstance(p, Lambda) and len(text(w.code(p))) > NAMED_WIDTH]
    if functions:
        return functions[0]
    parts = [p for p in _parts(e) if not isinstance(p, Var | Num | Lambda) and p != e]
    sized = [(isinstance(p, Call), len(text(w.code(p))), p) for p in parts]
    fitting = [(call and size > NAMED_WIDTH // 3, size, p) for call, size, p in sized if size <= NAMED_WIDTH]
    return max(fitting, key=lambda found: found[:2])[2] if fitting else None


def _parts(e: Expr) -> list[Expr]:
    inner = (part for part, within in zip(children(e), reach(e), strict=True) if within)
    return [e, *(p for part in inner for p in _parts(part))]


def _with(e: Expr, part: Expr, name: Expr) -> Expr:
    if e == part:
        return name
    pairs = zip(children(e), reach(e), strict=True)
    return rebuild(e, tuple(_with(p, part, name) if within else p for p, within in pairs))
