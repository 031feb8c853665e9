"""The numbers of a spec as constants of the emitted module, under their names in capitals."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from cmdsl.diagnostics import Span, error
from cmdsl.ir import nodes as ir
from cmdsl.symbolic.model import Model


def constants(model: Model) -> tuple[ir.Constant, ...]:
    """Give the params in order, then `epsilon`, `T` and `sigma_data` where they are no params."""
    spec = model.spec
    found: dict[str, ir.Constant] = {}
    for param in spec.params:
        add(
            found,
            ir.Constant(param.name.upper(), param.name, exact(model.values[model.symbols[param.name]])),
            param.at,
        )
    ends = {"epsilon": (model.epsilon, spec.boundary), "T": (model.T, spec.time)}
    for name, (value, statement) in ends.items():
        if value is not None and statement is not None and name not in model.symbols:
            add(found, end(name, value, model), statement.span)
    if "sigma_data" not in model.symbols and model.data_given:
        add(found, end("sigma_data", model.sigma_data, model), spec.span)
    return tuple(found.values())


def end(name: str, value: sp.Expr, model: Model) -> ir.Constant:
    """Give an end of the interval: by the param that it is, or by its number."""
    named = [ir.Var(n.upper(), ir.Type.STATIC) for n, symbol in model.symbols.items() if symbol == value]
    number = exact(value.subs(model.values))
    return ir.Constant(name.upper(), name, number, named[0] if named else None, False)


def add(found: dict[str, ir.Constant], constant: ir.Constant, span: Span) -> None:
    """Add a constant; two names that differ in case alone would be one."""
    if constant.name in found:
        message = (
            f"`{found[constant.name].spec_name}` and `{constant.spec_name}` would be one constant, {constant.name}"
        )
        raise error("CM119", message, span, help="give one of them another name")
    found[constant.name] = constant


def exact(value: sp.Expr) -> Fraction:
    """Give a number as a fraction: exactly where it is one, else to 50 digits."""
    if isinstance(value, sp.Rational):
        return Fraction(int(value.p), int(value.q))
    return Fraction(str(value.evalf(50)))
