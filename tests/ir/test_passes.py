"""Each pass: what it makes plainer, and what it must leave alone."""

import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction

import pytest
from attrs import evolve

from cmdsl.ir.build import num, op
from cmdsl.ir.dump import dump, dump_statement, show
from cmdsl.ir.nodes import (
    Call,
    Compare,
    Constant,
    Counting,
    Draw,
    Expr,
    Fill,
    Function,
    Gather,
    Lambda,
    Let,
    Loop,
    Nodes,
    Param,
    Program,
    Reduce,
    Return,
    Role,
    Select,
    Spread,
    Stmt,
    StopGrad,
    Type,
    Var,
)
from cmdsl.ir.optimize import RECIPE, optimize
from cmdsl.ir.passes.complete import complete_results
from cmdsl.ir.passes.drop import drop_unused
from cmdsl.ir.passes.guard import guard
from cmdsl.ir.passes.inline import inline_trivial
from cmdsl.ir.passes.share import share_subexpressions
from cmdsl.ir.passes.simplify import simplify_expression
from cmdsl.ir.passes.stop_gradients import hoist_stop_gradients
from cmdsl.ir.passes.tables import hoist_tables
from tests.ir.every import every_program
from tests.ir.ve import ve_program

S, X, H = Type.SAMPLE, Type.STATE, Type.STATIC
t, r, n = (Var(name, S) for name in ("t", "r", "n"))
x, y = Var("x", X), Var("y", X)
EPSILON, N = Var("EPSILON", H), Var("N", H)
network = Var("network", Type.NETWORK)
ONE, TWO = num(1), num(2)


def program(*functions: Function) -> Program:
    constants = (Constant("EPSILON", "epsilon", Fraction(1, 500)), Constant("NONE", "none", Fraction(0)))
    return Program("p", "", "", "", "", constants, functions, (), (), (), None, None)


def function(*body: Stmt, params: Sequence[Var] = (t, r, x, y, n), result: Type = S, name: str = "f") -> Function:
    return Function(name, tuple(Param(p.name, p.type) for p in params), body, result, Role.DEFINITION)


def lines(p: Program, name: str = "f") -> list[str]:
    f = p.function(name)
    assert f is not None
    return [line for s in f.body for line in dump_statement(s)]


def over(e: Expr) -> Expr:
    return Spread(e, x)


@pytest.mark.parametrize(
    ("expression", "plain"),
    [
        (op("mul", t, ONE), "t"),
        (op("add", num(0), t), "t"),
        (op("sub", num(0), t), "neg(t)"),
        (op("div", t, ONE), "t"),
        (op("pow", t, ONE), "t"),
        (op("mul", num(-1), t), "neg(t)"),
        (op("sub", t, num(-3)), "(t + 3)"),
        (op("add", t, op("neg", r)), "(t - r)"),
        (op("neg", op("neg", t)), "t"),
        (op("add", TWO, num("0.5")), "5/2"),
        (op("div", ONE, num(7)), "(1 / 7)"),
        (op("div", num(160), num(10)), "16"),
        (op("mul", num(0), t), "fill(0, t)"),
        (op("add", op("mul", num(0), x), y), "y"),
        (op("mul", Fill(TWO, t), t), "(2 * t)"),
        (op("mul", Fill(TWO, t), Fill(num(3), t)), "fill(6, t)"),
        (Spread(Fill(TWO, t), x), "2"),
        (op("sub", op("mul", over(t), x), op("mul", over(t), y)), "(spread(t, x) * (x - y))"),
        (
            op("sub", op("mul", over(op("div", ONE, t)), x), op("mul", over(op("div", ONE, t)), y)),
            "((x - y) / spread(t, x))",
        ),
        (Select(Compare("==", ONE, ONE, H), t, r, S), "t"),
        (Gather(Nodes(N, x), op("sub", op("add", n, ONE), ONE), S), "grid(N like x)[n]"),
        (Gather(Nodes(N, x), op("sub", op("sub", n, ONE), ONE), S), "grid(N like x)[(n - 2)]"),
    ],
    ids=str,
)
def test_simplify(expression: Expr, plain: str) -> None:
    assert show(simplify_expression(expression)) == plain


@pytest.mark.parametrize(
    "expression",
    [
        op("sub", t, EPSILON),
        op("div", t, t),
        op("div", ONE, op("add", ONE, op("pow", op("div", op("sub", t, EPSILON), N), TWO))),
        op("sub", op("mul", r, t), op("mul", r, EPSILON)),
        op("mul", num("0.002"), num("1e-9")),
        op("add", op("mul", over(t), x), op("mul", over(r), y)),
    ],
    ids=show,
)
def test_simplify_leaves_the_boundary_alone(expression: Expr) -> None:
    assert simplify_expression(expression) == expression


def applied(time: Expr) -> Expr:
    return Call(network, (x, time), X)


def test_stop_gradients_around_networks_become_statements() -> None:
    value = Reduce("dot", (applied(t), StopGrad(applied(r), X)))
    f = function(Return(op("mul", value, op("mul", StopGrad(t, S), Reduce("mean", (StopGrad(applied(n), X),))))))
    assert lines(hoist_stop_gradients(program(f))) == [
        "target := network(x, r)",
        "target_2 := network(x, n)",
        "return (dot(network(x, t), target) * (stopgrad(t) * mean(target_2)))",
    ]


def test_a_binding_of_a_stop_gradient_is_frozen_whole() -> None:
    f = function(Let("g", StopGrad(op("add", StopGrad(applied(t), X), x), X)), Return(Reduce("mean", (Var("g", X),))))
    assert lines(hoist_stop_gradients(program(f))) == ["g := (network(x, t) + x)", "return mean(g)"]


def test_stop_gradients_stay_in_lambdas_and_branches() -> None:
    frozen = StopGrad(applied(t), X)
    inside = Lambda((x, t), op("add", x, frozen), Type.DENOISER)
    branch = Select(Compare("==", N, ONE, H), frozen, x, X)
    f = function(Return(op("add", Call(inside, (x, t), X), branch)), params=(network, x, t, N), result=X)
    assert hoist_stop_gradients(program(f)) == program(f)


def test_common_subexpressions_get_a_name() -> None:
    gap = over(op("sub", r, t))
    f = function(Let("d", op("mul", gap, x)), Return(op("add", Var("d", X), op("mul", gap, y))), result=X)
    assert lines(share_subexpressions(program(f))) == [
        "r_minus_t = spread((r - t), x)",
        "d = (r_minus_t * x)",
        "return (d + (r_minus_t * y))",
    ]


def test_cheap_expressions_are_repeated() -> None:
    f = function(Return(op("mul", op("sub", t, EPSILON), op("sqrt", op("sub", t, EPSILON)))))
    assert share_subexpressions(program(f)) == program(f)


def test_a_name_that_is_bound_again_is_another_value() -> None:
    root = op("exp", op("sqrt", t))
    f = function(Let("a", root), Let("t", op("mul", t, TWO)), Return(op("mul", Var("a", S), root)))
    assert share_subexpressions(program(f)) == program(f)


def test_a_binding_lends_its_name_to_its_value() -> None:
    root = op("exp", op("sqrt", t))
    f = function(Let("a", root), Return(op("mul", r, root)))
    assert lines(share_subexpressions(program(f))) == ["a = exp(sqrt(t))", "return (r * a)"]


def test_a_frozen_value_is_not_lent_to_what_is_differentiated() -> None:
    f = function(Let("a", applied(t), True), Return(Reduce("dot", (Var("a", X), applied(t)))))
    assert lines(share_subexpressions(program(f))) == ["output = network(x, t)", "a := output", "return dot(a, output)"]


def test_what_frozen_statements_share_is_frozen() -> None:
    f = function(
        Let("a", op("neg", applied(t)), True), Let("b", op("exp", applied(t)), True), Return(Var("b", X)), result=X
    )
    assert lines(share_subexpressions(program(f)))[0] == "output := network(x, t)"


def test_nothing_leaves_lambdas_branches_and_loops() -> None:
    root = op("exp", op("sqrt", op("add", t, r)))
    lam = Lambda((x, t), op("mul", x, Spread(op("mul", root, root), x)), Type.DENOISER)
    branch = Select(Compare("==", N, ONE, H), op("mul", root, root), t, S)
    loop = Loop("i", ONE, N, False, None, (), (r,), (Let("r", root),))
    f = function(Let("g", Call(lam, (x, t), X)), loop, Let("h", branch), Return(r))
    assert share_subexpressions(program(f)) == program(f)


def test_new_names_avoid_every_other() -> None:
    gap = over(op("sub", r, t))
    taken = Function("r_minus_t_2", (), (Return(ONE),), S, Role.DEFINITION)
    body = (
        Let("r_minus_t", t),
        Let("d", op("mul", gap, x)),
        Return(op("add", op("mul", over(Var("r_minus_t", S)), x), op("mul", gap, y))),
    )
    assert "r_minus_t_3 = spread((r - t), x)" in lines(share_subexpressions(program(function(*body, result=X), taken)))


def test_trivial_functions_are_inlined_at_their_rank() -> None:
    alpha = function(Return(ONE), params=(t,), name="alpha")
    sigma = function(Return(Call("identity", (t,), S)), params=(t,), name="sigma")
    identity = function(Return(t), params=(t,), name="identity")
    body = op("add", op("mul", Spread(Call("alpha", (r,), S), x), x), op("mul", Spread(Call("sigma", (r,), S), x), y))
    inlined = inline_trivial(program(alpha, sigma, identity, function(Return(body), result=X)))
    assert lines(inlined) == ["return ((spread(fill(1, r), x) * x) + (spread(r, x) * y))"]


def test_a_constant_result_takes_the_shape_that_is_promised() -> None:
    f = function(Return(ONE), params=(t,))
    assert lines(complete_results(program(f))) == ["return fill(1, t)"]
    g = function(Return(num(0)), params=(x, t), result=X)
    assert lines(complete_results(program(g))) == ["return fill(0, x)"]


def test_a_function_of_arrays_gives_one_though_it_is_constant() -> None:
    weight = function(Return(num(1)), params=(t, r), result=Type.STATIC)
    (completed,) = complete_results(program(weight)).functions
    assert (completed.result, lines(program(completed))) == (Type.SAMPLE, ["return fill(1, t)"])
    count = function(Return(num(1)), params=(Var("k", Type.STATIC),), result=Type.STATIC)
    assert complete_results(program(count)).functions == (count,)


def test_both_branches_are_made_safe() -> None:
    sinc = Select(Compare("==", t, num(0), S), ONE, op("div", op("sin", t), t), S)
    assert lines(guard(program(function(Return(sinc))))) == [
        "return (if (t == 0) then 1 else (sin(t) / (if (t == 0) then 1 else t)))"
    ]


def test_a_number_in_a_branch_of_states_is_guarded_per_sample() -> None:
    above = Compare(">", t, ONE, S)
    branch = op("mul", Spread(op("sqrt", op("sub", t, ONE)), x), x)
    assert lines(guard(program(function(Return(Select(Spread(above, x), branch, y, X)))))) == [
        "return (if spread((t > 1), x) then (spread(sqrt((if (t > 1) then (t - 1) else 1)), x) * x) else y)"
    ]


def test_a_norm_of_what_is_not_trained_is_not_guarded() -> None:
    """In a loss no derivative is taken by data, nor through what is held constant."""
    root = op("sqrt", Reduce("sqnorm", (x,)))
    trained = Let("v", Call(Var("network", Type.NETWORK), (x, t), X))
    of_trained = Let("root", op("sqrt", Reduce("sqnorm", (Var("v", X),))))
    loss = evolve(function(Let("data", root), trained, of_trained, Return(Var("root", S))), role=Role.LOSS)
    data, _, live, _ = lines(guard(program(loss)))
    assert data == "data = sqrt(sqnorm(x))"
    assert "if (sqnorm(v) > 0)" in live


def test_a_norm_that_may_be_zero_is_guarded_and_one_that_may_not_is_not() -> None:
    norm = op("sqrt", Reduce("sqnorm", (x,)))
    assert "then sqrt((if (sqnorm(x) > 0)" in lines(guard(program(function(Return(norm)))))[0]
    for constant in (EPSILON, num("0.03")):
        huber = op("sqrt", op("add", Reduce("sqnorm", (x,)), op("pow", constant, TWO)))
        assert guard(program(function(Return(huber)))) == program(function(Return(huber)))
    unshifted = op("sqrt", op("add", Reduce("sqnorm", (x,)), op("pow", Var("NONE", H), TWO)))
    assert guard(program(function(Return(unshifted)))) != program(function(Return(unshifted)))


def test_grids_are_named_before_loops_and_weights_before_draws() -> None:
    loop = Loop(
        "i",
        ONE,
        N,
        False,
        None,
        (),
        (x,),
        (Let("x", op("mul", x, Gather(Nodes(N, x), Var("i", Type.LOOP), Type.UNIFORM))),),
    )
    assert (
        lines(hoist_tables(program(function(loop, Return(x), params=(x, N), result=X))))[0] == "times = grid(N like x)"
    )
    ranged = Gather(Nodes(N, None), op("sub", Var("i", Type.TABLE), ONE), Type.TABLE)
    body = (Let("i", Counting(ONE, N)), Draw("n", "index", (op("exp", ranged),), S), Return(n))
    assert lines(hoist_tables(program(function(*body, params=(x, N))))) == [
        "i = [1 .. N]",
        "weights = exp(grid(N)[([1 .. N] - 1)])",
        "n: sample ~ index(weights)",
        "return n",
    ]


def test_what_nobody_reads_is_dropped() -> None:
    loop = Loop(
        "i",
        ONE,
        N,
        False,
        None,
        (),
        (x,),
        (Let("unused", t), Let("kept", t), Let("x", op("mul", x, Spread(Var("kept", S), x)))),
    )
    f = function(Let("unused", t), Let("start", r), loop, Return(Reduce("mean", (x,))))
    assert lines(drop_unused(program(f)))[:3] == [
        "for i from 1 to N carrying x:",
        "    kept = t",
        "    x = (x * spread(kept, x))",
    ]


@pytest.mark.parametrize("build", [ve_program, every_program])
def test_optimising_again_changes_nothing(build: object) -> None:
    assert callable(build)
    once = optimize(build())
    assert optimize(once) == once


def test_the_result_does_not_depend_on_the_hash_seed() -> None:
    modules = (
        "from tests.ir.ve import ve_program",
        "from cmdsl.ir.optimize import optimize",
        "from cmdsl.ir.dump import dump",
    )
    code = "; ".join([*modules, "print(dump(optimize(ve_program())), end='')"])
    expected = dump(optimize(ve_program())).encode()
    for seed in ("1", "2"):
        environment = {"PYTHONHASHSEED": seed}
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
        assert run.stdout == expected


def test_the_recipe_is_nothing_but_functions_of_programs() -> None:
    p = ve_program()
    for step in RECIPE:
        p = step(p)
    assert p == optimize(ve_program())
