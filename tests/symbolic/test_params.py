"""Params: symbols with the assumptions of their ranges, exact values, refusals."""

from __future__ import annotations

import pytest
import sympy as sp

from cmdsl.diagnostics import SpecError
from cmdsl.symbolic.params import surveyed
from cmdsl.syntax import ast, parse
from tests.symbolic.models import ALL, model, refused

SPEC = "model m\n{params}\ntime t in [0, {T}]\nsde {{ drift = 0\n diffusion = sqrt(2*t) }}\n{boundary}"


def write(params: str, T: str = "80", boundary: str = "") -> str:
    return SPEC.format(params=params, T=T, boundary=boundary)


@pytest.mark.parametrize(
    ("declared", "positive", "nonnegative", "negative"),
    [
        ("param a = 2 in (0, inf)", True, True, False),
        ("param a = 2 in [0, 3)", None, True, False),
        ("param a = -2 in (-inf, 0)", False, False, True),
        ("param a = 2 in (-1, 3]", None, None, None),
        ("param a = 2", None, None, None),
        ("param a = 2 in (b, inf)\nparam b = 1 in (0, inf)", True, True, False),
        ("param a = 2 in (b, c)\nparam b = 1 in (a, c)\nparam c = 3", None, None, None),
    ],
)
def test_symbols_have_the_signs_of_their_ranges(
    declared: str, positive: bool | None, nonnegative: bool | None, negative: bool | None
) -> None:
    if "(a, c)" in declared:
        declared = declared.replace("(a, c)", "(-inf, a)")
    a = model(write(declared)).symbols["a"]
    assert (a.is_real, a.is_positive, a.is_nonnegative, a.is_negative) == (True, positive, nonnegative, negative)


def test_values_are_exact() -> None:
    m = model(write("param a = 0.002\nparam b = 3*a + 1/7\nparam c = sqrt(2)"))
    values = {s.name: v for s, v in m.values.items()}
    assert values["b"] == sp.Rational(6, 1000) + sp.Rational(1, 7)
    assert abs(values["c"] ** 2 - 2) < sp.Rational(1, 10**50)


@pytest.mark.parametrize(
    ("params", "code", "line", "words"),
    [
        ("param a = 0 in (0, 1)", "CM220", 2, "`a = 0` is outside its range (0, 1)"),
        ("param b = 1\nparam a = 2 in [0, b]", "CM220", 3, "`a = 2` is outside its range [0, 1]"),
        ("param a = sqrt(-1)", "CM227", 2, "no real value"),
        ("param a = inf", "CM221", 2, "a real number"),
        ("param a = b\nparam b = a", "CM120", 2, "`a` is defined in terms of itself, through `b`"),
    ],
)
def test_bad_params_are_refused(params: str, code: str, line: int, words: str) -> None:
    diagnostic = refused(write(params))
    assert diagnostic.code == code
    assert words in diagnostic.message
    assert diagnostic.span is not None
    assert diagnostic.span.line == line


def test_a_param_named_as_the_time_of_the_library_is_refused() -> None:
    text = write("param t = 1").replace("time t", "time u").replace("sqrt(2*t)", "sqrt(2*u)")
    assert refused(text).code == "CM235"


def test_all_params_out_of_range_are_told_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        model(write("param a = 0 in (0, 1)\nparam b = 2 in (0, 1)"))
    assert [d.code for d in caught.value.diagnostics] == ["CM220", "CM220"]


def test_a_boundary_that_is_a_number_is_a_symbol_of_its_own() -> None:
    m = model(write("param sigma_data = 0.5", boundary="boundary 0.002\n"))
    assert isinstance(m.epsilon, sp.Symbol)
    assert m.values[m.epsilon] == sp.Rational(1, 500)
    assert m.domains[m.epsilon].high == 80


def test_a_boundary_at_0_is_0() -> None:
    assert model(ALL["trigflow"]).epsilon == 0
    assert model(write("param epsilon = 0 in [0, 1)", boundary="boundary epsilon\n")).epsilon == 0


@pytest.mark.parametrize(
    ("T", "boundary", "params", "code"),
    [
        ("-1", "", "", "CM232"),
        ("inf", "", "", "CM232"),
        ("80", "boundary 90\n", "", "CM232"),
        ("80", "boundary -1\n", "", "CM232"),
        ("80", "", "param T = 70", "CM235"),
        ("80", "boundary 0.01\n", "param epsilon = 0.02", "CM235"),
    ],
)
def test_impossible_times_are_refused(T: str, boundary: str, params: str, code: str) -> None:
    assert refused(write(params, T, boundary)).code == code


def test_time_starts_at_0() -> None:
    assert refused(write("").replace("[0,", "[1,")).code == "CM232"


@pytest.mark.parametrize(("last", "high"), [("80", sp.Integer(80)), ("2*b", 2 * sp.Symbol("b", positive=True))])
def test_a_range_may_end_where_the_time_does(last: str, high: sp.Expr) -> None:
    (time,) = parse("spec.cm", f"time t in [0, {last}]\n").statements
    assert isinstance(time, ast.Time)
    declared = parse("spec.cm", "param b = 3 in (0, inf)\nparam a = 1 in (0, T)\n").statements
    found = surveyed(tuple(s for s in declared if isinstance(s, ast.Param)), last=time.range.high)
    assert found.domains[found.symbols["a"]].high == high
    assert not found.refused
