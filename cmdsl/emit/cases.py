"""Whole metrics, solver steps, losses and samplers at fifty digits, for fixed arguments."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from attrs import evolve, frozen

from cmdsl.emit.arguments import WEIGHT, Argument, arguments
from cmdsl.emit.reference import FLOAT64, PRECISIONS, calls_python, held_in, ranged
from cmdsl.ir.interpret import DIGITS, Machine, interpret, machine
from cmdsl.ir.nodes import Function, Program, Role, Type

ROLES = (Role.NETWORK, Role.DEFINITION, Role.SOLVER)
LOST = 10**13  # times a value: what a relative error of 1e-13 leaves no digit of
WHOLE = (Type.STATE, Type.NETWORK, Type.DENOISER, Type.LEARNED)
MOST_TURNS = 1000  # of the loops of a function: what takes more is not evaluated
STEP = 10**DIGITS  # 1/STEP is that of the difference by which a loss is differentiated, at thrice the digits
Given = Mapping[str, Argument]


class Endless(Exception):
    """Loops that take too many turns to be evaluated so slowly."""


@frozen
class Case:
    """A call: its arguments as they are shown, and for each entry of the result the value and what roundings come to.

    `slope` is the same of the derivative of a loss by the weight of what it trains.
    """

    name: str
    arguments: tuple[tuple[str, Any], ...]
    rows: tuple[tuple[float, float], ...]
    slope: tuple[float, float] | None


def cases(program: Program) -> tuple[Case, ...]:
    """Evaluate whatever takes states or networks, and calls no Python of others, where it is finite and ends soon."""
    if "T" not in {c.name for c in program.constants}:
        return ()
    found = (_ending(program, f, given) for f, given in _calls(program))
    return tuple(case for case in found if case is not None)


def _calls(program: Program) -> Iterator[tuple[Function, Given]]:
    draws = {o.loss: o.draw for o in program.objectives} | {s.sample: s.draw for s in program.samplers}
    for f in program.functions:
        wanted = f.name in draws or (f.role in ROLES and any(p.type in WHOLE for p in f.params))
        if wanted and not calls_python(program, f):
            given = arguments(program, f, program.function(draws.get(f.name, "")))
            if given is not None:
                yield f, given


def _ending(program: Program, f: Function, given: Given) -> Case | None:
    try:
        return _case(program, f, given)
    except Endless:
        return None


def _case(program: Program, f: Function, given: Given) -> Case | None:
    m = _machine(program)
    values = _called(m, f, given, WEIGHT)
    if not all(held_in(values, _called(ranged(m, FLOAT64), f, given, WEIGHT))):
        return None
    scales = [abs(v) + e for v, e in zip(values, _roundings(program, f, given, values), strict=True)]
    rows = tuple((float(v), float(s)) for v, s in zip(values, scales, strict=True))
    differentiable = f.role is Role.LOSS and all(values)
    slope = _slope(program, f, given, [s / abs(v) for v, s in rows]) if differentiable else None
    if not all(math.isfinite(v) for row in (*rows, slope or ()) for v in row) or _is_lost(values, scales):
        return None
    return Case(f.name, tuple((name, a.shown) for name, a in given.items()), rows, slope)


def _is_lost(values: list[Any], scales: list[Any]) -> bool:
    """Tell whether roundings leave a float no digit, so that it has nothing to agree with."""
    return bool(max(scales) > max(map(abs, values)) * LOST)


def _machine(program: Program, digits: int = DIGITS) -> Machine:
    """Prepare an evaluation with the constants as the module has them."""
    m = machine(program, digits, {c.name: float(c.value) for c in program.constants})
    return evolve(m, turned=partial(_taken, iter(range(MOST_TURNS))))


def _taken(left: Iterator[int], item: Any) -> Any:
    if next(left, None) is None:
        raise Endless
    return item


def _roundings(program: Program, f: Function, given: Given, values: list[Any]) -> list[Any]:
    """Give what the roundings within a formula come to, for each entry of its value."""
    worst = [0] * len(values)
    for bits in PRECISIONS:
        m = _machine(program)
        m.mp.prec = bits
        errors = (abs(a - b) * 2**bits for a, b in zip(_called(m, f, given, WEIGHT), values, strict=True))
        worst = [max(w, e) for w, e in zip(worst, errors, strict=True)]
    return worst


def _called(m: Machine, f: Function, given: Given, weight: Any) -> list[Any]:
    made = {name: a.value(m, weight) if callable(a.value) else a.value for name, a in given.items()}
    return _flat(interpret(m, f.name, **made))


def _flat(value: Any) -> list[Any]:
    return [v for item in value for v in _flat(item)] if isinstance(value, list) else [value]


def _slope(program: Program, f: Function, given: Given, conditions: list[float]) -> tuple[float, float]:
    """Differentiate a loss by the weight of what it trains; what is constant to the optimiser stays as it was."""
    m = _machine(program, 3 * DIGITS)
    constants: list[Any] = []

    def keep(value: Any) -> Any:
        constants.append(value)
        return value

    _called(evolve(m, stopped=keep), f, given, WEIGHT)
    ahead, behind = (_called(_holding(m, constants), f, given, WEIGHT + m.mp.mpf(side) / STEP) for side in (1, -1))
    slopes = [(a - b) * STEP / 2 for a, b in zip(ahead, behind, strict=True)]
    scale = sum(abs(slope) * condition for slope, condition in zip(slopes, conditions, strict=True))
    return float(sum(slopes)), float(scale)


def _holding(m: Machine, constants: list[Any]) -> Machine:
    """Put values that were met before in the place of those that are constant to the optimiser."""
    held = iter(constants)
    return evolve(m, stopped=lambda _: next(held))
