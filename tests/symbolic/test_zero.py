"""The exact zero test: what it must recognise, and that it never calls zero what is not."""

from __future__ import annotations

import flint
import pytest
import sympy as sp
from hypothesis import given, settings, strategies as st
from sympy.codegen.cfunctions import expm1, log1p

from cmdsl.symbolic.enclose import BITS, tape
from cmdsl.symbolic.zero import vanishes

t, a, b, rho = sp.symbols("t a b rho", positive=True)
x, y = sp.symbols("x y", real=True)
alpha, sigma = sp.Function("alpha")(t), sp.Function("sigma")(t)
B = a * t + t**2 * (b - a) / 2

ZERO = {
    "polynomial": (t + a) ** 2 - t**2 - 2 * a * t - a**2,
    "rational": 1 / t + 1 / a - (a + t) / (a * t),
    "opaque": 1 - a**2 * alpha**2 / (a**2 * alpha**2 + sigma**2) - sigma**2 / (a**2 * alpha**2 + sigma**2),
    "root of a sum": 1 / sp.sqrt(t**2 + a**2) - sp.sqrt(t**2 + a**2) / (t**2 + a**2),
    "root of a product": sp.sqrt(t**2 * a + t * a**2) - sp.sqrt(t) * sp.sqrt(a) * sp.sqrt(t + a),
    "root of a ratio": sp.sqrt((t + a) / (t + b)) - sp.sqrt(t + a) * sp.sqrt(t + b) / (t + b),
    "exponentials of sums": sp.exp(a * t) ** 3 * sp.exp(-t / 2) - sp.exp(3 * a * t - t / 2),
    "moments of the linear vp process": sp.diff(1 - sp.exp(-B), t) + sp.diff(B, t) * (1 - sp.exp(-B)) - sp.diff(B, t),
    "exponential of a logarithm": sp.exp(a * sp.log(t) + sp.log(b)) - b * t**a,
    "symbolic power": t ** (1 + rho) - t * t**rho,
    "logarithm": sp.log(sp.sqrt(t) * sp.exp(t / 2) / sp.sqrt(2)) - sp.log(t) / 2 - t / 2 + sp.log(2) / 2,
    "addition theorem": sp.sin(t - a) - sp.sin(t) * sp.cos(a) + sp.cos(t) * sp.sin(a),
    "double angle": sp.sin(2 * t) - 2 * sp.sin(t) * sp.cos(t),
    "arc tangent": sp.sin(2 * sp.atan(t / a) + b) - (2 * a * t * sp.cos(b) + (a**2 - t**2) * sp.sin(b)) / (a**2 + t**2),
    "tangent": sp.tan(t) ** 2 + 1 - 1 / sp.cos(t) ** 2,
    "hyperbolic": sp.sinh(t) ** 2 - sp.cosh(t) ** 2 + 1,
    "expm1": expm1(2 * t) - expm1(t) * (expm1(t) + 2),
    "log1p": sp.exp(log1p(t)) - 1 - t,
    "exponential within an exponent": (t + sp.exp(sp.exp(2))) ** 2
    - t**2
    - 2 * t * sp.exp(sp.exp(2))
    - sp.exp(2 * sp.exp(2)),
    "numbers": sp.sqrt(8) * sp.sqrt(3) - 2 * sp.sqrt(6),
    "root squared": sp.sqrt(x - 1) ** 3 - (x - 1) * sp.sqrt(x - 1),
}
NOT_ZERO = {
    "sign of a root": sp.sqrt((t - a) ** 2) - (t - a),
    "root of a square": sp.sqrt(x**2) - x,
    "two unknown signs": sp.sqrt(x) * sp.sqrt(y) - sp.sqrt(x * y),
    "logarithm of a square": sp.log(x**2) - 2 * sp.log(x),
    "small": sp.exp(t) - sp.exp(t) * (1 + sp.Rational(1, 10**30)),
    "undefined": a / (sp.sin(t) ** 2 + sp.cos(t) ** 2 - 1),
    "infinite": sp.oo * t,
    "power too high": t**1000 * sp.exp(t) - t**1000 * sp.exp(2 * t),
    "too many terms": (t + a + b + rho + 1) ** 60 - 1,
    "an angle within an exponent": sp.exp(t) * sp.exp(sp.cos(3)) - sp.exp(t - sp.cos(3)),
    "opaque at another time": alpha - sp.Function("alpha")(a),
}


@pytest.mark.parametrize("name", ZERO)
def test_recognises_zero(name: str) -> None:
    assert vanishes(ZERO[name])


@pytest.mark.parametrize("name", ZERO)
def test_sees_a_small_difference(name: str) -> None:
    assert not vanishes(ZERO[name] + sp.Rational(1, 10**40))


@pytest.mark.parametrize("name", NOT_ZERO)
def test_does_not_call_zero_what_is_not(name: str) -> None:
    assert not vanishes(NOT_ZERO[name])


def expressions() -> st.SearchStrategy[sp.Expr]:
    leaves = st.sampled_from([t, a, sp.Integer(2), sp.Rational(1, 3), sp.Integer(-1)])
    unary = st.sampled_from([sp.exp, sp.sin, sp.cos, lambda e: sp.sqrt(e**2 + 1), lambda e: sp.log(e**2 + 2), expm1])
    binary = st.sampled_from([lambda p, q: p + q, lambda p, q: p - q, lambda p, q: p * q, lambda p, q: p / (q**2 + 1)])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(lambda f, e: f(e), unary, inner), st.builds(lambda f, p, q: f(p, q), binary, inner, inner)
        ),
        max_leaves=6,
    )


@settings(max_examples=60, deadline=None)
@given(expressions(), expressions())
def test_what_is_called_zero_is_zero_in_ball_arithmetic(p: sp.Expr, q: sp.Expr) -> None:
    for candidate in (p - q, sp.expand((p + q) ** 2) - p**2 - q**2 - 2 * p * q, sp.exp(p) * sp.exp(q) - sp.exp(p - q)):
        if vanishes(candidate):
            with flint.ctx.workprec(BITS):
                assert tape(candidate, (t, a))(flint.arb("0.37"), flint.arb("1.7")).contains(0)


@settings(max_examples=40, deadline=None)
@given(expressions(), expressions())
def test_products_written_out_are_recognised(p: sp.Expr, q: sp.Expr) -> None:
    assert vanishes((p + q) ** 2 - p**2 - q**2 - 2 * p * q)
