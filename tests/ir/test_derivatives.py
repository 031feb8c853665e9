"""A directional derivative is a statement of its own, and gives the value at its point where that is wanted too."""

from __future__ import annotations

import pytest

from cmdsl.ir.build import op
from cmdsl.ir.dump import dump_statement
from cmdsl.ir.nodes import Call, Expr, Function, Jvp, Lambda, Let, Param, Program, Reduce, Return, Role, Stmt, Type, Var
from cmdsl.ir.passes.derivatives import share_derivatives
from cmdsl.ir.passes.drop import drop_unused

X, S = Type.STATE, Type.SAMPLE
x, y, v, t = Var("x", X), Var("y", X), Var("v", X), Var("t", S)
network = Var("network", Type.NETWORK)


def applied(at: Expr) -> Call:
    return Call(network, (at, t), X)


def slope(at: Expr = x, direction: Expr = v) -> Jvp:
    return Jvp(Lambda((y,), applied(y), X), (at,), (direction,), X)


def lines(*body: Stmt) -> list[str]:
    f = Function("f", tuple(Param(p.name, p.type) for p in (network, x, v, t)), body, X, Role.LOSS)
    program = drop_unused(share_derivatives(Program("p", "", "", "", "", (), (f,), (), (), (), None, None)))
    return [line for s in program.functions[0].body for line in dump_statement(s)]


PAIR = "output, derivative = jvp((y -> network(y, t)), (x), (v))"


def test_a_derivative_alone_is_named() -> None:
    assert lines(Return(op("add", slope(), x))) == [
        "derivative = jvp((y -> network(y, t)), (x), (v))",
        "return (derivative + x)",
    ]


def test_the_value_at_its_point_comes_with_it() -> None:
    assert lines(Return(op("add", slope(), applied(x)))) == [PAIR, "return (derivative + output)"]


def test_a_binding_lends_its_name_to_the_value() -> None:
    body = Let("g", applied(x)), Let("dg", slope()), Return(op("mul", Var("g", X), Var("dg", X)))
    assert lines(*body) == ["g, dg = jvp((y -> network(y, t)), (x), (v))", "return (g * dg)"]


def test_a_derivative_that_is_a_constant_stays_one_beside_a_value_that_is_none() -> None:
    body = Let("dg", slope(), True), Return(op("mul", applied(x), Var("dg", X)))
    assert lines(*body) == [PAIR, "dg := derivative", "return (output * dg)"]


def test_constants_stay_together() -> None:
    body = Let("g", applied(x), True), Let("dg", slope(), True), Return(op("mul", Var("g", X), Var("dg", X)))
    assert lines(*body) == ["output, dg := jvp((y -> network(y, t)), (x), (v))", "g := output", "return (g * dg)"]


def test_what_the_direction_follows_from_comes_before() -> None:
    w = Var("w", X)
    body = Let("g", applied(x)), Let("w", op("neg", v)), Return(op("mul", slope(x, w), Var("g", X)))
    assert lines(*body)[:2] == ["w = neg(v)", "g, derivative = jvp((y -> network(y, t)), (x), (w))"]


@pytest.mark.parametrize(
    "body",
    [
        (Let("g", applied(x)), Let("d", slope(x, op("neg", Var("g", X)))), Return(Var("d", X))),
        (Let("g", applied(v)), Let("d", slope()), Return(op("mul", Var("g", X), Var("d", X)))),
        (Let("x", op("neg", x)), Let("d", slope()), Return(op("mul", applied(x), Var("d", X))), Let("x", v)),
    ],
)
def test_a_value_elsewhere_or_one_that_the_direction_needs_is_computed_apart(body: tuple[Stmt, ...]) -> None:
    assert not any("output" in line or line.startswith("g, ") for line in lines(*body))


def test_nothing_leaves_a_function() -> None:
    inner = Jvp(Lambda((y,), slope(y), X), (x,), (v,), X)
    assert lines(Return(Reduce("mean", (inner,)))) == [
        "derivative = jvp((y -> jvp((y -> network(y, t)), (y), (v))), (x), (v))",
        "return mean(derivative)",
    ]
