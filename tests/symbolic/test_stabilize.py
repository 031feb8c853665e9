"""Stabilised forms: equal to fifty digits, accurate in float32 near both ends, exact at the boundary in every dtype."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import flint
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings, strategies as st

from cmdsl.symbolic.enclose import BITS, ball, tape
from cmdsl.symbolic.model import Coefficient, Model
from cmdsl.symbolic.opaque import expand
from cmdsl.symbolic.stabilize import Stabilizer, stabilize
from tests.symbolic.models import ALL, model, stable, value
from tests.symbolic.numbers import Arrays

SHIFTED = [n for n in ALL if n != "trigflow"]


def times(m: Model, count: int) -> list[sp.Rational]:
    low = sp.S.Zero if m.epsilon is None else m.epsilon.subs(m.values)
    high = sp.Rational(str(m.T.subs(m.values).evalf(20)))
    return [low + (high - low) * sp.Rational(n, 29) for n in ((1, 17), (8, 25))[count - 1]] + [high - high / 10**4]


@pytest.mark.parametrize("name", ALL)
def test_forms_are_equal(name: str) -> None:
    plain, stabilised = model(ALL[name]), stable(ALL[name])
    assert list(plain.coefficients) == list(stabilised.coefficients)
    for c in plain.coefficients.values():
        points = times(plain, len(c.parameters))
        pairs = [(p,) for p in points] if len(c.parameters) == 1 else list(pairwise(points))
        for p in pairs:
            a, b = value(plain, c.name, *p), value(stabilised, c.name, *p)
            assert abs(a - b) <= abs(a) / 10**45, c.name


@pytest.mark.parametrize("name", ALL)
def test_what_cancels_is_rewritten(name: str) -> None:
    kept = {"restart_sigma", "transition_sigma"}
    for n, c in stable(ALL[name]).coefficients.items():
        if n in kept:
            assert c.formula != model(ALL[name]).coefficients[n].formula


def test_a_form_that_is_not_equal_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    m = model(ALL["vp_linear"])

    def wrong(self: Stabilizer, old: Coefficient) -> sp.Expr:
        return old.formula * (1 + sp.Rational(1, 10**30))

    monkeypatch.setattr(Stabilizer, "formula", wrong)
    assert stabilize(m).coefficients == m.coefficients


def single(m: Model) -> dict[str, Coefficient]:
    return {n: c for n, c in m.coefficients.items() if len(c.parameters) == 1 and c.formula.has(c.parameters[0])}


def ulps(m: Model, name: str, t: np.float32, found: np.float32) -> float:
    """Give the error in units of last place against the value at the params and the time as they are in float32."""
    rounded = {s: sp.Rational(float(np.float32(float(v)))) for s, v in m.values.items()}
    c = m.coefficients[name]
    with flint.ctx.workprec(BITS):
        run = tape(expand(m, c.formula).subs(rounded), c.parameters)
        exact = run(ball(sp.Rational(float(t)))).mid()
        return float(abs(flint.arb(float(found)) - exact)) / float(np.spacing(np.float32(abs(float(exact)))))


@pytest.mark.parametrize(
    "name", ["ve_edm", "vp_linear", "sub_vp", "trigflow", "geometric_from_0", "straight", "noisy_data"]
)
def test_float32_keeps_its_digits_near_the_ends(name: str) -> None:
    m = stable(ALL[name])
    low, high = (float(e.subs(m.values)) for e in (m.epsilon or sp.S.Zero, m.T))
    arrays = Arrays(m)
    rounded = {k: float(np.float32(v)) for k, v in arrays.values.items()}
    arrays.values = rounded
    at = (low + (high - low) * 1e-6, low * 1.01 + 1e-5, (low + high) * 0.6, high * (1 - 1e-4))
    for t in map(np.float32, at):
        for n in single(m):
            if n != "time_at" and not n.endswith("noise"):
                assert ulps(m, n, t, arrays(n, t)) < 40, (n, t)


@pytest.mark.parametrize("t", ["1e-7", "1e-5", "1e-3"])
def test_plain_forms_lose_digits_where_these_keep_them(t: str) -> None:
    m = stable(ALL["vp_linear"])
    arrays, at = Arrays(m), np.float32(t)
    arrays.values = {k: float(np.float32(v)) for k, v in arrays.values.items()}
    naive = np.sqrt(np.float32(1) - np.exp(-at * (np.float32(19.9) * at + np.float32(0.2)) / np.float32(2)))
    assert ulps(m, "sigma", at, arrays("sigma", at)) < 4
    assert ulps(m, "sigma", at, naive) > 40


@cache
def arrays_of(name: str, dtype: type, reciprocals: bool) -> Arrays:
    return Arrays(stable(ALL[name]), dtype, reciprocals=reciprocals)


def log_uniform(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(np.log(low), np.log(high)).map(lambda x: float(np.exp(x)))


@pytest.mark.parametrize("reciprocals", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", SHIFTED)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_boundary_is_exact(name: str, dtype: Any, reciprocals: bool, data: st.DataObject) -> None:
    arrays = arrays_of(name, dtype, reciprocals)
    usual = dict(arrays.values)
    try:
        for constant, at in usual.items():
            arrays.values[constant] = at * data.draw(log_uniform(0.5, 1.9), label=constant)
        arrays.values["EPSILON"] = data.draw(log_uniform(1e-5, 0.02), label="EPSILON")
        epsilon = dtype(arrays.values["EPSILON"])
        assert arrays("c_skip", epsilon) == 1
        assert arrays("c_out", epsilon) == 0
    finally:
        arrays.values = usual
