"""Calculus in bodies: `diff` and `integral` of formulas, `jvp` of anything that is a function."""

from __future__ import annotations

from collections.abc import Mapping

from cmdsl.diagnostics import Span, error
from cmdsl.ir import nodes as ir
from cmdsl.ir.nodes import Type
from cmdsl.ir.walk import all_subexpressions, free, subexpressions, substitute, transform
from cmdsl.lower.algebra import SOME_STATE, IrAlgebra, expression, join, per_sample, scalars, state_variable
from cmdsl.lower.derived import Derived
from cmdsl.lower.functions import NETWORK, Functions
from cmdsl.lower.given import LEARNED
from cmdsl.sema.evaluate import Evaluator
from cmdsl.sema.values import Closure, Env, Form, Namespace
from cmdsl.syntax import ast


def diff(derived: Derived, functions: Functions) -> Form:
    """Give `diff(e, t)`: the derivative of an expression without a network."""

    def differentiate(evaluator: Evaluator, call: ast.Call, env: Env) -> ir.Expr:
        if len(call.arguments) != 2:
            raise error("CM106", "`diff` takes an expression and a variable", call.span, help="`diff(alpha(t), t)`")
        variable = expression(evaluator.value(call.arguments[1].value, env), call.span)
        if not isinstance(variable, ir.Var):
            raise error("CM207", "`diff` is with respect to a variable", call.arguments[1].span)
        opened = Evaluator(functions.algebra(inlining=True), evaluator.forced)
        value = expression(opened.value(call.arguments[0].value, env), call.span)
        formula = in_formulas(value, variable, evaluator, functions, derived, call.span)
        return derived.differentiate(formula, variable, call.span)

    return Form("diff", differentiate)


def in_formulas(
    value: ir.Expr, variable: ir.Var, evaluator: Evaluator, functions: Functions, derived: Derived, span: Span
) -> ir.Expr:
    """Put formulas in place of locals and of calls, but for those of coefficients."""
    formula = written_out(value, variable, evaluator, span)
    calls = {name: f for name, f in functions.by_name.items() if name not in derived.coefficients}
    return transform(formula, lambda e: body_of(e, calls))


def body_of(expr: ir.Expr, functions: Mapping[str, ir.Function]) -> ir.Expr:
    """Give the formula of a called function with its arguments in place."""
    if not isinstance(expr, ir.Call) or not isinstance(expr.function, str) or expr.function not in functions:
        return expr
    function = functions[expr.function]
    values = {p.name: a for p, a in zip(function.params, expr.args, strict=False)}
    for statement in function.body:
        if isinstance(statement, ir.Let):
            values[statement.name] = substitute(statement.value, values)
        elif isinstance(statement, ir.Return):
            return transform(substitute(statement.value, values), lambda e: body_of(e, functions))
    return expr


def written_out(value: ir.Expr, variable: ir.Var, evaluator: Evaluator, span: Span) -> ir.Expr:
    """Put what they stand for in place of the locals that depend on a variable."""
    assert isinstance(evaluator.algebra, IrAlgebra)
    known = evaluator.algebra.locals

    def open_local(expr: ir.Expr) -> ir.Expr:
        if not isinstance(expr, ir.Var) or expr == variable or expr not in known:
            return expr
        formula = known[expr]
        if formula is None:
            raise error("CM207", f"`{expr.name}` is bound again and again, so `diff` of it has no one meaning", span)
        inner = transform(formula, open_local)
        return inner if variable in free(inner) else expr

    return transform(value, open_local)


def integral(derived: Derived, functions: Functions) -> Form:
    """Give `integral(e, s, a, b)` of a scalar formula: what it is in closed form."""

    def integrate(evaluator: Evaluator, call: ast.Call, env: Env) -> ir.Expr:
        name = call.arguments[1].value if len(call.arguments) == 4 else None
        if not isinstance(name, ast.Name):
            raise error(
                "CM106", "`integral` takes an expression, a variable and two ends: `integral(s^2, s, 0, t)`", call.span
            )
        low, high = scalars(
            [evaluator.value(a.value, env) for a in call.arguments[2:]], call.span, "an end of `integral`"
        )
        variable = ir.Var(f"<{name.id}>", join([low.type, high.type, Type.SAMPLE], call.span))
        inner = Evaluator(functions.algebra(inlining=True), evaluator.forced)
        value = inner.value(call.arguments[0].value, env.child({name.id: variable}))
        formula = in_formulas(
            scalars((value,), call.span, "`integral`")[0], variable, evaluator, functions, derived, call.span
        )
        return derived.integrate(formula, variable, low, high, call.span)

    return Form("integral", integrate)


def jvp(functions: Functions) -> Form:
    """Give `jvp(g, (x, t), (dx, dt))`: the directional derivative of a function of the language."""

    def differentiate(evaluator: Evaluator, call: ast.Call, env: Env) -> ir.Expr:
        function, point, direction = parted(evaluator, call, env)
        primals = [expression(p, call.span) for p in point]
        like = next((v for p in primals if (v := state_variable(p)) is not None), SOME_STATE)
        primals = [per_sample(p, like) for p in primals]
        names = parameter_names(function, len(primals))
        params = tuple(ir.Var(name, p.type) for name, p in zip(names, primals, strict=True))
        body = expression(evaluator.apply(function, params, call.span), call.span)
        if stops(body, functions):
            opened = Evaluator(functions.algebra(inlining=True), evaluator.forced)
            body = expression(opened.apply(function, params, call.span), call.span)
        tangents = tuple(tangent(expression(d, call.span), p, like) for d, p in zip(direction, primals, strict=True))
        still, plain = unstopped(body, call.span)
        found = ir.Jvp(ir.Lambda(params, plain, plain.type), tuple(primals), tangents, plain.type)
        return ir.StopGrad(found, found.type) if still else found

    return Form("jvp", differentiate)


def parted(evaluator: Evaluator, call: ast.Call, env: Env) -> tuple[object, tuple[object, ...], tuple[object, ...]]:
    """Give the function of a `jvp`, and its point and direction: of one part each, or of as many as one another."""
    if len(call.arguments) != 3:
        raise error("CM106", "`jvp` takes a function, a point and a direction: `jvp(f, (x, t), (dx, 1))`", call.span)
    function, point, direction = (evaluator.value(a.value, env) for a in call.arguments)
    if not isinstance(point, tuple) and not isinstance(direction, tuple):
        return function, (point,), (direction,)
    if not isinstance(point, tuple) or not isinstance(direction, tuple) or len(point) != len(direction):
        way_out = "write both in parentheses: `jvp(f, (x, t), (dx, 1))`"
        raise error("CM208", "`jvp` takes a point and a direction of as many parts", call.span, help=way_out)
    return function, point, direction


def stops(body: ir.Expr, functions: Functions) -> bool:
    """Tell whether a function that is called within an expression, or through others, stops a gradient."""
    called = (e.function for e in subexpressions(body) if isinstance(e, ir.Call) and isinstance(e.function, str))
    bodies = [all_subexpressions(functions.by_name[name].body) for name in called if name in functions.by_name]
    return any(isinstance(e, ir.StopGrad) or stops(e, functions) for inner in bodies for e in inner)


def unstopped(body: ir.Expr, span: Span) -> tuple[bool, ir.Expr]:
    """Give what is differentiated along a direction, and whether it is a constant to the optimiser as a whole.

    A stopped gradient is one to the optimiser alone, and frameworks would stop the direction too.
    """
    whole = body.value if isinstance(body, ir.StopGrad) else body
    found = [e for e in subexpressions(whole) if isinstance(e, ir.StopGrad)]
    if whole is body and any(trained(e) for e in found):
        said = "within what `jvp` differentiates, `stopgrad` of the network is no constant"
        raise error("CM207", said, span, help="take `stopgrad` of the whole `jvp`")
    still = whole is not body or (bool(found) and not trained(whole))
    return still, transform(whole, lambda e: e.value if isinstance(e, ir.StopGrad) else e)


def trained(e: ir.Expr) -> bool:
    """Tell whether an expression has the network that is trained in it, or a learned function."""
    return any(v in (NETWORK, LEARNED) for v in free(e))


def parameter_names(function: object, count: int) -> tuple[str, ...]:
    """Give names for the parameters of a differentiated function: its own where it has them."""
    inner = function.value if isinstance(function, Namespace) else function
    return (
        inner.parameters
        if isinstance(inner, Closure) and len(inner.parameters) == count
        else ("x", "t", *(f"s{i}" for i in range(3, count + 1)))[:count]
    )


def tangent(direction: ir.Expr, primal: ir.Expr, like: ir.Expr) -> ir.Expr:
    """Give a direction the type of its point."""
    if primal.type is Type.SAMPLE and direction.type is not Type.SAMPLE:
        return per_sample(direction, like)
    return direction
