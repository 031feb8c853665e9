"""The names that bodies see, as they stand in IR: params, coefficients, networks, reductions, the grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from attrs import evolve, frozen

from cmdsl.diagnostics import Span, error
from cmdsl.ir import nodes as ir
from cmdsl.ir.nodes import Type
from cmdsl.ir.walk import all_subexpressions, free, substitute, transform
from cmdsl.lower.algebra import IrAlgebra, expression, join, scalars, state_variable
from cmdsl.lower.functions import HOST, NETWORK, NETWORK_EMA, SOME_STATE, TEACHER, Functions, per_sample
from cmdsl.sema.evaluate import Evaluator
from cmdsl.sema.spec import Spec
from cmdsl.sema.values import Builtin, Closure, Env, Form, Namespace
from cmdsl.syntax import ast

Differentiate = Callable[[ir.Expr, ir.Var, Span], ir.Expr]
DENOISER_PREFIX = "denoiser_"
ONE = ir.Num(Fraction(1))
SHORT = 5  # operations of a part of a kernel that is written out in it


@frozen
class Derived:
    """What the symbolic stages hand over: coefficients, those emitted under their names, constants, the derivative."""

    coefficients: Mapping[str, ir.Function]
    public: frozenset[str]
    constants: tuple[ir.Constant, ...]
    differentiate: Differentiate


def ground(spec: Spec, derived: Derived, functions: Functions, grid: str = "grid") -> dict[str, object]:
    """Give the bindings of the outermost scope."""
    algebra = functions.algebra()
    names: dict[str, object] = {c.spec_name: ir.Var(c.name, Type.STATIC) for c in derived.constants}
    names |= {name: coefficient(name, derived, algebra) for name in derived.coefficients}
    names |= {"sqnorm": reduction("sqnorm", 1), "dot": reduction("dot", 2), "mean": reduction("mean", 1)}
    names |= {"dim": ir.Dim(SOME_STATE), "node": node(algebra, grid), "diff": diff(derived, functions)}
    names |= {"stopgrad": Builtin("stopgrad", 1, lambda args, span: frozen_value(expression(args[0], span)))}
    return names | networks(spec, derived) | {"integral": Form("integral", integral)}


def networks(spec: Spec, derived: Derived) -> dict[str, object]:
    """Give the raw network, the averaged and the teacher's."""
    names: dict[str, object] = {
        "F": Builtin("F", 2, raw_network),
        "teacher": Builtin("teacher", 2, teacher),
        "jvp": Form("jvp", jvp),
    }
    members = {
        name.removeprefix(DENOISER_PREFIX): names_of(derived, name)
        for name in derived.coefficients
        if name.startswith(DENOISER_PREFIX)
    }
    if not members:
        absent = {n: needs_precondition(n) for n in ("f", "D", "f_ema", "c_skip", "c_out", "c_in", "c_noise")}
        return names | {n: b for n, b in absent.items() if n not in derived.coefficients}
    return names | {"f_ema": Form("f_ema", f_ema), "D.members": members}


def names_of(derived: Derived, name: str) -> str:
    """Give the coefficient's own name, to be looked up when all are bound."""
    return name


def needs_precondition(name: str) -> Form:
    """Give a function that says what is missing before it can be used."""

    def refuse(evaluator: Evaluator, call: ast.Call, env: Env) -> object:
        raise error(
            "CM114",
            f"`{name}` needs a preconditioning and a boundary, and the spec lacks one of them",
            call.span,
            help="add `precondition edm(sigma_data)` and `boundary epsilon`",
        )

    return Form(name, refuse)


def complete(scope: Env) -> None:
    """Make `D` a function with members, once the prelude's functions are in scope."""
    members = scope.bindings.pop("D.members", None)
    if isinstance(members, dict):
        scope.bindings["D"] = Namespace(scope.bindings["D"], {n: scope.bindings[c] for n, c in members.items()})


def raw_network(args: tuple[object, ...], span: Span) -> ir.Expr:
    """Give `F(x, c)`: the network takes a state and one scalar per sample."""
    x, c = expression(args[0], span, "a state"), expression(args[1], span, "a scalar")
    if x.type is not Type.STATE or c.type is Type.STATE:
        raise error("CM204", "`F` takes a state and a scalar", span)
    return ir.Call(NETWORK, (x, per_sample(c, state_variable(x) or x)), Type.STATE)


def teacher(args: tuple[object, ...], span: Span) -> ir.Expr:
    """Give the frozen denoiser at a point."""
    x, t = expression(args[0], span, "a state"), expression(args[1], span, "a scalar")
    return ir.StopGrad(ir.Call(TEACHER, (x, per_sample(t, state_variable(x) or x)), Type.STATE), Type.STATE)


def f_ema(evaluator: Evaluator, call: ast.Call, env: Env) -> ir.Expr:
    """Give `f` with averaged weights, a constant to the optimiser."""
    value = expression(evaluator.call(evolve(call, function=ast.Name("f", call.span)), env), call.span)
    return frozen_value(substitute(value, {NETWORK.name: NETWORK_EMA}))


def frozen_value(value: ir.Expr) -> ir.Expr:
    """Give a constant to the optimiser; within one, nothing needs to be frozen again."""

    def thaw(expr: ir.Expr) -> ir.Expr:
        inner = expr.value if isinstance(expr, ir.StopGrad) else expr
        return reduced(inner) if isinstance(inner, ir.Lambda) and inner.type is Type.DENOISER else inner

    return ir.StopGrad(transform(value, thaw), value.type)


def reduced(function: ir.Lambda) -> ir.Expr:
    """Give a callable itself for a function that only calls it: `(x, t) -> teacher(x, t)` is `teacher`."""
    match function.body:
        case ir.Call(ir.Var() as called, args) if args == function.params:
            return called
    return function


def reduction(name: str, arity: int) -> Builtin:
    """Give a reduction over all axes but the batch's; of a scalar per sample it is that of one element."""

    def reduce(args: tuple[object, ...], span: Span) -> ir.Expr:
        operands = [expression(a, span, "a state") for a in args]
        if any(o.type is not Type.STATE for o in operands):
            raise error("CM204", f"`{name}` is of states, and this is a scalar", span)
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


def diff(derived: Derived, functions: Functions) -> Form:
    """Give `diff(e, t)`: the derivative of an expression without a network."""

    def differentiate(evaluator: Evaluator, call: ast.Call, env: Env) -> ir.Expr:
        if len(call.arguments) != 2:
            raise error("CM106", "`diff` takes an expression and a variable", call.span)
        variable = expression(evaluator.value(call.arguments[1].value, env), call.span)
        if not isinstance(variable, ir.Var):
            raise error("CM207", "`diff` is with respect to a variable", call.arguments[1].span)
        opened = Evaluator(functions.algebra(inlining=True), evaluator.forced)
        value = expression(opened.value(call.arguments[0].value, env), call.span)
        formula = written_out(value, variable, evaluator, call.span)
        calls = {name: f for name, f in functions.by_name.items() if name not in derived.coefficients}
        return derived.differentiate(transform(formula, lambda e: body_of(e, calls)), variable, call.span)

    return Form("diff", differentiate)


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


def integral(evaluator: Evaluator, call: ast.Call, env: Env) -> ir.Expr:
    """Refuse `integral(e, s, a, b)`, which is for the formulas of the process."""
    raise error("CM218", "`integral` can't be compiled in a body: integrals are not lowered", call.span)


def jvp(evaluator: Evaluator, call: ast.Call, env: Env) -> ir.Expr:
    """Give `jvp(g, (x, t), (dx, dt))`: the directional derivative of a function of the language."""
    if len(call.arguments) != 3:
        raise error("CM106", "`jvp` takes a function, a point and a direction: `jvp(f, (x, t), (dx, 1))`", call.span)
    function, point, direction = (evaluator.value(a.value, env) for a in call.arguments)
    if not isinstance(point, tuple) or not isinstance(direction, tuple) or len(point) != len(direction):
        raise error("CM208", "`jvp` takes a point and a direction of as many parts", call.span)
    primals = [expression(p, call.span) for p in point]
    like = next((v for p in primals if (v := state_variable(p)) is not None), SOME_STATE)
    params = tuple(
        ir.Var(name, p.type) for name, p in zip(parameter_names(function, len(primals)), primals, strict=True)
    )
    body = expression(evaluator.apply(function, params, call.span), call.span)
    tangents = tuple(tangent(expression(d, call.span), p, like) for d, p in zip(direction, primals, strict=True))
    return ir.Jvp(ir.Lambda(params, body, body.type), tuple(primals), tangents, body.type)


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
