"""What is computed before the batch is: the grid as a table, the curriculum as functions of the step."""

from __future__ import annotations

from fractions import Fraction

from cmdsl.diagnostics import Span, error
from cmdsl.ir import nodes as ir
from cmdsl.ir.nodes import Role, Type
from cmdsl.lower.algebra import IrAlgebra, expression
from cmdsl.lower.functions import Body, Functions, formula, source, with_locals
from cmdsl.sema.evaluate import Evaluator
from cmdsl.sema.values import Closure, Instance
from cmdsl.syntax.forms import use_of

K = ir.Var("K", Type.STATIC)
STEP = ir.Var("k", Type.STATIC)
ONE = ir.Num(Fraction(1))
NODE = "write `node(i, N) = …` in it: the i-th of N times"
NODES = "write `N(k) = …` in it: how many nodes there are at step k"
STEPS = "a curriculum is computed from `k`, `K`, its parameters and params of the spec, before there is a batch"


def lower_grid(name: str, grid: Instance, epsilon: ir.Expr, last: ir.Expr, functions: Functions) -> ir.Function:
    """Give the function from n to the n grid times, its ends exact."""
    node = grid.env.bindings.get("node")
    if not isinstance(node, Closure) or len(node.parameters) != 2:
        raise error("CM214", f"the grid `{grid.name}` does not define `node(i, N)`", grid.definition.at, help=NODE)
    body, i, n = Body(functions), ir.Var("i", Type.TABLE), ir.Var("n", Type.STATIC)
    body.statements.append(ir.Let(i.name, ir.Counting(ONE, n)))
    grid.env.bindings.update(with_locals(grid.env, body))
    inside = expression(functions.evaluator().inline(node, (i, n), node.span), node.span)
    at_end = ir.Select(ir.Compare("==", i, n, Type.TABLE), last, inside, Type.TABLE)
    pinned = ir.Select(ir.Compare("==", i, ONE, Type.TABLE), epsilon, at_end, Type.TABLE)
    statements = (*body.statements, ir.Return(pinned))
    return ir.Function(
        name, (ir.Param("n", Type.STATIC),), statements, Type.TABLE, Role.GRID, formula("node", node), source(node.span)
    )


def lower_curriculum(prefix: str, curriculum: Instance, functions: Functions) -> list[ir.Function]:
    """Give a curriculum's functions of (k, K), on the host, in float64."""
    return [host_function(prefix, function, curriculum, functions) for function in curriculum.functions()]


def check_curriculum(objective: str, curriculum: Instance | None, used: set[str], span: Span) -> None:
    """Refuse an objective without a curriculum that gives what it uses."""
    if curriculum is None and used & {"N", "network_ema"}:
        raise error(
            "CM114",
            f"the objective `{objective}` needs a curriculum: it speaks of {spoken_of(used)}, and the spec gives none",
            span,
            help=f"add {use_of('curriculum')}",
        )
    if curriculum is not None and "N" in used and "N" not in {f.name for f in curriculum.functions()}:
        raise error(
            "CM214", f"the curriculum `{curriculum.name}` does not define `N(k)`", curriculum.definition.at, help=NODES
        )


def spoken_of(used: set[str]) -> str:
    """Name what an objective takes from its curriculum."""
    return " and ".join(["the nodes `N`"] * ("N" in used) + ["averaged weights, by `mu`"] * ("network_ema" in used))


def host_function(prefix: str, function: Closure, curriculum: Instance, functions: Functions) -> ir.Function:
    """Give one function of a curriculum; others that it calls at the same step stay calls."""
    if len(function.parameters) != 1:
        raise error(
            "CM106",
            f"`{function.name}` of a curriculum is a function of the step alone",
            function.span,
            help=f"write `{function.name}(k) = …`",
        )

    def apply(evaluator: Evaluator, called: Closure, args: tuple[object, ...], span: Span) -> object:
        if called.owner is curriculum and called is not function and args == (STEP,):
            return ir.Call(f"{prefix}_{called.name}", (STEP, K), Type.STATIC)
        return evaluator.inline(called, args, span)

    body = Body(functions)
    scope = curriculum.env.child({function.parameters[0]: STEP, "k": STEP, "K": K})
    scope.bindings.update(with_locals(curriculum.env, body, scope))
    evaluator = Evaluator(IrAlgebra(apply, effort=functions.effort))
    if isinstance(function.body, tuple):
        raise error("CM206", "a curriculum's function is one expression", function.span)
    result = expression(evaluator.value(function.body, scope), function.span)
    if result.type is not Type.STATIC:
        raise error("CM215", f"`{function.name}` depends on more than the step", function.span, help=STEPS)
    params = (ir.Param("k", Type.STATIC), ir.Param("K", Type.STATIC))
    integer = function.name == "N"
    return ir.Function(
        f"{prefix}_{function.name}",
        params,
        (*body.statements, ir.Return(result)),
        Type.STATIC,
        Role.CURRICULUM,
        formula(function.name, function),
        source(function.span),
        True,
        integer,
    )
