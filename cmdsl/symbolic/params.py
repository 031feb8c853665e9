"""One symbol for each param, with the assumptions, the domain and the exact value that its declaration gives it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

import sympy as sp
from attrs import field, frozen

from cmdsl.diagnostics import Diagnostic, Label, SpecError, error
from cmdsl.diagnostics.collect import Collector, in_order
from cmdsl.sema.evaluate import Evaluator
from cmdsl.sema.instantiate import member
from cmdsl.sema.values import Env, Refused, Thunk
from cmdsl.symbolic.algebra import SympyAlgebra, scalar
from cmdsl.symbolic.model import Domain
from cmdsl.syntax import ast
from cmdsl.syntax.walk import every

DIGITS = 60
SMALLEST, LARGEST = sp.Rational(1, 10**300), sp.Integer(10**300)  # with room to the ends of float64
EVERYWHERE = Domain(-sp.oo, sp.oo, True, True)


@frozen
class Params:
    """The params of a spec: their symbols by name, domains and values; and what is wrong with the others by name."""

    symbols: Mapping[str, sp.Symbol]
    domains: Mapping[sp.Symbol, Domain]
    values: Mapping[sp.Symbol, sp.Rational]
    refused: Mapping[str, Refused] = field(factory=dict)


def params(declared: tuple[ast.Param, ...], named: tuple[ast.Equation | ast.FunctionDefinition, ...] = ()) -> Params:
    """Read the declarations of params; raises SpecError for values that are none or out of range."""
    found = surveyed(declared, named)
    wrong = tuple(d for refused in found.refused.values() for d in refused.diagnostics)
    if wrong:
        raise SpecError(in_order(wrong, ""))
    return found


def surveyed(
    declared: tuple[ast.Param, ...],
    named: tuple[ast.Equation | ast.FunctionDefinition, ...] = (),
    refused: Mapping[str, object] | None = None,
    last: ast.Expr | None = None,
) -> Params:
    """Read the declarations of params, each on its own; `refused` are names that stand for nothing.

    Ranges may speak of `T` where that is no param: it is where the time ends, `last`.

    Values may be given through other params, and through what the spec names, in any order.
    """
    wrong = {p.name: Collector() for p in declared}
    symbols = symbols_of(declared, wrong)
    scope = Env(dict(refused or {}))
    scope.bindings |= {s.name: member(s, scope) for s in named} | {
        p.name: Thunk(p.name, p.value, scope) for p in declared
    }
    domains, values = {}, {}
    ends: dict[str, object] = {**(refused or {}), **symbols}
    if last is not None:
        ends.setdefault("T", Thunk("T", last, Env(dict(ends))))
    for p in declared:
        within = wrong[p.name].attempt(partial(domain, p.range, ends))
        own = wrong[p.name].attempt(partial(value, p, scope, Evaluator(SympyAlgebra())))
        if within is not None and own is not None:
            domains[symbols[p.name]], values[symbols[p.name]] = within, own
    for p in declared:
        if symbols[p.name] in values:
            wrong[p.name].found += outside(p, domains[symbols[p.name]], symbols[p.name], values)
    return sound(Params(symbols, domains, values), wrong)


def sound(found: Params, wrong: Mapping[str, Collector]) -> Params:
    """Give the params with which nothing is wrong, and what is with the others."""
    bad = {name: Refused(tuple(w.found)) for name, w in wrong.items() if w.found}
    good = {name: symbol for name, symbol in found.symbols.items() if name not in bad}
    kept = {*good.values()}
    domains = {s: d for s, d in found.domains.items() if s in kept}
    return Params(good, domains, {s: v for s, v in found.values.items() if s in kept}, bad)


def evaluate(expr: ast.Expr, names: Mapping[str, object]) -> sp.Expr:
    """Evaluate an expression in names alone."""
    return scalar(Evaluator(SympyAlgebra()).value(expr, Env(dict(names))), expr.span)


def symbols_of(declared: tuple[ast.Param, ...], wrong: Mapping[str, Collector]) -> dict[str, sp.Symbol]:
    """Give each param its symbol; an end that names other params waits for them."""
    known: dict[str, sp.Symbol] = {}
    waiting = {p.name: p for p in declared}
    while ready := [p for p in waiting.values() if not names_in(low_end(p)) & waiting.keys()]:
        found = {p.name: wrong[p.name].attempt(partial(symbol, p, known)) for p in ready}
        known |= {name: s if s is not None else sp.Symbol(name, real=True) for name, s in found.items()}
        waiting = {n: p for n, p in waiting.items() if n not in known}
    known |= {name: sp.Symbol(name, real=True) for name in waiting}
    return {p.name: known[p.name] for p in declared}


def low_end(param: ast.Param) -> ast.Expr | None:
    """Give the lower end of a param's range."""
    return param.range.low if param.range else None


def names_in(node: object) -> set[str]:
    """Give every name in a piece of syntax."""
    return {name.id for name in every(ast.Name, node)}


def symbol(param: ast.Param, known: Mapping[str, sp.Symbol]) -> sp.Symbol:
    """Give a param its symbol: real, and of the sign that its range says."""
    if param.range is None:
        return sp.Symbol(param.name, real=True)
    low = evaluate(param.range.low, known)
    if low.is_positive or (low.is_nonnegative and param.range.low_open):
        return sp.Symbol(param.name, positive=True)
    if low.is_nonnegative:
        return sp.Symbol(param.name, nonnegative=True)
    closed = names_in(param.range.high) <= known.keys()
    below = closed and evaluate(param.range.high, known).is_nonpositive and param.range.high_open
    return sp.Symbol(param.name, negative=True) if below else sp.Symbol(param.name, real=True)


def domain(declared: ast.Range | None, names: Mapping[str, object]) -> Domain:
    """Read a range."""
    if declared is None:
        return EVERYWHERE
    low, high = evaluate(declared.low, names), evaluate(declared.high, names)
    return Domain(
        low, high, declared.low_open or low.is_infinite is True, declared.high_open or high.is_infinite is True
    )


def value(param: ast.Param, scope: Env, evaluator: Evaluator) -> sp.Rational:
    """Give the exact value of a param, or one good to fifty digits where it is irrational."""
    found = evaluator.name(ast.Name(param.name, param.value.span), scope)
    return rational(scalar(found, param.value.span), param.value)


def rational(number: sp.Expr, source: ast.Expr) -> sp.Rational:
    """Give a number as a rational."""
    if number.is_real is not True or number.is_finite is not True:
        raise error(
            "CM221", "a param's value is a real number", source.span, help="`inf` can end a range: `in (0, inf)`"
        )
    if number != 0 and not SMALLEST <= abs(number) <= LARGEST:
        raise error("CM221", "a param's value lies between 1e-300 and 1e300", source.span)
    return number if isinstance(number, sp.Rational) else sp.Rational(str(number.evalf(DIGITS)))


def outside(
    param: ast.Param, declared: Domain, name: sp.Symbol, values: Mapping[sp.Symbol, sp.Rational]
) -> Iterable[Diagnostic]:
    """Yield an error if the value is outside the param's own range."""
    own, low, high = values[name], declared.low.xreplace(values), declared.high.xreplace(values)
    if low.free_symbols or high.free_symbols:
        return ()
    above = own > low if declared.low_open else own >= low
    below = own < high if declared.high_open else own <= high
    if above and below:
        return ()
    left, right = "(" if declared.low_open else "[", ")" if declared.high_open else "]"
    return error(
        "CM220",
        f"`{param.name} = {shown(own)}` is outside its range {left}{shown(low)}, {shown(high)}{right}",
        param.value.span,
        secondary=() if param.range is None else (Label(param.range.span, "the range"),),
        help=f"choose a value of `{param.name}` in its range, or declare a wider one",
    ).diagnostics


def shown(value: sp.Expr) -> str:
    """Write a number for a message."""
    if value.is_real is not True and value.is_infinite is not True:
        return str(value)
    return {sp.oo: "inf", -sp.oo: "-inf"}.get(value) or f"{float(value):.12g}"
