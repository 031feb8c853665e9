"""Quantiles of what is drawn, at fifty digits: the reference of every `draw_…` of an emitted module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from attrs import evolve, frozen

from cmdsl.ir.interpret import Machine, interpret, lift, machine
from cmdsl.ir.nodes import Draw, Function, Let, Program, ReturnDraws, Role, Type
from cmdsl.ir.walk import expressions, free

NODES, STEP, STEPS = 8, 300, 1000
MOST_NODES = 10_000
SHARES = (0.0, 0.02, 0.2, 0.5, 0.8, 0.98, 1.0)
EDGE = 10**-30  # stands for a share of 0, so that a quantile is finite; draws are not that far out


class Choiceless(Exception):
    """A draw from no whole number at all."""


@frozen
class Distribution:
    """A draw by its quantiles: a share of all draws, and the value that they do not exceed."""

    name: str
    quantiles: tuple[tuple[float, float], ...]


@frozen
class Draws:
    """What a function draws, and the counts that it takes."""

    name: str
    counts: tuple[tuple[str, int], ...]
    distributions: tuple[Distribution, ...]


def quantile(mp: Any, draw: Draw, args: list[Any], shares: list[Any]) -> Any:
    """Give the values of a scalar draw at some shares, one for each sample."""
    if draw.distribution == "index":
        return [_index(args[0], share) for share in shares]
    function = QUANTILES[draw.distribution]
    return lift(lambda share, *numbers: function(mp, share, *numbers), shares, *args)


def normal(mp: Any, share: Any, mean: Any = 0, deviation: Any = 1) -> Any:
    """Give a quantile of a normal distribution; the far end by the near one, which has more digits."""
    far = share > mp.mpf(1) / 2
    distance = mp.sqrt(2) * mp.erfinv(1 - 2 * (1 - share if far else share))
    return mean + deviation * (distance if far else -distance)


def _index(weights: list[Any], share: Any) -> Any:
    total, reached = sum(weights), 0
    for i, weight in enumerate(weights, 1):
        reached += weight
        if reached >= share * total:
            return i
    return len(weights)


QUANTILES: Mapping[str, Callable[..., Any]] = {
    "normal": normal,
    "lognormal": lambda mp, share, *moments: mp.exp(normal(mp, share, *moments)),
    "logitnormal": lambda mp, share, *moments: 1 / (1 + mp.exp(-normal(mp, share, *moments))),
    "uniform": lambda mp, share, low, high: low + (high - low) * share,
    "integers": lambda mp, share, low, high: min(low + mp.floor((high - low + 1) * share), high),
    "bernoulli": lambda mp, share, p: mp.mpf(share > 1 - p),
}


def distributions(program: Program) -> tuple[Draws, ...]:
    """Give the quantiles of every draw that is made of one distribution, by a function that is monotone."""
    found = (_draws(program, f) for f in program.functions if f.role is Role.DRAW)
    return tuple(d for d in found if d.distributions)


def counts(program: Program, f: Function, nodes: int = NODES) -> dict[str, int]:
    """Give the counts that a function of a training step asks for: as many nodes, or more where draws need them."""
    offered = {"N": nodes, "k": STEP, "K": STEPS}
    found = {p.name: offered[p.name] for p in f.params if p.name in offered}
    enough = not found.get("N") or nodes > MOST_NODES or _has_choices(machine(program), f, found)
    return found if enough else counts(program, f, 2 * nodes)


def _has_choices(m: Machine, f: Function, given: Mapping[str, int]) -> bool:
    """Tell whether there is something to choose from in every draw of a whole number."""

    def drawn(draw: Draw, args: list[Any]) -> Any:
        if (draw.distribution == "integers" and args[0] > args[1]) or (draw.distribution == "index" and not args[0]):
            raise Choiceless
        return _drawn(m.mp, draw, args, [m.mp.mpf(1) / 2])

    try:
        interpret(evolve(m, drawn=drawn), f.name, [[0]], **given)
    except Choiceless:
        return False
    return True


def _draws(program: Program, f: Function) -> Draws:
    m = machine(program)
    sources = _sources(f)
    given = counts(program, f)
    alone = dict.fromkeys(only for only, *more in sources.values() if not more)
    values = {name: _values(m, f, name, given) for name in alone}
    single = {name: values[only][name] for name, (only, *more) in sources.items() if not more}
    kept = (Distribution(name, rows) for name, column in single.items() if (rows := _rows(m, column)))
    return Draws(f.name, tuple(given.items()), tuple(kept))


def _sources(f: Function) -> dict[str, list[str]]:
    """Give, for each value that a function of draws returns, the draws that it is made of."""
    made: dict[str, list[str]] = {}
    for s in f.body:
        if isinstance(s, Let | Draw):
            read = (made.get(v.name, []) for e in expressions(s) for v in free(e))
            own = [s.name] if isinstance(s, Draw) else []
            made[s.name] = list(dict.fromkeys([*own, *(name for names in read for name in names)]))
    returned = (name for s in f.body if isinstance(s, ReturnDraws) for name in s.names)
    return {name: made[name] for name in returned if made[name]}


def _values(m: Machine, f: Function, moved: str, given: Mapping[str, int]) -> dict[str, list[Any]]:
    """Evaluate a function of draws at all shares of one of them, for states of one element."""
    edge = m.mp.mpf(EDGE)
    shares = [min(max(m.mp.mpf(share), edge), 1 - edge) for share in SHARES]
    middle = [m.mp.mpf(1) / 2] * len(SHARES)

    def drawn(draw: Draw, args: list[Any]) -> Any:
        return _drawn(m.mp, draw, args, shares if draw.name == moved else middle)

    found = interpret(evolve(m, drawn=drawn), f.name, [[0]] * len(SHARES), **given)
    return {name: [v[0] if isinstance(v, list) else v for v in _first(value)] for name, value in found.items()}


def _drawn(mp: Any, draw: Draw, args: list[Any], shares: list[Any]) -> Any:
    if draw.type is not Type.STATE:
        return quantile(mp, draw, args, shares)
    states = [[normal(mp, share)] for share in shares]
    return (states,) * int(args[1]) if len(args) > 1 else states


def _first(value: Any) -> Any:
    """Give the first of the draws that are made for each turn of a loop."""
    return value[0] if isinstance(value, tuple) else value


def _rows(m: Machine, column: list[Any]) -> tuple[tuple[float, float], ...]:
    """Give shares and quantiles in increasing order, where there is one order and it is finite."""
    if not all(map(m.mp.isfinite, column)):
        return ()
    for shares in (SHARES, [round(1 - share, 3) for share in SHARES]):
        rows = sorted(zip(shares, column, strict=True))
        if all(a <= b for (_, a), (_, b) in pairwise(rows)):
            return tuple((float(share), float(value)) for share, value in rows)
    return ()
