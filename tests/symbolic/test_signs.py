"""Signs by rules: right where they are given, for all values of the symbols."""

from __future__ import annotations

import flint
import pytest
import sympy as sp
from hypothesis import given, settings, strategies as st
from sympy.codegen.cfunctions import expm1, log1p

from cmdsl.symbolic.enclose import BITS, NotEnclosed, tape
from cmdsl.symbolic.signs import Bound, Facts

p, q = sp.symbols("p q", positive=True)
n = sp.Symbol("n", nonnegative=True)
x = sp.Symbol("x", real=True)
angle = sp.Symbol("angle", nonnegative=True)  # of [0, 1]
FACTS = Facts({}, (Bound(angle, sp.S.One, False),))

SIGNS = {
    "+": (
        *(p + n, p * q, sp.exp(-x), p**x, sp.sqrt(p**2 + x**2), (p + q) ** 2 - p**2, sp.exp(p) - 1, 1 - sp.exp(-p)),
        *(sp.cos(angle), sp.log(1 + p), expm1(p), log1p(p), q * sp.exp(-p) + 1 - sp.exp(-p), 2 - angle),
        *(
            (n + p) ** sp.Rational(1, 7) - n ** sp.Rational(1, 7),
            sp.tanh(p) / (1 + n),
            sp.cosh(x),
            sp.atan(p) - sp.atan(p / 2),
        ),
        *(sp.pi / 2 - sp.atan(p), 2 - sp.atan(x), sp.cos((sp.atan(p) + n * sp.atan(q)) / (1 + n))),
    ),
    "0+": (n, x**2, sp.sqrt(n), 1 - sp.exp(-n), 1 - angle, sp.sin(angle), sp.tan(angle), n * p, sp.Abs(x)),
    "-": (-p, -p - n - 1, sp.exp(-p) - 1, p * q - 2 * p * q, sp.log(p) - sp.log(p + q), angle - 2, -sp.cos(angle)),
    "0-": (-n, -(x**2), sp.exp(-n) - 1, angle - 1),
}
UNKNOWN = (
    x,
    p - q,
    sp.log(p),
    sp.sin(p),
    sp.cos(p),
    1 - p,
    sp.exp(x) - 1,
    p**2 - 2 * p * q,
    sp.tan(p),
    sp.asin(angle),
    1 - sp.atan(p),
)
FINITE = (
    sp.tan((sp.atan(p) + n * sp.atan(q)) / (1 + n)),
    *(1 / p, sp.log(p + n), sp.sqrt(n), sp.tan(angle), 1 / (1 - sp.exp(-p)), p**-x, 1 / (x**2 + p), sp.exp(x)),
)
PERHAPS_INFINITE = {
    1 / n: 1 / n,
    sp.log(n): sp.log(n),
    sp.sqrt(x): sp.sqrt(x),
    1 / (p - q): 1 / (p - q),
    sp.exp(1 / (1 - angle)): 1 / (1 - angle),
    sp.tan(p): sp.tan(p),
    sp.tan(2 * sp.atan(p)): sp.tan(2 * sp.atan(p)),
    log1p(-p): log1p(-p),
}


@pytest.mark.parametrize(("wanted", "expr"), [(s, e) for s, es in SIGNS.items() for e in es], ids=str)
def test_sign(wanted: str, expr: sp.Expr) -> None:
    assert FACTS.sign(expr) == wanted


@pytest.mark.parametrize("expr", UNKNOWN, ids=str)
def test_no_sign_where_it_depends(expr: sp.Expr) -> None:
    assert FACTS.sign(expr) is None


@pytest.mark.parametrize("expr", FINITE, ids=str)
def test_finite(expr: sp.Expr) -> None:
    assert FACTS.obstruction(expr) is None


@pytest.mark.parametrize("expr", PERHAPS_INFINITE, ids=str)
def test_names_the_part_that_may_be_infinite(expr: sp.Expr) -> None:
    assert FACTS.obstruction(expr) == PERHAPS_INFINITE[expr]


def expressions() -> st.SearchStrategy[sp.Expr]:
    leaves = st.sampled_from([p, q, n, x, angle, sp.S.One, sp.Rational(-3, 2), sp.S.Half])
    unary = st.sampled_from(
        [sp.exp, sp.sin, sp.cos, sp.tan, sp.log, sp.sqrt, sp.atan, expm1, log1p, lambda e: e**2, lambda e: -e]
    )
    binary = st.sampled_from(
        [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / (b**2 + 1), lambda a, b: a / b]
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(lambda f, e: f(e), unary, inner), st.builds(lambda f, a, b: f(a, b), binary, inner, inner)
        ),
        max_leaves=5,
    )


VALUES = ([0.3, 2, 0, -1.5, 0.7], [2.5, 0.2, 3, 2.5, 1], [1, 1, 0, 0, 0], [0.01, 2.4, 0.5, -0.2, 0.5])


@settings(max_examples=150, deadline=None)
@given(expressions())
def test_signs_and_finiteness_hold_at_points(expr: sp.Expr) -> None:
    if expr.has(sp.nan, sp.zoo, sp.oo, sp.I):
        return
    sign, finite = FACTS.sign(expr), FACTS.obstruction(expr) is None
    with flint.ctx.workprec(BITS):
        try:
            run = tape(expr, (p, q, n, x, angle))
        except NotEnclosed:
            return
        for point in VALUES:
            value = run(*(flint.arb(str(v)) if v else flint.arb(0) for v in point))
            assert not (value.is_nan() and finite)  # an exponential of exponentials may overflow
            contradicted = {"+": value <= 0, "0+": value < 0, "0": value != 0, "-": value >= 0, "0-": value > 0}
            assert not (value.is_finite() and finite and contradicted.get(str(sign), False))
