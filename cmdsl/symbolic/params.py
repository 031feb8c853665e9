"""One symbol for each param, with the assumptions, the domain and the exact value that its declaration gives it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sympy as sp
from attrs import frozen

from cmdsl.diagnostics import Diagnostic, SpecError, error
from cmdsl.sema.evaluate import Evaluator
from cmdsl.sema.instantiate import member
from cmdsl.sema.undefined import parts
from cmdsl.sema.values import Env, Thunk
from cmdsl.symbolic.algebra import SympyAlgebra, scalar
from cmdsl.symbolic.model import Domain
from cmdsl.syntax import ast

DIGITS = 60
SMALLEST, LARGEST = sp.Rational(1, 10**300), sp.Integer(10**300)  # with room to the ends of float64
EVERYWHERE = Domain(-sp.oo, sp.oo, True, True)


@frozen
class Params:
    """The params of a spec: their symbols by name, domains and values."""

    symbols: Mapping[str, sp.Symbol]
    domains: Mapping[sp.Symbol, Domain]
    values: Mapping[sp.Symbol, sp.Rational]


def params(declared: tuple[ast.Param, ...], named: tuple[ast.Equation | ast.FunctionDefinition, ...] = ()) -> Params:
    """Read the declarations of params; raises SpecError for values that are none or out of range.

    Values may be given through other params, and through what the spec names, in any order.
    """
    symbols = symbols_of(declared)
    domains = {symbols[p.name]: domain(p.range, dict(symbols)) for p in declared}
    scope = Env({})
    scope.bindings |= {s.name: member(s, scope) for s in named} | {
        p.name: Thunk(p.name, p.value, scope) for p in declared
    }
    evaluator = Evaluator(SympyAlgebra())
    by_symbol = {symbols[p.name]: value(p, scope, evaluator) for p in declared}
    problems = [d for p in declared for d in outside(p, domains[symbols[p.name]], symbols[p.name], by_symbol)]
    if problems:
        raise SpecError(tuple(problems))
    return Params(symbols, domains, by_symbol)


def evaluate(expr: ast.Expr, names: Mapping[str, object]) -> sp.Expr:
    """Evaluate an expression in names alone."""
    return scalar(Evaluator(SympyAlgebra()).value(expr, Env(dict(names))), expr.span)


def symbols_of(declared: tuple[ast.Param, ...]) -> dict[str, sp.Symbol]:
    """Give each param its symbol; an end that names other params waits for them."""
    known: dict[str, sp.Symbol] = {}
    waiting = {p.name: p for p in declared}
    while ready := [p for p in waiting.values() if not names_in(low_end(p)) & waiting.keys()]:
        known |= {p.name: symbol(p, known) for p in ready}
        waiting = {n: p for n, p in waiting.items() if n not in known}
    known |= {name: sp.Symbol(name, real=True) for name in waiting}
    return {p.name: known[p.name] for p in declared}


def low_end(param: ast.Param) -> ast.Expr | None:
    """Give the lower end of a param's range."""
    return param.range.low if param.range else None


def names_in(node: object) -> set[str]:
    """Give every name in a piece of syntax."""
    if isinstance(node, ast.Name):
        return {node.id}
    return {name for part in parts(node) for name in names_in(part)}


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
        raise error("CM221", "a param's value is a real number", source.span)
    if number != 0 and not SMALLEST <= abs(number) <= LARGEST:
        raise error("CM221", "a param's value lies between 1e-300 and 1e300", source.span)
    return number if isinstance(number, sp.Rational) else sp.Rational(str(number.evalf(DIGITS)))


def outside(
    param: ast.Param, declared: Domain, name: sp.Symbol, values: Mapping[sp.Symbol, sp.Rational]
) -> Iterable[Diagnostic]:
    """Yield an error if the value is outside the param's own range."""
    own, low, high = values[name], declared.low.subs(values), declared.high.subs(values)
    above = own > low if declared.low_open else own >= low
    below = own < high if declared.high_open else own <= high
    if above and below:
        return ()
    left, right = "(" if declared.low_open else "[", ")" if declared.high_open else "]"
    return error(
        "CM220",
        f"`{param.name} = {shown(own)}` is outside its range {left}{shown(low)}, {shown(high)}{right}",
        param.span,
        help=f"choose a value of `{param.name}` in its range, or declare a wider one",
    ).diagnostics


def shown(value: sp.Expr) -> str:
    """Write a number for a message."""
    return {sp.oo: "inf", -sp.oo: "-inf"}.get(value) or f"{float(value):.12g}"
