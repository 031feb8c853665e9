"""One function of a Program as text: head, docstring with its formula and source, body."""

from __future__ import annotations

from fractions import Fraction

from attrs import evolve

from cmdsl.emit.code import Code, Name, Row, number, text
from cmdsl.emit.language import Language
from cmdsl.emit.layout import INDENT, signature
from cmdsl.emit.printer import Writer
from cmdsl.emit.prose import docstring, quoted
from cmdsl.emit.statements import block, split_long
from cmdsl.ir.nodes import (
    Call,
    Counting,
    Draw,
    Expr,
    Function,
    Gather,
    Loop,
    Nodes,
    Num,
    Op,
    Param,
    Program,
    Return,
    Role,
    Stmt,
    Type,
    Var,
)
from cmdsl.ir.walk import all_subexpressions, children, free, names, statements, subexpressions

COUNTS = ("k", "K", "N")  # whole numbers wherever the language has them
ARRAYS = (Type.STATE, Type.SAMPLE)


def print_function(f: Function, program: Program, language: Language) -> list[str]:
    """Give the lines of one function."""
    head = signature(f.name, _params(f, language), _result(f, language))
    taken = set(names(f)) | {g.name for g in program.functions} | {c.name for c in program.constants}
    draws = tuple(s.name for s in f.body if isinstance(s, Draw))
    writer = Writer(language, _array(f), _device(f), frozenset(_indices(f)), draws, frozenset(taken))
    body = split_long(_host_numbers(f), writer, INDENT, taken)
    return [
        *language.decorators(f),
        *head,
        *docstring(_paragraphs(f), INDENT),
        *_prepared(f, writer),
        *block(body, writer, INDENT),
    ]


def _paragraphs(f: Function) -> list[str]:
    formula, source = quoted(f.formula), quoted(f.source)
    if not source:
        return [formula]
    return [f"{formula}   ({source})"] if formula else [f"As in {source}."]


def _params(f: Function, language: Language) -> list[str]:
    counts = set(COUNTS) | _counts(f)
    positional = [_param(p, counts, language) for p in f.params if not p.keyword]
    keyword = [_param(p, counts, language) for p in f.params if p.keyword]
    random = [language.random] if f.role is Role.DRAW else []
    device = [*language.grid_params] if f.role is Role.GRID else []
    return [*random, *positional, *device, *(["*"] if keyword else []), *keyword]


def _param(p: Param, counts: set[str], language: Language) -> str:
    annotation = "int" if p.type is Type.STATIC and p.name in counts else language.annotations[p.type]
    default = "" if p.default is None else f" = {text(_default(p.default))}"
    return f"{p.name}: {annotation}{default}"


def _default(value: Fraction | tuple[Fraction, ...]) -> Code:
    return number(value) if isinstance(value, Fraction) else Row(tuple(map(number, value)))


def _counts(f: Function) -> set[str]:
    """Give the parameters that count something: nodes, turns, entries."""
    loops = [e for s in statements(f.body) if isinstance(s, Loop) for e in (s.start, s.stop) if e is not None]
    turns = [
        e for s in statements(f.body) if isinstance(s, Draw) and s.distribution == "normal_like" for e in s.args[1:]
    ]
    nodes = [e for e in all_subexpressions(f.body) if isinstance(e, Nodes | Counting)]
    tables = [part for e in nodes for part in children(e)]
    return {v.name for e in [*loops, *turns, *tables] for v in free(e) if v.type is Type.STATIC}


def _result(f: Function, language: Language) -> str:
    if f.role is Role.DRAW:
        return language.draws_annotation
    if f.result is Type.TABLE:
        return language.table_annotation
    if f.result is Type.STATIC:
        return "int" if f.integer else "float"
    return language.annotations[f.result]


def _device(f: Function) -> Code | None:
    if f.role is Role.GRID:
        return Name("device")
    array = _array(f)
    return None if array is None else Name(f"{array}.device")


def _array(f: Function) -> str | None:
    """Give the parameter whose dtype and device the rest of a function follows."""
    return next((p.name for kind in ARRAYS for p in f.params if p.type is kind), None)


def _indices(f: Function) -> list[str]:
    """Give the samples of a function that do nothing but index tables: they become integers once, at its head."""
    gathers = [e for e in all_subexpressions(f.body) if isinstance(e, Gather) and e.type is Type.SAMPLE]
    candidates = [p.name for p in f.params if p.type is Type.SAMPLE]
    counted = [e.index for e in gathers if _whole(e.index)]
    return [name for name in candidates if _uses(f, name) == sum(_count(index, name) for index in counted) > 0]


def _whole(index: Expr) -> bool:
    """Tell whether an index is whole because what it is made of is: no fraction is rounded in it."""
    match index:
        case Var():
            return True
        case Num(value):
            return value.denominator == 1
        case Op("add" | "sub" | "mul", args):
            return all(map(_whole, args))
    return False


def _uses(f: Function, name: str) -> int:
    return sum(isinstance(e, Var) and e.name == name for e in all_subexpressions(f.body))


def _count(e: Expr, name: str) -> int:
    return (isinstance(e, Var) and e.name == name) + sum(_count(part, name) for part in children(e))


def _prepared(f: Function, w: Writer) -> list[str]:
    """Give the lines that bring arguments into the form that the body counts on."""
    whole = [(name, w.language.whole(Name(name))) for name in _indices(f)]
    array = _array(f)
    uniform = [] if array is None else [p.name for p in f.params if p.type is Type.UNIFORM]
    # Turn after turn a network is given states of one dtype, at least that of the coefficients.
    states = [p.name for p in f.params if p.type is Type.STATE and not p.keyword] if f.role is Role.SAMPLER else []
    forms = [
        *whole,
        *((name, w.language.widen(Name(name))) for name in states),
        *((name, w.language.uniform(Name(name), array or "")) for name in uniform),
    ]
    draws = w.language.draw_head(w) if f.role is Role.DRAW else []
    return [*(f"{INDENT}{name} = {text(code)}" for name, code in forms), *(INDENT + line for line in draws)]


def _host_numbers(f: Function) -> tuple[Stmt, ...]:
    """Give the body; the result of a host function is an int or a float, as it says."""
    if not f.host:
        return f.body
    return tuple(evolve(s, value=_typed(f, s.value)) if isinstance(s, Return) else s for s in f.body)


def _typed(f: Function, value: Expr) -> Expr:
    """Convert a result whose type Python can't tell: a power of integers is an int or a float."""
    if f.integer:
        return value if _integral(value) else Call("int", (value,), Type.STATIC)
    unclear = any(isinstance(e, Op) and e.name == "pow" for e in subexpressions(value))
    return Call("float", (value,), Type.STATIC) if unclear else value


def _integral(e: Expr) -> bool:
    match e:
        case Num(value):
            return value.denominator == 1
        case Op("floor" | "ceil"):
            return True
        case Op("add" | "sub" | "mul" | "min" | "max" | "neg", args):
            return all(_integral(a) for a in args)
    return False
