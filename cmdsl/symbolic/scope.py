"""The names that bodies see, as sympy's expressions: params, the process, the coefficients, calculus."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sympy as sp

from cmdsl.diagnostics import Span, error
from cmdsl.sema.evaluate import Evaluator
from cmdsl.sema.instantiate import instantiate
from cmdsl.sema.mistakes import no_inverse
from cmdsl.sema.scope import spec_scope
from cmdsl.sema.values import Builtin, Env, Form, Namespace
from cmdsl.symbolic.algebra import SympyAlgebra, Written, scalar
from cmdsl.symbolic.antiderivative import definite
from cmdsl.symbolic.model import Model
from cmdsl.symbolic.opaque import Coefficients, call, expand_in
from cmdsl.syntax import ast
from cmdsl.syntax.forms import use_of

CLOSED = "give the result as a formula, if you know it"


def state(name: str) -> sp.Symbol:
    """Give the symbol of a state: real and of any sign."""
    return sp.Symbol(name, real=True)


def evaluator(written: Written | None = None) -> Evaluator:
    """Give an evaluator to sympy's expressions; `written` is told what they are made of."""
    return Evaluator(SympyAlgebra(written))


def process_names(symbols: Mapping[str, object], t: sp.Symbol, T: sp.Expr | None) -> dict[str, object]:
    """Give what the formulas of a process see: params, time, states, calculus."""
    names: dict[str, object] = {**symbols, "t": t, t.name: t, "x": state("x")} | ({} if T is None else {"T": T})
    return names | {"diff": Form("diff", differential({})), "integral": Form("integral", integral)}


def coefficient_names(coefficients: Coefficients) -> dict[str, object]:
    """Give the coefficients as functions that stay opaque; those of the denoiser are members of `D`."""
    names: dict[str, object] = {n: opaque(n, len(c.parameters)) for n, c in coefficients.items()}
    names |= {"diff": Form("diff", differential(coefficients)), "integral": Form("integral", integral)}
    if "alpha" in coefficients and "time_at" not in coefficients:
        names["time_at"] = Builtin("time_at", 1, no_inverse)
    members = {n.removeprefix("denoiser_"): b for n, b in names.items() if n.startswith("denoiser_")}
    return names | ({"D": Namespace(None, members)} if members else {})


def opaque(name: str, arity: int) -> Builtin:
    """Give a coefficient as a function."""
    return Builtin(name, arity, lambda args, span: call(name, *(scalar(a, span) for a in args)))


def ground(model: Model) -> dict[str, object]:
    """Give the outermost bindings for a model: what every body sees that is a scalar."""
    names = process_names(model.symbols, model.t, model.T) | coefficient_names(model.coefficients)
    names |= {"node": node(model)}
    return names if model.epsilon is None else names | {"epsilon": model.epsilon}


def model_scope(model: Model) -> Env:
    """Give the scope in which a model's own formulas, its asserts and the arguments of its definitions stand."""
    return spec_scope(model.spec, ground(model))


def node(model: Model) -> Builtin:
    """Give `node(i, N)`, the grid's formula."""

    def look_up(args: tuple[object, ...], span: Span) -> sp.Expr:
        use = model.spec.grid
        if use is None or use.reference is None:
            way_out = f"add {use_of('grid')}"
            raise error("CM114", "`node` needs a grid, and the spec has none", span, help=way_out)
        grid = instantiate("grid", use.reference, model_scope(model), use.body)
        return scalar(evaluator().apply(grid, args, span), span)

    return Builtin("node", 2, look_up)


Calculus = Callable[[Evaluator, ast.Call, Env], sp.Expr]


def differential(coefficients: Coefficients) -> Calculus:
    """Give `diff(e, t)`: coefficients in it are written out where they are differentiated."""

    def differentiate(evaluator: Evaluator, expr: ast.Call, env: Env) -> sp.Expr:
        if len(expr.arguments) != 2:
            raise error("CM106", "`diff` takes an expression and a variable", expr.span, help="`diff(alpha(t), t)`")
        value, variable = (scalar(evaluator.value(a.value, env), a.span) for a in expr.arguments)
        if not isinstance(variable, sp.Symbol):
            raise error("CM233", "`diff` is with respect to a variable", expr.arguments[1].span)
        return expand_in(coefficients, sp.diff(value, variable))

    return differentiate


def integral(evaluator: Evaluator, expr: ast.Call, env: Env) -> sp.Expr:
    """Give `integral(e, s, a, b)`."""
    variable = expr.arguments[1].value if len(expr.arguments) == 4 else None
    if not isinstance(variable, ast.Name):
        raise error(
            "CM233", "`integral` takes an expression, a variable and two ends: `integral(e, s, 0, t)`", expr.span
        )
    s = sp.Dummy(variable.id, real=True)
    integrand = scalar(evaluator.value(expr.arguments[0].value, env.child({variable.id: s})), expr.span)
    low, high = (scalar(evaluator.value(a.value, env), a.span) for a in expr.arguments[2:])
    found = definite(integrand, s, low, high)
    if found is None:
        raise error("CM225", "no closed form is known for this integral", expr.span, help=CLOSED)
    return found
