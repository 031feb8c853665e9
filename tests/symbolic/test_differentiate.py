"""Derivatives of expressions of bodies: `diff(perturb(x0, z, t), t)` and its like."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest

from cmdsl.diagnostics import SpecError
from cmdsl.ir import nodes as ir
from cmdsl.ir.build import num, op
from cmdsl.ir.dump import show
from cmdsl.ir.interpret import evaluate, machine
from cmdsl.ir.nodes import Type
from cmdsl.symbolic.constants import constants
from cmdsl.symbolic.differentiate import differentiate
from cmdsl.symbolic.freeze import freeze
from tests.symbolic.models import ALL, stable

t, u = ir.Var("t", Type.SAMPLE), ir.Var("u", Type.SAMPLE)
x0, z = ir.Var("x0", Type.STATE), ir.Var("z", Type.STATE)
EPSILON = ir.Var("EPSILON", Type.STATIC)


def call(name: str, *args: ir.Expr) -> ir.Expr:
    return ir.Call(name, args, Type.SAMPLE)


def perturbed(time: ir.Expr) -> ir.Expr:
    data, noise = ir.Spread(call("alpha", time), x0), ir.Spread(call("sigma", time), z)
    return op("add", op("mul", data, x0), op("mul", noise, z))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ve_edm", "z"),
        ("straight", "(z - x0)"),
        ("trigflow", "((spread((SIGMA_DATA * cos(t)), z) * z) - (spread(sin(t), x0) * x0))"),
        (
            "vp_linear",
            "((spread((alpha(t) * drift_rate(t)), x0) * x0) + (spread((sigma(t) * velocity_x(t)), z) * z))",
        ),
    ],
)
def test_the_velocity_of_a_perturbation(name: str, text: str) -> None:
    assert show(differentiate(stable(ALL[name]), perturbed(t), t)) == text


EXPRESSIONS = {
    "a coefficient": call("c_out", t),
    "at another time": call("c_skip", op("mul", num(2), t)),
    "of two times": call("transition_sigma", u, op("add", u, t)),
    "nested": op("log", call("sigma", op("square", t))),
    "with constants": op("div", op("sin", op("mul", EPSILON, t)), op("sub", t, u)),
    "a choice": ir.Select(ir.Compare("<", t, u, Type.SAMPLE), op("mul", t, t), op("exp", t), Type.SAMPLE),
    "a power": op("pow", t, op("neg", t)),
    "a step": op("mul", t, op("floor", op("mul", num(7), t))),
    "the larger": op("max", op("mul", t, t), u),
}


@pytest.mark.parametrize("name", ["ve_edm", "vp_linear", "sub_vp", "cosine"])
@pytest.mark.parametrize("expr", EXPRESSIONS.values(), ids=list(EXPRESSIONS))
def test_derivatives_are_slopes(name: str, expr: ir.Expr) -> None:
    m = stable(ALL[name])
    functions = tuple(freeze(m).values())
    run = machine(ir.Program("m", "", "", "", "", constants(m), functions, (), (), (), None, None))
    slope = differentiate(m, expr, t)

    def at(e: ir.Expr, time: mpmath.mpf) -> mpmath.mpf:
        return evaluate(run, e, {**run.constants, "t": [time], "u": [mpmath.mpf("0.11")]})[0]

    with mpmath.workdps(50):
        time, h = mpmath.mpf("0.3"), mpmath.mpf(10) ** -20
        central = (at(expr, time + h) - at(expr, time - h)) / (2 * h)
        assert mpmath.almosteq(at(slope, time), central, mpmath.mpf(10) ** -25)


def test_what_does_not_change_has_no_slope() -> None:
    slope = differentiate(stable(ALL["ve_edm"]), op("mul", ir.Spread(u, x0), x0), t)
    assert slope == ir.Fill(num(0), x0, Type.STATE)


def test_a_stopped_gradient_is_a_constant() -> None:
    stopped = ir.StopGrad(op("mul", t, t), Type.SAMPLE)
    assert show(differentiate(stable(ALL["ve_edm"]), op("mul", t, stopped), t)) == "stopgrad((t * t))"


def test_constants_of_the_module_stay_by_name() -> None:
    assert differentiate(stable(ALL["ve_edm"]), op("mul", EPSILON, t), t) == EPSILON


@pytest.mark.parametrize(
    ("expr", "words"),
    [
        (ir.Call(ir.Var("network", Type.NETWORK), (ir.Spread(t, x0), u), Type.STATE), "a network depends on `t`"),
        (ir.Reduce("sqnorm", (ir.Spread(t, x0),)), "`reduce` depends on `t`"),
    ],
)
def test_networks_and_reductions_are_refused(expr: ir.Expr, words: str) -> None:
    with pytest.raises(SpecError, match="CM207") as caught:
        differentiate(stable(ALL["ve_edm"]), expr, t)
    assert words in caught.value.diagnostics[0].message


def test_a_network_that_does_not_depend_on_the_variable_stands_as_it_is() -> None:
    output = ir.Call(ir.Var("network", Type.NETWORK), (x0, u), Type.STATE)
    m = stable(ALL["ve_edm"])
    slope = differentiate(m, op("mul", ir.Spread(op("mul", num(3), t), x0), output), t)
    assert slope == op("mul", ir.Num(Fraction(3)), output)
