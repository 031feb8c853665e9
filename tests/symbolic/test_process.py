"""Marginals from drifts and diffusions, and the other way round, against quadrature and other people's numbers."""

from __future__ import annotations

import json

import mpmath
import pytest
import sympy as sp

from cmdsl.symbolic import antiderivative
from cmdsl.symbolic.opaque import expand
from tests.symbolic.models import ALL, LINEAR, ROOT, model, refused, spec, value

PEERS = json.loads((ROOT / "tests" / "golden" / "peers.json").read_text())["marginals"]


@pytest.mark.parametrize(("name", "peer"), [("vp_linear", "vp"), ("sub_vp", "subvp")])
def test_marginals_are_those_of_the_peers(name: str, peer: str) -> None:
    m = model(ALL[name])
    found = {n: float(value(m, n, "0.5")) for n in ("alpha", "sigma", "diffusion")}
    found["drift"] = float(value(m, "drift_rate", "0.5"))
    assert found == pytest.approx(PEERS[peer], rel=1e-14)


@pytest.mark.parametrize("name", ALL)
def test_marginals_are_the_integrals(name: str) -> None:
    m = model(ALL[name])
    t = mpmath.mpf(str(m.T.subs(m.values).evalf(20))) / 2
    rate, diffusion = (sp.lambdify(m.t, e.subs(m.values), "mpmath") for e in (m.rate, m.diffusion))
    with mpmath.workdps(25):
        alpha = mpmath.exp(mpmath.quad(rate, [0, t]))
        noise = mpmath.quad(lambda s: diffusion(s) ** 2 * mpmath.exp(-2 * mpmath.quad(rate, [0, s])), [0, t / 4, t])
        sigma = alpha * mpmath.sqrt(mpmath.mpf(str(m.variance.subs(m.values).evalf(30))) + noise)
        assert mpmath.almosteq(alpha, mpmath.mpf(str(value(m, "alpha", t))), 1e-15)
        assert mpmath.almosteq(sigma, mpmath.mpf(str(value(m, "sigma", t))), 1e-12)


@pytest.mark.parametrize("name", ALL)
def test_the_ode_has_the_slopes_of_the_marginals(name: str) -> None:
    m = model(ALL[name])
    t, T = m.t, m.T.subs(m.values)
    alpha, sigma = (expand(m, m.coefficients[n].formula) for n in ("alpha", "sigma"))
    wanted = {
        "velocity_x": sp.diff(sigma, t) / sigma,
        "velocity_denoised": alpha * sp.diff(sigma, t) / sigma - sp.diff(alpha, t),
    }
    for n, formula in wanted.items():
        at = sp.Rational(str((T / 3).evalf(15)))
        found = formula.subs(m.values).subs(t, at).evalf(50)
        assert abs(value(m, n, at) / found - 1) < sp.Rational(1, 10**40)


def test_the_straight_path_has_a_drift() -> None:
    m = model(ALL["straight"])
    assert m.rate == -1 / (1 - m.t)
    assert sp.simplify(m.diffusion**2 - 2 * m.t / (1 - m.t)) == 0


def test_trigflow_has_the_tangent_as_its_drift() -> None:
    m = model(ALL["trigflow"])
    assert m.rate == -sp.tan(m.t)
    assert m.coefficients["velocity_denoised"].formula == 1 / sp.sin(m.t)


def test_noise_at_time_0_is_carried_on() -> None:
    m = model(ALL["noisy_data"])
    assert value(m, "sigma", 0) == pytest.approx(0.1)


@pytest.mark.parametrize("name", [n for n in ALL if n != "offset_cosine"])
def test_time_at_inverts_the_ratio(name: str) -> None:
    m = model(ALL[name])
    for share in ("0.01", "0.3", "0.99"):
        t = sp.Rational(share) * sp.Rational(str(m.T.subs(m.values).evalf(20)))
        assert abs(value(m, "time_at", value(m, "sigma", t) / value(m, "alpha", t)) / t - 1) < sp.Rational(1, 10**40)


@pytest.mark.parametrize(
    ("process", "code", "line", "words"),
    [
        ("sde { drift = -x^3\n diffusion = 1 }", "CM223", 4, "not of the form f(t)*x"),
        ("sde { drift = 1 - x\n diffusion = 1 }", "CM223", 4, "not of the form f(t)*x"),
        ("sde { drift = -sin(t)*x\n diffusion = 1 }", "CM225", 5, "exp(2 - 2*cos(t))"),
        ("sde { drift = 0\n diffusion = x }", "CM222", 5, "`x` is a state"),
        ("sde { drift = 0\n diffusion = 1\n variance = t }", "CM226", 6, "noise at time 0"),
        ("path { alpha = 2 - t\n sigma = t }", "CM226", 4, "must be 1"),
        ("path { alpha = 1\n sigma = 1 - t }", "CM236", 5, "does not grow"),
        ("path { alpha = x\n sigma = t }", "CM222", 4, "`x` is a state"),
        ("path { alpha = 1/0\n sigma = t }", "CM227", 4, "divides by zero"),
    ],
)
def test_what_has_no_marginals_is_refused(
    process: str, code: str, line: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(antiderivative, "SECONDS", 1)
    diagnostic = refused(spec(process))
    assert (diagnostic.code, words in diagnostic.message) == (code, True), diagnostic.message
    assert diagnostic.span is not None
    assert diagnostic.span.line == line


def test_the_ode_of_a_drift_that_is_not_linear_is_told() -> None:
    (note,) = refused(spec("sde { drift = -x^3\n diffusion = 2 }")).notes
    assert "dx/dt = -x^3 - 2*score(x, t)" in note


def test_a_circle_of_names_is_refused() -> None:
    assert (
        refused(spec("sde { drift = 0\n diffusion = beta2(t) }", LINEAR + "beta2(t) = beta2(t) + 1\n")).code == "CM120"
    )
