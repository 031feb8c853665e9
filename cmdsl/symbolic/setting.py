"""What every obligation is proved in: the model, its values as balls, other admissible values, facts about signs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import islice

import sympy as sp
from attrs import define, field

from cmdsl.diagnostics.collect import Collector
from cmdsl.symbolic.enclose import Ball, ball, times
from cmdsl.symbolic.model import Domain, Model
from cmdsl.symbolic.opaque import expand
from cmdsl.symbolic.signs import Bound, Facts

Values = Mapping[sp.Symbol, sp.Rational]


@define(slots=False, eq=False)
class Setting:
    """A model with what is worked out once for all obligations; what is wrong with claims and grids is collected."""

    model: Model
    low_open: bool = False
    high_open: bool = False
    known: dict[str, sp.Expr] = field(factory=dict, init=False, repr=False)
    wrong: Collector = field(factory=Collector, init=False, repr=False)

    def has(self, *names: str) -> bool:
        """Tell whether the model has all these coefficients."""
        return all(n in self.model.coefficients for n in names)

    def formula(self, name: str, *args: sp.Expr) -> sp.Expr:
        """Give a coefficient in times and params alone, at these arguments (its own parameters if none are given)."""
        coefficient = self.model.coefficients[name]
        if name not in self.known:
            self.known[name] = self.expand(coefficient.formula)
        if not args:
            return self.known[name]
        return self.known[name].xreplace(dict(zip(coefficient.parameters, args, strict=True)))

    def expand(self, expr: sp.Expr) -> sp.Expr:
        """Replace every coefficient that stands as an opaque function by its formula."""
        return expand(self.model, expr)

    @cached_property
    def values(self) -> Values:
        """Give the values of the params."""
        return self.model.values

    @cached_property
    def elsewhere(self) -> tuple[Values, ...]:
        """Give other admissible values of the params."""
        found = (moved(self.model, share) for share in (sp.Rational(1, 3), sp.Rational(3, 4)))
        return tuple(values for values in found if values is not None)

    @cached_property
    def facts(self) -> Facts:
        """Give what is known of signs for every time in [epsilon, T]."""
        return facts(self.model)

    @cached_property
    def own_facts(self) -> Facts:
        """Give what is known of signs for every time that belongs to the interval."""
        return facts(self.model, low_open=self.low_open, high_open=self.high_open)

    @cached_property
    def inner_facts(self) -> Facts:
        """Give what is known of signs for every time in (epsilon, T)."""
        return facts(self.model, low_open=True, high_open=True)

    def low(self, values: Values) -> Ball:
        """Give the first time at which the model is used: epsilon, or 0."""
        return ball((self.model.epsilon if self.model.epsilon is not None else sp.S.Zero).subs(values))

    def high(self, values: Values) -> Ball:
        """Give the last time."""
        return ball(self.model.T.subs(values))

    @property
    def ends(self) -> tuple[sp.Expr, ...]:
        """Give the ends of the interval that belong to it."""
        low = self.model.epsilon if self.model.epsilon is not None else sp.S.Zero
        return (*([] if self.low_open else [low]), *([] if self.high_open else [self.model.T]))

    def points(self, values: Values, count: int, variables: int = 1) -> list[tuple[Ball, ...]]:
        """Give at least `count` times in [epsilon, T], or pairs of an earlier and a later one."""
        low, high = self.low(values), self.high(values)
        first, last, *inside = times(low, high, count)
        found = [*([] if self.low_open else [first]), *([] if self.high_open else [last]), *inside]
        if variables == 1:
            return [(t,) for t in found]
        return [(low + (t - low) * share(i), t) for i, t in enumerate(found)]

    def probes(self, values: Values, variables: int = 1) -> list[tuple[Ball, ...]]:
        """Give a few times, none at an end."""
        return list(islice(self.points(values, 10, variables), 3, None, 4))


def share(i: int) -> Ball:
    """Give the i-th of a sequence that fills [0, 1) evenly: multiples of the golden ratio."""
    turn = ball((sp.sqrt(5) - 1) / 2) * (i + 1)
    return turn - turn.floor().mid()


def moved(model: Model, share: sp.Rational) -> Values | None:
    """Give every param another value within its range; None where the ranges leave none."""
    waiting = dict(model.values)
    found: dict[sp.Symbol, sp.Rational] = {}
    for _ in range(len(waiting)):
        for symbol in list(waiting):
            domain = model.domains.get(symbol)
            ends = (domain.low, domain.high) if domain else (sp.S.NegativeInfinity, sp.S.Infinity)
            if not any(e.free_symbols & waiting.keys() for e in ends):
                low, high = (e.xreplace(found) for e in ends)
                found[symbol] = between(waiting.pop(symbol), low, high, share)
    epsilon = (model.epsilon if model.epsilon is not None else sp.S.Zero).subs(found)
    sound = not waiting and epsilon.is_real and bool(epsilon < model.T.subs(found))
    return found if sound and found != dict(model.values) else None


def between(value: sp.Rational, low: sp.Expr, high: sp.Expr, share: sp.Rational) -> sp.Rational:
    """Give a rational of (low, high) other than the value."""
    if low.is_infinite and high.is_infinite:
        return value + share
    if high.is_infinite:
        return sp.nsimplify(low, rational=True) + 2 * share * abs(value - low) if value != low else low + share
    if low.is_infinite:
        return high - 2 * share * abs(high - value) if value != high else high - share
    return rational(low + (high - low) * share)


def rational(value: sp.Expr) -> sp.Rational:
    """Give a short rational near a constant."""
    return value if isinstance(value, sp.Rational) else sp.Rational(round(float(value) * 2**20), 2**20)


def facts(model: Model, *, low_open: bool = False, high_open: bool = False, earlier: sp.Symbol | None = None) -> Facts:
    """Write params and time as offsets from their lower ends; without the ends of [epsilon, T] that are open.

    With `earlier`, that symbol is a time in [epsilon, T] and the model's time one in [earlier, T].
    """
    closed, opened = {"nonnegative": True, "real": True}, {"positive": True}
    after, before = (opened if is_open else closed for is_open in (low_open, high_open))
    replaced: dict[sp.Symbol, sp.Expr] = {}
    for symbol, domain in model.domains.items():
        replaced |= above(symbol, domain, replaced)
    start = (model.epsilon if model.epsilon is not None else sp.S.Zero).xreplace(replaced)
    if earlier is not None:
        replaced[earlier] = start = start + sp.Symbol("after epsilon", **after)
    now = start + sp.Symbol("after start", **after)
    replaced[model.t] = now
    if isinstance(model.T, sp.Symbol):
        replaced[model.T] = now + sp.Symbol("before T", **before)
    for _ in replaced:
        replaced = {s: e.xreplace(replaced) for s, e in replaced.items()}
    latest = upper(model)
    ends = [Bound(e, latest[0], latest[1] or high_open) for e in (start, now)] if latest else []
    return Facts(replaced, (*ends, *param_bounds(model, replaced)))


def param_bounds(model: Model, replaced: Mapping[sp.Symbol, sp.Expr]) -> list[Bound]:
    """Give the params whose range ends in a number."""
    return [
        Bound(replaced.get(s, s), d.high, d.high_open)
        for s, d in model.domains.items()
        if d.high.is_number and d.high.is_finite and d.low.is_nonnegative
    ]


def above(symbol: sp.Symbol, domain: Domain, replaced: Mapping[sp.Symbol, sp.Expr]) -> dict[sp.Symbol, sp.Expr]:
    """Write a param as its lower end and an offset, or the param that is its upper end as the param and an offset."""
    offset = sp.Symbol(f"over {symbol.name}", **({"positive": True} if domain.low_open else {"nonnegative": True}))
    if domain.low.is_finite is not False and domain.low != 0:
        return {symbol: domain.low.xreplace(dict(replaced)) + offset}
    if domain.low == 0 and isinstance(domain.high, sp.Symbol) and domain.high not in replaced:
        gap = {"positive": True} if domain.high_open else {"nonnegative": True}
        return {domain.high: symbol + sp.Symbol(f"over {domain.high.name}", **gap)}
    return {}


def upper(model: Model) -> tuple[sp.Expr, bool] | None:
    """Give the number that no time exceeds, whatever the params, and whether none reaches it."""
    if model.T.is_number:
        return model.T, False
    domain = model.domains.get(model.T) if isinstance(model.T, sp.Symbol) else None
    return (domain.high, domain.high_open) if domain and domain.high.is_number and domain.high.is_finite else None
