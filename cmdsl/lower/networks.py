"""The networks that bodies see: the raw one, the averaged, the teacher's; and what needs a preconditioning."""

from __future__ import annotations

from cmdsl.diagnostics import Span, error
from cmdsl.ir import nodes as ir
from cmdsl.ir.nodes import Type
from cmdsl.ir.walk import free, substitute, transform
from cmdsl.lower.algebra import expression, per_sample, state_variable
from cmdsl.lower.calculus import jvp
from cmdsl.lower.derived import Derived
from cmdsl.lower.functions import NETWORK, NETWORK_EMA, TEACHER, Functions
from cmdsl.sema.evaluate import Evaluator
from cmdsl.sema.values import Builtin, Env, Form, Namespace
from cmdsl.syntax import ast
from cmdsl.syntax.forms import use_of

DENOISER_PREFIX = "denoiser_"


def networks(derived: Derived, functions: Functions) -> dict[str, object]:
    """Give the raw network, the averaged and the teacher's."""
    names: dict[str, object] = {
        "F": functions.given.raw("F", NETWORK),
        "F_ema": functions.given.raw("F_ema", NETWORK_EMA),
        "teacher": Builtin("teacher", 2, teacher),
        "jvp": jvp(functions),
    }
    members = {
        name.removeprefix(DENOISER_PREFIX): names_of(derived, name)
        for name in derived.coefficients
        if name.startswith(DENOISER_PREFIX)
    }
    if not members:
        absent = {n: needs_precondition(n) for n in ("f", "D", "f_ema", "c_skip", "c_out", "c_in", "c_noise")}
        return names | {n: b for n, b in absent.items() if n not in derived.coefficients}
    return names | {"D.members": members}


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
            help=f"add `boundary epsilon` and {use_of('precondition')}",
        )

    return Form(name, refuse)


def complete(scope: Env, functions: Functions) -> None:
    """Make `D` a function with members, and `f_ema` from `f`, once the prelude's functions are in scope."""
    members = scope.bindings.pop("D.members", None)
    if isinstance(members, dict):
        scope.bindings["D"] = Namespace(scope.bindings["D"], {n: scope.bindings[c] for n, c in members.items()})
        scope.bindings["f_ema"] = f_ema(scope.bindings["f"], functions)


def teacher(args: tuple[object, ...], span: Span) -> ir.Expr:
    """Give the frozen denoiser at a point."""
    x, t = expression(args[0], span, "a state"), expression(args[1], span, "a scalar")
    return ir.StopGrad(ir.Call(TEACHER, (x, per_sample(t, state_variable(x) or x)), Type.STATE), Type.STATE)


def f_ema(f: object, functions: Functions) -> Builtin:
    """Give `f` with averaged weights, a constant to the optimiser; a network in its arguments stays what it is."""

    def apply(args: tuple[object, ...], span: Span) -> ir.Expr:
        given = {f"<{i}>": expression(a, span) for i, a in enumerate(args)}
        held = {name: value for name, value in given.items() if NETWORK in free(value)}
        point = tuple(ir.Var(name, value.type) if name in held else value for name, value in given.items())
        value = expression(functions.evaluator().apply(f, point, span), span)
        return frozen_value(substitute(substitute(value, {NETWORK.name: NETWORK_EMA}), held))

    return Builtin("f_ema", 2, apply)


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
