"""Ball arithmetic: enclosures contain the values, bisection proves and points at what it can't."""

from __future__ import annotations

from collections.abc import Iterator

import flint
import mpmath
import pytest
import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

from cmdsl.symbolic.enclose import BITS, NotEnclosed, ball, tape, text, times, uncovered

t = sp.Symbol("t", positive=True)

FORMULAS = (
    sp.sqrt(t**2 + 1) ** -3,
    t ** sp.Rational(2, 7),
    t ** (t / 3),
    sp.exp(-t) * sp.tan(t) - sp.atan(t) / sp.cosh(t),
    sp.Max(t, 1 / t) + sp.Min(t, sp.Rational(1, 3)) + sp.Abs(sp.sin(5 * t)),
    sp.floor(3 * t) + sp.ceiling(t) + sp.sign(t - 1),
    sp.erf(t) + sp.sinh(t) * sp.tanh(t) + sp.asinh(t) + sp.pi * sp.E,
    sp.Piecewise((t, t < sp.Rational(1, 2)), (t**2, t <= 1), (1 / t, True)),
)


@pytest.fixture(autouse=True)
def precision() -> Iterator[None]:
    with flint.ctx.workprec(BITS):
        yield


@pytest.mark.parametrize("formula", FORMULAS, ids=str)
@pytest.mark.parametrize("at", ["0.3", "0.8", "1.4"])
def test_values_agree_with_another_library_to_fifty_digits(formula: sp.Expr, at: str) -> None:
    run = tape(formula, (t,))
    with mpmath.workdps(60):
        other = formula.subs(t, sp.Rational(at)).evalf(60)
        assert abs(sp.Float(run(flint.arb(at)).mid().str(55, radius=False), 55) - other) < sp.Float("1e-49", 60)


def test_forms_for_small_arguments_keep_their_digits() -> None:
    small = flint.arb("1e-30")
    assert text(tape(expm1(t), (t,))(small)) == text(tape(log1p(t), (t,))(small)) == "1e-30"


@pytest.mark.parametrize("formula", FORMULAS[:4], ids=str)
def test_a_range_of_times_encloses_the_values_within(formula: sp.Expr) -> None:
    run = tape(formula, (t,))
    whole = run(flint.arb("0.5").union(flint.arb("0.75")))
    assert all(whole.contains(run(flint.arb(at))) for at in ("0.5", "0.6", "0.71", "0.75"))


def test_an_open_condition_encloses_both_branches() -> None:
    run = tape(sp.Piecewise((sp.Integer(3), t < 1), (sp.Integer(5), True)), (t,))
    undecided = run(flint.arb("0.9").union(flint.arb("1.1")))
    assert undecided.contains(3)
    assert undecided.contains(5)
    assert run(flint.arb("0.9")) == 3


def test_an_unknown_function_is_refused() -> None:
    with pytest.raises(NotEnclosed):
        tape(sp.zeta(t), (t,))


def test_bisection_covers_a_positive_function() -> None:
    run = tape(t - sp.log(t) - sp.Rational(99, 100), (t,))
    piece, pieces = uncovered(run, [(flint.arb("0.01"), flint.arb(80))], lambda v: v > 0)
    assert piece is None
    assert pieces > 1


def test_bisection_stops_at_the_place_of_a_pole() -> None:
    run = tape(1 / (t - sp.Rational(1, 2)), (t,))
    piece, _ = uncovered(run, [(flint.arb("0.002"), flint.arb(80))], lambda v: v.is_finite())
    assert piece is not None
    assert abs(piece[0] - flint.arb("0.5")) < 1e-20


def test_bisection_covers_a_function_of_two_times() -> None:
    r = sp.Symbol("r", positive=True)
    run = tape(sp.log(t + 1) / (t + r - t * r), (r, t))
    sides = [(flint.arb("0.1"), flint.arb("0.9"))] * 2
    assert uncovered(run, sides, lambda v: v.is_finite())[0] is None
    piece, _ = uncovered(tape(1 / (t - 2 * r), (r, t)), sides, lambda v: v.is_finite())
    assert piece is not None
    assert (piece[1] - 2 * piece[0]).contains(0)


def test_points_have_both_ends_their_neighbours_and_stay_inside() -> None:
    low, high = flint.arb("0.002"), flint.arb(80)
    points = list(times(low, high, 4000))
    assert len(points) >= 4000
    assert points[0] is low
    assert points[1] is high
    assert all(p > low and p < high for p in points[2:])
    assert min(points[2:], key=float) - low < 1e-9
    assert high - max(points[2:], key=float) < 1e-9


@pytest.mark.parametrize(
    ("value", "wanted"), [("1/2", "0.5"), ("4/1000000", "4e-6"), ("1/3", "0.333333333333"), ("0", "0"), ("80", "80")]
)
def test_values_are_written_short(value: str, wanted: str) -> None:
    assert text(ball(sp.Rational(value))) == wanted


def test_a_power_of_a_ball_around_zero_is_enclosed() -> None:
    assert tape(t**2, (t,))(flint.arb(0, 1e-6)).is_finite()
    assert tape(t**3, (t,))(flint.arb(0, 2)).contains(flint.arb(8))
