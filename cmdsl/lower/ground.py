"""The names that bodies see, as they stand in IR: params, coefficients, networks, reductions, the grid."""

from __future__ import annotations

from fractions import Fraction

from cmdsl.diagnostics import Span, error
from cmdsl.ir import nodes as ir
from cmdsl.ir.nodes import Type
from cmdsl.ir.walk import all_subexpressions, transform
from cmdsl.lower.algebra import SOME_STATE, IrAlgebra, expression, join, scalars
from cmdsl.lower.calculus import diff, integral
from cmdsl.lower.derived import Derived
from cmdsl.lower.functions import HOST, Functions
from cmdsl.lower.networks import frozen_value, networks
from cmdsl.sema.mistakes import no_inverse
from cmdsl.sema.values import Builtin

ONE = ir.Num(Fraction(1))
OF_A_SCALAR = "the square of a scalar is `e^2`, its size `abs(e)`"
SHORT = 5  # operations of a part of a kernel that is written out in it


def ground(derived: Derived, functions: Functions, grid: str = "grid") -> dict[str, object]:
    """Give the bindings of the outermost scope."""
    algebra = functions.algebra()
    names: dict[str, object] = {c.spec_name: ir.Var(c.name, Type.STATIC) for c in derived.constants}
    names |= {name: coefficient(name, derived, algebra) for name in derived.coefficients}
    names |= {"sqnorm": reduction("sqnorm", 1), "dot": reduction("dot", 2), "mean": reduction("mean", 1)}
    names |= {"dim": ir.Dim(SOME_STATE), "node": node(algebra, grid), "diff": diff(derived, functions)}
    names |= {"integral": integral(derived, functions)}
    names |= {"stopgrad": Builtin("stopgrad", 1, lambda args, span: frozen_value(expression(args[0], span)))}
    if "time_at" not in derived.coefficients:
        names["time_at"] = Builtin("time_at", 1, no_inverse)
    return names | networks(derived, functions)


def reduction(name: str, arity: int) -> Builtin:
    """Give a reduction over all axes but the batch's; of a scalar per sample it is that of one element."""

    def reduce(args: tuple[object, ...], span: Span) -> ir.Expr:
        operands = [expression(a, span, "a state") for a in args]
        if any(o.type is not Type.STATE for o in operands):
            raise error("CM204", f"`{name}` is of states, and this is a scalar", span, help=OF_A_SCALAR)
        return ir.Reduce(name, tuple(operands))

    return Builtin(name, arity, reduce)


def node(algebra: IrAlgebra, grid: str) -> Builtin:
    """Give `node(i, N)`: the grid's i-th time, counted from 1."""

    def look_up(args: tuple[object, ...], span: Span) -> ir.Expr:
        i, n = scalars(args, span, "a node's number")
        index = algebra.operate("sub", (i, ONE), span)
        kind = {Type.SAMPLE: Type.SAMPLE, Type.TABLE: Type.TABLE}.get(i.type, Type.UNIFORM)
        return ir.Gather(ir.Nodes(n, None if kind is Type.TABLE else SOME_STATE, grid=grid), index, kind)

    return Builtin("node", 2, look_up)


def coefficient(name: str, derived: Derived, algebra: IrAlgebra) -> Builtin:
    """Give a derived coefficient: inlined where it is simple, private or of host numbers, else a call."""
    function = derived.coefficients[name]

    def apply(args: tuple[object, ...], span: Span) -> ir.Expr:
        operands = scalars(args, span, f"`{name}`")
        host = all(o.type in HOST for o in operands)
        if host or operations(function) <= (0 if name in derived.public else SHORT):
            return opened(function, operands, derived, algebra, span)
        return ir.Call(name, tuple(operands), join([o.type for o in operands], span))

    return Builtin(name, len(function.params), apply)


def operations(function: ir.Function) -> int:
    """Count a function's operations; one name or number has none."""
    return sum(isinstance(e, ir.Op | ir.Call | ir.Select) for e in all_subexpressions(function.body))


def opened(function: ir.Function, args: list[ir.Expr], derived: Derived, algebra: IrAlgebra, span: Span) -> ir.Expr:
    """Give a coefficient's formula with its arguments in place, retyped on the way."""
    values: dict[ir.Expr, ir.Expr] = {ir.Var(p.name, p.type): a for p, a in zip(function.params, args, strict=True)}

    def retype(expr: ir.Expr) -> ir.Expr:
        match expr:
            case ir.Op(op, inner):
                return algebra.operate(op, inner, span)
            case ir.Select(condition, then, otherwise):
                return algebra.select(condition, then, otherwise, span)
            case ir.Compare(op, left, right):
                return algebra.compare(op, left, right, span)
            case ir.Call(str() as called, inner) if called in derived.coefficients:
                return expression(coefficient(called, derived, algebra).apply(inner, span), span)
            case ir.Var():
                return values.get(expr, expr)
        return expr

    result: ir.Expr | None = None
    for statement in function.body:
        if isinstance(statement, ir.Let):
            values[ir.Var(statement.name, statement.value.type)] = transform(statement.value, retype)
        elif isinstance(statement, ir.Return):
            result = transform(statement.value, retype)
    assert result is not None
    return result
