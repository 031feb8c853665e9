"""Frozen coefficients: the forms that are printed, and the same values in the reference evaluation of the IR."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import mpmath
import pytest
import sympy as sp

from cmdsl.diagnostics import SpecError
from cmdsl.ir import nodes as ir
from cmdsl.ir.dump import show
from cmdsl.ir.interpret import interpret, machine
from cmdsl.ir.nodes import Type
from cmdsl.symbolic.constants import constants
from cmdsl.symbolic.freeze import Freezer, freeze
from tests.symbolic.models import ALL, ROOT, model, stable, value

EDM = {
    "alpha": "1",
    "sigma": "t",
    "diffusion": "sqrt((2 * t))",
    "snr": "(1 / (t ^ 2))",
    "logsnr": "neg((2 * log(t)))",
    "velocity_x": "(1 / t)",
    "transition_sigma": "sqrt(((r + t) * (t - r)))",
    "gaussian_scale": "sqrt((((SIGMA_DATA ^ 2) + (s ^ 2)) / ((SIGMA_DATA ^ 2) + (t ^ 2))))",
    "c_skip": "(1 / (1 + (((t - EPSILON) / SIGMA_DATA) ^ 2)))",
    "c_out": "((SIGMA_DATA * (t - EPSILON)) / sqrt(((SIGMA_DATA ^ 2) + (t ^ 2))))",
    "c_in": "(1 / sqrt(((SIGMA_DATA ^ 2) + (t ^ 2))))",
    "c_noise": "(log(t) / 4)",
}
VP = {
    "alpha": "exp(neg(((t * ((2 * BETA_MIN) + ((BETA_MAX - BETA_MIN) * t))) / 4)))",
    "sigma": "sqrt(neg(expm1(neg(((t * ((2 * BETA_MIN) + ((BETA_MAX - BETA_MIN) * t))) / 2)))))",
    "snr": "((alpha(t) / sigma(t)) ^ 2)",
    "c_skip": "(restart_alpha(t) / ((restart_alpha(t) ^ 2) + ((restart_sigma(t) / SIGMA_DATA) ^ 2)))",
    "c_noise": "(999 * t)",
}


def body(function: ir.Function) -> ir.Expr:
    (statement,) = function.body
    assert isinstance(statement, ir.Return)
    return statement.value


@pytest.mark.parametrize(("name", "forms"), [("ve_edm", EDM), ("vp_linear", VP)])
def test_forms_read_like_the_papers(name: str, forms: dict[str, str]) -> None:
    functions = freeze(stable(ALL[name]))
    assert {n: show(body(functions[n])) for n in forms} == forms


@pytest.mark.parametrize("name", ALL)
def test_frozen_coefficients_have_the_values_of_the_model(name: str) -> None:
    m = stable(ALL[name])
    functions = freeze(m)
    program = ir.Program("m", "", "", "", "", constants(m), tuple(functions.values()), (), (), (), None, None)
    low = sp.S.Zero if m.epsilon is None else m.epsilon.subs(m.values)
    high = sp.Rational(str(m.T.subs(m.values).evalf(20)))
    points = [low + (high - low) * sp.Rational(n, 7) for n in (2, 5)]
    for n, f in functions.items():
        args = points[: len(f.params)]
        found = interpret(machine(program), n, *([Fraction(int(p.p), int(p.q))] for p in args))
        exact = value(model(ALL[name]), n, *args)
        with mpmath.workdps(50):
            wanted = mpmath.mpf(int(exact.p)) / int(exact.q)
            assert mpmath.almosteq(found[0] if isinstance(found, list) else found, wanted, 1e-40), n


def test_functions_know_their_place_and_source() -> None:
    functions = freeze(stable(ALL["ve_edm"]))
    assert functions["c_skip"].role is ir.Role.PRECONDITION
    assert functions["sigma"].role is ir.Role.PROCESS
    assert functions["transition_sigma"].role is ir.Role.KERNEL
    assert functions["sigma"].source.startswith("spec.cm:12")
    assert [p.name for p in functions["gaussian_scale"].params] == ["t", "s"]
    assert all(p.type is Type.SAMPLE for f in functions.values() for p in f.params)


def test_private_coefficients_are_no_part_of_the_interface() -> None:
    public = [n for n, c in stable(ALL["vp_linear"]).coefficients.items() if c.public]
    process = ["alpha", "sigma", "diffusion", "snr", "logsnr", "time_at"]
    family = [f"{prefix}c_{part}" for prefix in ("denoiser_", "") for part in ("skip", "out", "in", "noise")]
    assert public == process + family


t, s = sp.Symbol("t", positive=True), sp.Symbol("s", positive=True)
a, b = sp.Symbol("a", positive=True), sp.Symbol("b", real=True)
VARIABLES = {
    t: ir.Var("t", Type.SAMPLE),
    s: ir.Var("s", Type.SAMPLE),
    a: ir.Var("A", Type.STATIC),
    b: ir.Var("B", Type.STATIC),
}


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (3 * t - 3 * a, "(3 * (t - A))"),
        (-t - a, "neg((A + t))"),
        (a * sp.sqrt(2) * sp.sqrt(t) / 2, "(A * sqrt((t / 2)))"),
        (sp.sqrt(2 * t / (1 - t)), "sqrt(((2 * t) / (1 - t)))"),
        (a**2 * sp.exp(-t) / t**2, "(exp(neg(t)) * ((A / t) ^ 2))"),
        (sp.exp(t * sp.log(a)), "(A ^ t)"),
        (sp.Max(t, s, a), "max(max(A, s), t)"),
        (sp.Piecewise((t, t < s), (s, True)), "(if (s > t) then t else s)"),
        (sp.pi * t, "(pi * t)"),
        (t ** sp.Rational(3, 2), "(t ^ 3/2)"),
        (1 / (t * sp.sqrt(t + a)), "(1 / (t * sqrt((A + t))))"),
        (sp.cot(t), "(1 / tan(t))"),
        (sp.Abs(b) * sp.floor(t), "(abs(B) * floor(t))"),
    ],
)
def test_expressions_are_written_plainly(expr: sp.Expr, text: str) -> None:
    assert show(Freezer(VARIABLES).freeze(expr)) == text


def test_what_backends_do_not_know_is_refused() -> None:
    with pytest.raises(SpecError, match="CM237"):
        Freezer(VARIABLES).freeze(sp.gamma(t))


PRINT = """
from tests.symbolic.models import ALL, stable
from cmdsl.symbolic.freeze import freeze
from cmdsl.ir.dump import dump_function
for name in ("ve_edm", "vp_linear", "sub_vp", "offset_cosine", "geometric"):
    for function in freeze(stable(ALL[name])).values():
        print(dump_function(function), function.formula)
"""


def test_nothing_depends_on_the_hashes_of_strings() -> None:
    texts = [
        subprocess.run(
            [sys.executable, "-c", PRINT], capture_output=True, text=True, cwd=ROOT, env={"PYTHONHASHSEED": seed}
        )
        for seed in ("1", "2")
    ]
    assert texts[0].stdout, texts[0].stderr
    assert len({done.stdout for done in texts}) == 1
