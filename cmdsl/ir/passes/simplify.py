"""Peepholes that make expressions plain: neutral elements, signs, fills, common factors of states.

What is left is equal but for rounding, and differences and quotients of scalars, which the boundary rests on, stay as
they are: nothing here reassociates them.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from attrs import evolve

from cmdsl.ir.build import num
from cmdsl.ir.nodes import Compare, Expr, Fill, Gather, Num, Op, Program, Select, Spread, Type
from cmdsl.ir.walk import free, rewrite_statement, transform

ARRAYS = (Type.SAMPLE, Type.STATE)
ZERO, ONE, MINUS_ONE = num(0), num(1), num(-1)
LARGEST = 10**9  # numerators and denominators beyond it are not folded: the spec's own form reads better


def simplify(program: Program) -> Program:
    """Simplify every expression of a Program."""
    return evolve(
        program,
        functions=tuple(
            evolve(f, body=tuple(rewrite_statement(s, simplify_expression) for s in f.body)) for f in program.functions
        ),
    )


def simplify_expression(e: Expr) -> Expr:
    """Simplify an expression until no rule applies."""
    while (simpler := transform(e, _apply)) != e:
        e = simpler
    return e


def _apply(e: Expr) -> Expr:
    for rule in RULES:
        result = rule(e)
        if result is not None:
            return result
    return e


def _fold(e: Expr) -> Expr | None:
    """Compute with exact numbers, where the result is as short."""
    if not (isinstance(e, Op) and e.name in EXACT):
        return None
    values = [a.value for a in e.args if isinstance(a, Num)]
    result = EXACT[e.name](*values) if len(values) == len(e.args) else None
    return None if result is None or max(abs(result.numerator), result.denominator) > LARGEST else Num(result)


def _quotient(a: Fraction, b: Fraction) -> Fraction | None:
    return a / b if b and (a / b).denominator == 1 else None


def _power(a: Fraction, b: Fraction) -> Fraction | None:
    return Fraction(a ** int(b)) if b.denominator == 1 and 0 <= b <= 16 else None


EXACT: dict[str, Callable[..., Fraction | None]] = {
    "neg": lambda a: -a,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": _quotient,
    "pow": _power,
    "square": lambda a: a * a,
}


def _neutral(e: Expr) -> Expr | None:
    """Drop 0 from sums, 1 from products, quotients and powers."""
    if not (isinstance(e, Op) and len(e.args) == 2):
        return None
    match e.name, *e.args:
        case ("add", x, y) if y == ZERO:
            return x
        case ("add", x, y) if x == ZERO:
            return y
        case ("sub", x, y) if y == ZERO:
            return x
        case ("sub", x, y) if x == ZERO:
            return Op("neg", (y,), e.type)
        case ("mul" | "div" | "pow", x, y) if y == ONE:
            return x
        case ("mul", x, y) if x == ONE:
            return y
    return None


def _sign(e: Expr) -> Expr | None:
    """Move minus signs outwards or into a difference; exact in floating point."""
    match e:
        case Op("neg", (Op("neg", (x,)),)):
            return x
        case Op("add", (x, Op("neg", (y,)))):
            return Op("sub", (x, y), e.type)
        case Op("sub", (x, Op("neg", (y,)))):
            return Op("add", (x, y), e.type)
        case Op("add" | "sub" as name, (x, Num(value))) if value < 0:
            return Op("sub" if name == "add" else "add", (x, num(-value)), e.type)
        case Op("mul", (x, y)) if x == MINUS_ONE:
            return Op("neg", (y,), e.type)
        case Op("add", (Op("neg", (x,)), y)):
            return Op("sub", (y, x), e.type)
    return None


def _vanish(e: Expr) -> Expr | None:
    """Put zeros in place of a product with 0."""
    if not (isinstance(e, Op) and e.name == "mul" and ZERO in e.args):
        return None
    if e.type not in ARRAYS:
        return ZERO
    like = next((v for v in free(e) if v.type is e.type), None) or next(v for v in free(e) if v.type in ARRAYS)
    return Fill(ZERO, like, e.type)


def _unfill(e: Expr) -> Expr | None:
    """Let a number meet an array as it is: frameworks repeat it themselves."""
    if isinstance(e, Spread) and isinstance(e.value, Fill):
        return e.value.value
    if isinstance(e, Spread) and e.value.type not in ARRAYS:
        return e.value
    if not (isinstance(e, Op) and any(isinstance(a, Fill) for a in e.args)):
        return None
    args = tuple(a.value if isinstance(a, Fill) else a for a in e.args)
    if any(a.type is e.type for a in args):
        return evolve(e, args=args)
    if any(a.type in ARRAYS for a in args):
        return None
    fill = next(a for a in e.args if isinstance(a, Fill))
    return Fill(Op(e.name, args, max(args, key=lambda a: HOST.index(a.type)).type), fill.like, e.type)


HOST = (Type.STATIC, Type.LOOP, Type.UNIFORM, Type.TABLE)


def _factor(e: Expr) -> Expr | None:
    """Turn c*x - c*y into c*(x - y), x/c - y/c into (x - y)/c for states: one operation less, on whole arrays."""
    match e:
        case Op("add" | "sub", (Op("mul", (c, x)), Op("mul", (d, y))), Type.STATE) if c == d and _scalar(c):
            return Op("mul", (c, Op(e.name, (x, y), Type.STATE)), Type.STATE)
        case Op("add" | "sub", (Op("div", (x, c)), Op("div", (y, d))), Type.STATE) if c == d and _scalar(c):
            return Op("div", (Op(e.name, (x, y), Type.STATE), c), Type.STATE)
    return None


def _scalar(e: Expr) -> bool:
    return isinstance(e, Spread) or e.type not in ARRAYS


def _divide(e: Expr) -> Expr | None:
    """Turn (1/b)*x into x/b for a state x."""
    match e:
        case Op("mul", (Spread(Op("div", (one, b)), like), x)) if one == ONE and x.type is Type.STATE:
            return Op("div", (x, Spread(b, like)), e.type)
    return None


def _choose(e: Expr) -> Expr | None:
    """Take the branch of a condition between exact numbers."""
    match e:
        case Select(Compare(relation, Num(a), Num(b)), then, otherwise):
            return then if RELATIONS[relation](a, b) else otherwise
    return None


RELATIONS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _index(e: Expr) -> Expr | None:
    """Add up the whole numbers in an index: node n + 1 of a table that counts from 0 is entry n."""
    if not (isinstance(e, Gather) and isinstance(e.index, Op)):
        return None
    rest, offset = _offset(e.index)
    if isinstance(rest, Num):
        return None
    name, size = ("add", offset) if offset >= 0 else ("sub", -offset)
    index = rest if offset == 0 else Op(name, (rest, Num(size)), rest.type)
    return None if index == e.index else evolve(e, index=index)


def _offset(e: Expr) -> tuple[Expr, Fraction]:
    match e:
        case Op("add", (x, Num(value))) | Op("add", (Num(value), x)):
            rest, offset = _offset(x)
            return rest, offset + value
        case Op("sub", (x, Num(value))):
            rest, offset = _offset(x)
            return rest, offset - value
    return e, Fraction(0)


RULES: tuple[Callable[[Expr], Expr | None], ...] = (
    _fold,
    _neutral,
    _sign,
    _vanish,
    _unfill,
    _factor,
    _divide,
    _choose,
    _index,
)
