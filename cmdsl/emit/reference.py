"""Reference values at fifty digits, with how much a rounding of the arguments or parameters may move them."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Any

import mpmath
from attrs import evolve, frozen

from cmdsl.ir.interpret import DIGITS, Machine, interpret, machine
from cmdsl.ir.nodes import Call, Function, Param, Program, Role, Type, Var
from cmdsl.ir.walk import all_subexpressions

ROLES = (Role.PROCESS, Role.KERNEL, Role.PRECONDITION, Role.DEFINITION)
STATES = (0.75, -1.25, 2.5, -0.375)  # exact in float32
STEPS = 12
LARGEST = 3e38  # of float32
FLOAT32, FLOAT64 = (-126, 128), (-1022, 1024)  # the powers of two that are their normal numbers' ends
PRECISIONS = (40, 42, 45, 47)  # bits in which a formula is evaluated to learn what its roundings come to
H = 10**20  # 1/H is the step of the differences that measure condition: a third of the digits


@frozen
class Row:
    """A function's value at some arguments; `scale` is what relative errors of arguments and parameters come to.

    `single` says that float32 holds the arguments and whatever is computed of them.
    """

    arguments: tuple[float, ...]
    value: float
    scale: float
    single: bool


@frozen
class Table:
    """The rows of a function, whose arguments are scalars `t` or states `x`, in the order of `kinds`."""

    name: str
    kinds: str
    rows: tuple[Row, ...]


def tables(program: Program) -> tuple[Table, ...]:
    """Evaluate every function of scalars and states alone, over [EPSILON, T], where it is finite."""
    if "T" not in {c.name for c in program.constants}:
        return ()
    found = (_table(program, f) for f in program.functions if _plain(program, f))
    return tuple(t for t in found if t.rows)


def _plain(program: Program, f: Function) -> bool:
    kinds = {p.type for p in f.params}
    known = f.role in ROLES and not f.host and kinds <= {Type.SAMPLE, Type.STATE} and bool(kinds)
    return known and not calls_python(program, f)


def calls_python(program: Program, f: Function) -> bool:
    """Tell whether a function calls one of another module, by itself or through others."""
    parts = [e for e in all_subexpressions(f.body) if isinstance(e, Var | Call)]
    called = (program.function(e.function) for e in parts if isinstance(e, Call) and isinstance(e.function, str))
    return any(e.type is Type.EXTERN for e in parts) or any(g is not None and calls_python(program, g) for g in called)


def times(program: Program) -> tuple[float, ...]:
    """Give both ends, and numbers between them that are exact in float32; more of them near the boundary."""
    values = {c.name: float(c.value) for c in program.constants}
    low, high = values.get("EPSILON", values["T"] / 1000), values["T"]  # without a boundary, from near time 0
    inner = (_inside(low + (high - low) * (i / STEPS) ** 3, low, high) for i in range(STEPS + 1))
    return tuple(sorted({low, high, *inner}))


def _inside(value: float, low: float, high: float) -> float:
    """Round to float32, towards the inside of the interval."""
    if value > LARGEST:
        return value
    rounded = _float32(value)
    if rounded < low:
        rounded = _float32_after(rounded, 1)
    return _float32_after(rounded, -1) if rounded > high else rounded


def _float32(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])


def _float32_after(value: float, step: int) -> float:
    """Give the neighbour of a positive float32, above or below it."""
    (bits,) = struct.unpack("i", struct.pack("f", value))
    return float(struct.unpack("f", struct.pack("i", bits + step))[0])


def _table(program: Program, f: Function) -> Table:
    columns = _columns(program, f)
    m = machine(program)
    value = _column(m, f, columns)
    value = [v if sure else m.mp.nan for v, sure in zip(value, _sure(program, f, columns, value), strict=True)]
    moved = list(_movements(program, m, f, columns, value))
    if f.role is Role.DEFINITION:
        moved.append(_roundings(program, f, columns, value))
    held = [held_in(value, _column(ranged(m, exponents), f, columns)) for exponents in (FLOAT32, FLOAT64)]
    rows = zip(zip(*columns, strict=True), value, zip(*moved, strict=True), *held, strict=True)
    kept = (_row(arguments, v, moves, single) for arguments, v, moves, single, double in rows if double)
    kinds = "".join("x" if p.type is Type.STATE else "t" for p in f.params)
    return Table(f.name, kinds, tuple(row for row in kept if row is not None))


def _row(arguments: tuple[float, ...], value: Any, moves: tuple[Any, ...], held: bool) -> Row | None:
    """Give a row, None where a float can't hold it."""
    single = held and all(abs(a) < LARGEST and _float32(a) == a for a in arguments)
    row = Row(arguments, float(value), float(abs(value) + sum(abs(move) for move in moves)), single)
    return row if all(map(math.isfinite, (*arguments, row.value, row.scale))) else None


def ranged(m: Machine, exponents: tuple[int, int]) -> Machine:
    """Let numbers that are computed be infinite or zero where floats of a range have nothing larger or smaller."""
    smallest, largest = (m.mp.mpf(2) ** exponent for exponent in exponents)

    def stored(value: Any) -> Any:
        return value * 0 if abs(value) < smallest else m.mp.sign(value) * m.mp.inf if abs(value) >= largest else value

    return evolve(m, stored=stored)


def held_in(values: list[Any], stored: list[Any]) -> list[bool]:
    """Tell which values are the same, but for less than a rounding, where what is computed has a range."""
    return [abs(a - b) <= abs(a) / 2**60 for a, b in zip(values, stored, strict=True)]


def _columns(program: Program, f: Function) -> list[list[float]]:
    """Give the arguments, one list for each parameter: of two times, `r` or `s` or else the second is the earlier."""
    points = list(times(program))
    if f.name == "time_at":
        return [_noise_levels(program, points)]
    return [_column_of(p, at, f, points) for at, p in enumerate(f.params)]


def _column_of(p: Param, at: int, f: Function, points: list[float]) -> list[float]:
    if p.type is Type.STATE:
        return [STATES[(i + at) % len(STATES)] for i in range(len(points))]
    return scalar_column(p, f, points)


def scalar_column(p: Param, f: Function, points: list[float]) -> list[float]:
    """Give times for a scalar parameter: earlier ones where it is the earlier of two."""
    scalars = [q.name for q in f.params if q.type is Type.SAMPLE]
    earlier = {"r", "s"} & {*scalars} or {*scalars[1:]}
    later = p.name not in earlier or len(scalars) == 1
    return points if later else [points[i // 2] for i in range(len(points))]


def _noise_levels(program: Program, points: list[float]) -> list[float]:
    """Give sigma/alpha at some times, where it is finite."""
    m = machine(program)
    sigma, alpha = (interpret(m, name, points) for name in ("sigma", "alpha"))
    ratios = (float(s / a) for s, a in zip(sigma, alpha, strict=True) if a)
    return [_float32(ratio) for ratio in ratios if ratio < LARGEST]


def _sure(program: Program, f: Function, columns: list[list[Any]], value: list[Any]) -> list[bool]:
    """Tell which values have digits: where a formula is singular, as tan(pi/2) is, there are none."""
    again = _column(machine(program, digits=DIGITS + 10), f, columns)
    return [abs(a - b) <= abs(b) / H for a, b in zip(again, value, strict=True)]


def _column(m: Machine, f: Function, columns: list[list[Any]]) -> list[Any]:
    """Evaluate a function at each row; the states are of one element."""
    pairs = zip(f.params, columns, strict=True)
    result = interpret(m, f.name, *([[v] for v in c] if p.type is Type.STATE else c for p, c in pairs))
    return [v[0] if isinstance(v, list) else v for v in result]


def _movements(
    program: Program, m: Machine, f: Function, columns: list[list[Any]], value: list[Any]
) -> Iterator[list[Any]]:
    """Yield, for each argument and parameter, the derivative of the value by its logarithm."""
    exact = [[m.mp.mpf(v) for v in column] for column in columns]
    step = m.mp.mpf(1) / H
    for at in range(len(exact)):
        sides = ([*exact[:at], [v * (1 + s) for v in exact[at]], *exact[at + 1 :]] for s in (step, -step))
        yield _slope(m, [_column(m, f, side) for side in sides], value)
    for constant in (c for c in program.constants if c.is_param):
        exactly = m.constants[constant.name]
        nearby = (machine(program, constants={constant.name: exactly * (1 + s)}) for s in (step, -step))
        yield _slope(m, [_column(near, f, columns) for near in nearby], value)


def _roundings(program: Program, f: Function, columns: list[list[Any]], value: list[Any]) -> list[Any]:
    """Give what the roundings within a function's own formula come to: a spec may write one that loses digits."""
    worst = [mpmath.mpf(0)] * len(value)
    for bits in PRECISIONS:
        m = machine(program)
        m.mp.prec = bits
        errors = (abs(a - b) * 2**bits for a, b in zip(_column(m, f, columns), value, strict=True))
        worst = [max(w, e) if mpmath.isfinite(e) else e for w, e in zip(worst, errors, strict=True)]
    return worst


def _slope(m: Machine, sides: list[list[Any]], value: list[Any]) -> list[Any]:
    """Give difference quotients; at the end of a function's domain from the side that is in it."""
    finite = m.mp.isfinite
    return [
        (a - b) * H / 2 if finite(a - b) else (a - v) * H if finite(a) else (v - b) * H
        for a, b, v in zip(*sides, value, strict=True)
    ]


@frozen
class Steps:
    """Values of a function of the training: at step k of K."""

    name: str
    rows: tuple[tuple[int, int, float], ...]


def schedules(program: Program) -> tuple[Steps, ...]:
    """Evaluate every curriculum where it is finite, and no rounding could make a whole number jump."""
    found = (f for f in program.functions if f.host and [p.name for p in f.params] == ["k", "K"])
    return tuple(Steps(f.name, tuple(_steps(machine(program), f))) for f in found)


def _steps(m: Machine, f: Function) -> Iterator[tuple[int, int, float]]:
    for total in (1000, 400_000):
        for k in sorted({0, 1, *(total * part // 13 for part in range(1, 13)), total - 1}):
            value, *nearby = (interpret(m, f.name, k * (1 + s / m.mp.mpf(10) ** 12), total) for s in (0, 1, -1))
            if math.isfinite(float(value)) and (not f.integer or nearby == [value, value]):
                yield k, total, float(value)


def grids(program: Program) -> tuple[tuple[str, tuple[tuple[float, ...], ...]], ...]:
    """Evaluate every grid at a few numbers of nodes, where it is finite."""
    m = machine(program)
    names = [f.name for f in program.functions if f.role is Role.GRID]
    found = ((name, [tuple(map(float, interpret(m, name, n))) for n in (2, 5, 18)]) for name in names)
    return tuple((name, tuple(row for row in rows if all(map(math.isfinite, row)))) for name, rows in found)
