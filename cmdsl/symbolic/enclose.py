"""Evaluate expressions in ball arithmetic: a value with a bound of its error, a range of times with one of values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import flint
import sympy as sp
from attrs import frozen
from sympy.codegen.cfunctions import expm1, log1p, log2

BITS = 200  # sixty digits: fifty, and room for what a formula loses
PIECES = 4000

Ball = Any  # flint.arb

FUNCTIONS: Mapping[type, Callable[..., Ball]] = {
    sp.exp: flint.arb.exp,
    expm1: flint.arb.expm1,
    sp.log: flint.arb.log,
    log1p: flint.arb.log1p,
    log2: lambda x: x.log() / flint.arb(2).log(),
    sp.sin: flint.arb.sin,
    sp.cos: flint.arb.cos,
    sp.tan: flint.arb.tan,
    sp.asin: flint.arb.asin,
    sp.acos: flint.arb.acos,
    sp.atan: flint.arb.atan,
    sp.sinh: flint.arb.sinh,
    sp.cosh: flint.arb.cosh,
    sp.tanh: flint.arb.tanh,
    sp.asinh: flint.arb.asinh,
    sp.acosh: flint.arb.acosh,
    sp.atanh: flint.arb.atanh,
    sp.erf: flint.arb.erf,
    sp.floor: flint.arb.floor,
    sp.ceiling: flint.arb.ceil,
    sp.sign: flint.arb.sgn,
    sp.Abs: abs,
    sp.cot: flint.arb.cot,
    sp.sec: flint.arb.sec,
    sp.csc: flint.arb.csc,
}
COMPARISONS: Mapping[type, Callable[[Ball, Ball], bool]] = {
    sp.StrictLessThan: lambda a, b: a < b,
    sp.LessThan: lambda a, b: a <= b,
    sp.StrictGreaterThan: lambda a, b: a > b,
    sp.GreaterThan: lambda a, b: a >= b,
}
NEGATIONS = {
    sp.StrictLessThan: sp.GreaterThan,
    sp.LessThan: sp.StrictGreaterThan,
    sp.StrictGreaterThan: sp.LessThan,
    sp.GreaterThan: sp.StrictLessThan,
}


class NotEnclosed(Exception):
    """Raised for a function that ball arithmetic does not know."""


@frozen
class Tape:
    """An expression as steps, each of the earlier values; equal parts are computed once."""

    symbols: tuple[sp.Symbol, ...]
    steps: tuple[tuple[Callable[..., Ball], tuple[int, ...]], ...]

    def __call__(self, *values: Ball) -> Ball:
        """Evaluate at balls."""
        known = list(values)
        for function, where in self.steps:
            known.append(function(*[known[i] for i in where]))
        return known[-1]


def tape(expr: sp.Expr, symbols: Sequence[sp.Symbol]) -> Tape:
    """Compile an expression; NotEnclosed where ball arithmetic can't evaluate it."""
    places: dict[sp.Basic, int] = {s: i for i, s in enumerate(symbols)}
    steps: list[tuple[Callable[..., Ball], tuple[int, ...]]] = []

    def place(e: sp.Basic) -> int:
        if e not in places:
            function, args = step(e)
            where = tuple(place(a) for a in args)
            places[e] = len(symbols) + len(steps)
            steps.append((function, where))
        return places[e]

    last = place(expr)
    steps.append((lambda x: x, (last,)))
    return Tape(tuple(symbols), tuple(steps))


def step(e: sp.Basic) -> tuple[Callable[..., Ball], tuple[sp.Basic, ...]]:
    """Give the operation of a node, and its operands."""
    if isinstance(e, sp.Rational):
        return constant(e), ()
    if e is sp.pi:
        return flint.arb.pi, ()
    if e is sp.E:
        return flint.arb.const_e, ()
    if isinstance(e, sp.Add):
        return total, e.args
    if isinstance(e, sp.Mul):
        return product, e.args
    if isinstance(e, sp.Pow) and not isinstance(e, sp.exp):
        return power(e)
    if isinstance(e, sp.Min | sp.Max):
        return (smallest if isinstance(e, sp.Min) else largest), e.args
    if isinstance(e, sp.Piecewise):
        return piecewise(e)
    if e.func in FUNCTIONS:
        return FUNCTIONS[e.func], e.args
    raise NotEnclosed(e)


def constant(e: sp.Rational) -> Callable[[], Ball]:
    """Give a rational, enclosed at the precision in force."""
    return lambda: flint.arb(flint.fmpq(int(e.p), int(e.q)))


def total(*args: Ball) -> Ball:
    """Add."""
    result = args[0]
    for a in args[1:]:
        result = result + a
    return result


def product(*args: Ball) -> Ball:
    """Multiply."""
    result = args[0]
    for a in args[1:]:
        result = result * a
    return result


def smallest(*args: Ball) -> Ball:
    """Give the least."""
    result = args[0]
    for a in args[1:]:
        result = result.min(a)
    return result


def largest(*args: Ball) -> Ball:
    """Give the greatest."""
    result = args[0]
    for a in args[1:]:
        result = result.max(a)
    return result


def power(e: sp.Pow) -> tuple[Callable[..., Ball], tuple[sp.Basic, ...]]:
    """Give a power: of an integer or half exponent directly, else by the exponential."""
    base, exponent = e.as_base_exp() if e.base.is_Rational else (e.base, e.exp)
    if not isinstance(exponent, sp.Rational):
        return (lambda x, y: (y * x.log()).exp()), (base, exponent)
    p, q = int(exponent.p), int(exponent.q)
    if q == 1:
        return (lambda x: whole_power(x, p)), (base,)
    if q == 2:
        return (lambda x: whole_power(x.sqrt(), p)), (base,)
    return (lambda x: whole_power(root(x, q), p)), (base,)


def whole_power(x: Ball, n: int) -> Ball:
    """Raise to an integer power; flint's own power of a ball around exactly 0 is nan."""
    if n < 0:
        return 1 / whole_power(x, -n)
    return x**n if x.is_exact() or not x.mid().is_zero() else product(*[x] * n)


def root(x: Ball, q: int) -> Ball:
    """Take a root; of exactly 0 it is 0."""
    return x if x.is_zero() else x.root(q)


def piecewise(e: sp.Piecewise) -> tuple[Callable[..., Ball], tuple[sp.Basic, ...]]:
    """Give a selection: where the condition is open, the union of both branches."""
    (value, condition), *rest = e.args
    if condition == sp.true:
        return (lambda x: x), (value,)
    if type(condition) not in COMPARISONS or not rest:
        raise NotEnclosed(e)
    holds, fails = COMPARISONS[type(condition)], COMPARISONS[NEGATIONS[type(condition)]]

    def select(a: Ball, b: Ball, then: Ball, otherwise: Ball) -> Ball:
        return then if holds(a, b) else otherwise if fails(a, b) else then.union(otherwise)

    return select, (condition.lhs, condition.rhs, value, sp.Piecewise(*rest, evaluate=False))


def ball(value: sp.Expr) -> Ball:
    """Enclose a constant."""
    return tape(value, ())()


def uncovered(
    function: Callable[..., Ball],
    ends: Sequence[tuple[Ball, Ball]],
    holds: Callable[[Ball], bool],
    pieces: int = PIECES,
) -> tuple[tuple[Ball, ...] | None, int]:
    """Bisect a box, given by the ends of each variable, until `holds` is certain on every piece.

    Gives the first undecided piece, or None, and how many pieces there were.
    """
    waiting, seen = [tuple(ends)], 0
    while waiting:
        box = waiting.pop()
        seen += 1
        piece = tuple(a.union(b) for a, b in box)
        if holds(function(*piece)):
            continue
        halves = halved(box)
        if seen > min(pieces, PIECES) or not halves:
            return piece, seen
        waiting += halves
    return None, seen


Box = tuple[tuple[Ball, Ball], ...]


def halved(box: Box) -> list[Box]:
    """Cut a box in two across its relatively longest side; none where there is no room."""
    i = max(range(len(box)), key=lambda k: float((box[k][1] - box[k][0]) / (abs(box[k][0]) + abs(box[k][1])).upper()))
    a, b = box[i]
    middle = split(a, b)
    return [] if middle is None else [(*box[:i], half, *box[i + 1 :]) for half in ((middle, b), (a, middle))]


def plural(pieces: int) -> str:
    """Count pieces in words."""
    return f"{pieces} piece{'s' if pieces > 1 else ''}"


def split(a: Ball, b: Ball) -> Ball | None:
    """Give a point between: the geometric mean over several octaves; None where there is no room."""
    middle = (a * b).sqrt().mid() if a > 0 and b > 4 * a else ((a + b) / 2).mid()
    return middle if a < middle < b and (b - a) > 1e-30 * abs(b) else None


def times(low: Ball, high: Ball, count: int) -> Iterator[Ball]:
    """Give at least `count` points of [low, high]: the ends, their neighbours, then even and geometric steps."""
    width = high - low
    near = [width * flint.arb(2) ** -k for k in range(8, 80, 8)]
    yield from (low, high)
    yield from (low + d for d in near)
    yield from (high - d for d in near)
    half = (count + 1) // 2
    yield from (low + width * k / (half + 1) for k in range(1, half + 1))
    # Most of what goes wrong does so near the boundary: half of the points crowd there.
    yield from (low + width * (flint.arb(10) ** (flint.arb(-12) * k / (half + 1))) for k in range(1, half + 1))


def text(value: Ball, digits: int = 12) -> str:
    """Write a ball's midpoint, without trailing zeros."""
    mantissa, e, exponent = str(value.mid().str(digits, radius=False)).partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}{e}{exponent.removeprefix('+')}"
