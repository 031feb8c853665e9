"""Integrals against quadrature, and the budget that sympy has for them."""

from __future__ import annotations

import time
from functools import partial

import mpmath
import pytest
import sympy as sp
from hypothesis import given, settings, strategies as st

from cmdsl.symbolic.antiderivative import antiderivative
from cmdsl.symbolic.budget import decode, encode, limited

t = sp.Symbol("t", positive=True)
a, b = sp.symbols("a b", positive=True)
VALUES = {a: sp.Rational(7, 5), b: sp.Rational(1, 3)}
INTEGRANDS = [
    2 * t,
    a + t * (b - a),
    sp.exp(-a * t) * (t**2 + b),
    (a + b * t) * sp.exp(a * t + b * t**2 / 2),
    (a + b * t) * (1 - sp.exp(-2 * a * t - b * t**2)) * sp.exp(a * t + b * t**2 / 2),
    2 * sp.log(a / b) * (b * (a / b) ** t) ** 2,
    t * a**t,
    -1 / (2 - t),
    t / (2 - t) ** 3,
    sp.tan(t),
    sp.cos(a * t),
    sp.exp(-(t**2)),
    sp.S.Zero * t + a,
]


def quadrature(h: sp.Expr, end: sp.Rational) -> mpmath.mpf:
    with mpmath.workdps(30):
        return mpmath.quad(sp.lambdify(t, h.subs(VALUES), "mpmath"), [0, mpmath.mpf(end.p) / end.q])


@pytest.mark.parametrize("h", INTEGRANDS, ids=str)
def test_integrals_are_those_of_quadrature(h: sp.Expr) -> None:
    found = antiderivative(h, t)
    assert found is not None
    assert found[0].subs(t, 0) == 0
    end = sp.Rational(9, 10)
    value = mpmath.mpf(str(found[0].subs(VALUES).subs(t, end).evalf(30)))
    assert mpmath.almosteq(value, quadrature(h, end), 1e-14)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(-5, 5), min_size=1, max_size=4),
    st.lists(st.integers(-2, 2), min_size=1, max_size=2).filter(any),
)
def test_exponentials_of_polynomials(p: list[int], u: list[int]) -> None:
    """The slope of p exp(u) has p exp(u) as its integral, in whatever form it is given."""
    whole = sp.Poly(p, t).as_expr() * sp.exp(sp.Poly([*u, 0], t).as_expr())
    found = antiderivative(sp.expand(sp.diff(whole, t)), t)
    assert found is not None
    assert sp.simplify(found[0] - whole + whole.subs(t, 0)) == 0


@pytest.mark.parametrize("h", [sp.exp(sp.sin(t)), t**t, sp.exp(-(t**3)) * sp.sin(t)], ids=str)
def test_what_has_no_closed_form_has_none(h: sp.Expr, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cmdsl.symbolic.antiderivative.SECONDS", 2)
    assert antiderivative(h, t) is None


def endless(seconds: float) -> sp.Expr:
    time.sleep(seconds)
    return sp.S.One


def test_a_computation_past_its_deadline_is_ended() -> None:
    start = time.monotonic()
    assert limited(partial(endless, 60), (), 0.2) is None
    assert time.monotonic() - start < 5


def test_a_computation_that_fails_has_no_result() -> None:
    assert limited(lambda: sp.Integer(1) / 0 + sp.Symbol("unknown"), (), 5) is None


@pytest.mark.parametrize("e", [h for h in INTEGRANDS if h.free_symbols], ids=str)
def test_what_comes_back_is_what_was_sent(e: sp.Expr) -> None:
    assert decode(encode(e), {s.name: s for s in (t, a, b)}) == e


@pytest.mark.parametrize("data", [["Symbol", "x"], ["Lambda", ["Symbol", "t"]], ["__import__", ["Symbol", "t"]]])
def test_what_is_not_expected_does_not_come_back(data: list[object]) -> None:
    assert decode(data, {"t": t}) is None
