"""The arguments that a function is called with for reference: fixed states, draws at some quantiles, small networks.

`test_model.py` makes the same of their names: see `STATES`, `small_network`, … among its helpers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from attrs import evolve, frozen

from cmdsl.emit.code import Name
from cmdsl.emit.quantiles import STEP, STEPS, counts, quantile
from cmdsl.emit.reference import scalar_column, times
from cmdsl.ir.interpret import Machine, interpret, machine
from cmdsl.ir.nodes import Draw, Expr, Function, Let, Num, Param, Program, StopGrad, Type
from cmdsl.ir.walk import expressions, free, statements, transform

COUNTS = {"N": 5, "k": STEP, "K": STEPS}
BATCH, ELEMENTS, STATES = 3, 4, 4
WEIGHT = 0.25


@frozen
class Argument:
    """An argument as it is shown, and its value, or what makes it from a Machine and the weight of a network."""

    shown: Any
    value: Any


def arguments(program: Program, f: Function, draw: Function | None) -> dict[str, Argument] | None:
    """Give an argument for each parameter that has no default, None where one is of no known kind."""
    numbers = {} if draw is None else counts(program, draw, COUNTS["N"])
    drawn = {} if draw is None else _drawn(program, draw, numbers)
    found = {p.name: drawn.get(p.name) or _argument(program, f, p, COUNTS | numbers) for p in f.params}
    given = {name: argument for name, argument in found.items() if argument is not None}
    return given if all(p.name in given or p.default is not None for p in f.params) else None


def _argument(program: Program, f: Function, p: Param, numbers: Mapping[str, int]) -> Argument | None:
    before = sum(q.type is p.type for q in f.params[: f.params.index(p)])
    match p.type:
        case Type.NETWORK:
            return (PASSED if passes(f, p) else AVERAGED) if before else NETWORK
        case Type.DENOISER:
            return DENOISER
        case Type.LEARNED:
            return LEARNED
        case Type.STATE:
            return _state(before)
        case Type.SAMPLE:
            points = scalar_column(p, f, list(times(program)))
            return _numbers([points[len(points) * part // 4] for part in range(1, BATCH + 1)])
    return Argument(numbers[p.name], numbers[p.name]) if p.name in numbers else None


def passes(f: Function, network: Param) -> bool:
    """Tell whether a derivative passes through a network, by what it is given."""
    moving = (s for s in statements(f.body) if not (isinstance(s, Let) and s.frozen))
    parts = (transform(e, _without_constants) for s in moving for e in expressions(s))
    return any(v.name == network.name for e in parts for v in free(e))


def _without_constants(e: Expr) -> Expr:
    return Num(Fraction(0)) if isinstance(e, StopGrad) else e


def _state(number: int) -> Argument:
    return Argument(Name(f"STATES[{number % STATES}]"), _entries(number % STATES))


def _entries(number: int) -> list[list[float]]:
    """Give a batch, one flat list for each sample, of numbers that have few digits."""
    return [[(29 * number + 17 * i + 11 * j) % 64 / 16 - 1.96875 for j in range(ELEMENTS)] for i in range(BATCH)]


def _states(first: int, count: int) -> Argument:
    each = [_state(first + turn) for turn in range(count)]
    return Argument([a.shown for a in each], [a.value for a in each])


def _numbers(values: list[Any]) -> Argument:
    floats = [float(v) for v in values]
    return Argument(floats, floats)


def _network(m: Machine, weight: Any) -> Callable[..., Any]:
    return lambda x, *scalars: [
        [weight * m.mp.tanh(v) + sum(c) / 64 for v in row] for row, *c in zip(x, *scalars, strict=True)
    ]


def _denoiser(m: Machine, weight: Any) -> Callable[..., Any]:
    return lambda x, t: [[weight * m.mp.tanh(v) + v / 2 + c / 64 for v in row] for row, c in zip(x, t, strict=True)]


def _learned(m: Machine, weight: Any) -> Mapping[str, Callable[..., Any]]:
    def curve(*scalars: list[Any]) -> list[Any]:
        return [weight * m.mp.tanh(sum(c)) for c in zip(*scalars, strict=True)]

    return defaultdict(lambda: curve)


NETWORK = Argument(Name("small_network"), _network)
AVERAGED = Argument(Name("averaged_network"), lambda m, weight: _network(m, WEIGHT / 2))
PASSED = Argument(Name("passed_network"), AVERAGED.value)
DENOISER = Argument(Name("small_denoiser"), lambda m, weight: _denoiser(m, WEIGHT))
LEARNED = Argument(Name("small_functions"), _learned)


def _drawn(program: Program, f: Function, numbers: Mapping[str, int]) -> dict[str, Argument]:
    """Give what a function draws: states in their order, and of scalars a quantile for each sample."""
    draws = [s for s in f.body if isinstance(s, Draw)]
    m = machine(program)
    states: dict[str, Argument] = {}

    def drawn(s: Draw, args: list[Any]) -> Any:
        number = draws.index(s)
        if s.type is Type.STATE:
            states[s.name] = _states(number + 1, int(args[1])) if len(args) > 1 else _state(number + 1)
            return states[s.name].value
        shares = ((0.37 + 0.618 * (BATCH * number + i)) % 1 for i in range(BATCH))
        return quantile(m.mp, s, args, [m.mp.mpf(share) for share in shares])

    values = interpret(evolve(m, drawn=drawn), f.name, _entries(0), **numbers)
    return states | {name: _numbers(value) for name, value in values.items() if name not in states}
