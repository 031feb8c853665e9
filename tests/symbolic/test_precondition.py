"""Families derived from principles or typed, with the boundary applied, against the published tables."""

from __future__ import annotations

import json
import re

import pytest
import sympy as sp

from cmdsl.sema import resolve
from cmdsl.symbolic.constants import constants
from cmdsl.symbolic.derive import derive
from cmdsl.symbolic.model import Model
from cmdsl.symbolic.opaque import expand
from cmdsl.syntax import parse
from tests.symbolic.models import ALL, LINEAR, ROOT, model, refused, spec, value

PEERS = json.loads((ROOT / "tests" / "golden" / "peers.json").read_text())
VE = "sde { drift = 0\n diffusion = sqrt(2*t) }"
TRIG = "path { alpha = cos(t)\n sigma = sigma_data*sin(t) }"
UNIT = "sde { drift = -1/2*beta(t)*x\n diffusion = sqrt(beta(t)) }"


TINY = sp.Rational(1, 10**45)


def formula(m: Model, name: str) -> sp.Expr:
    return expand(m, m.coefficients[name].formula)


def same(a: sp.Expr, b: sp.Expr) -> bool:
    return bool(sp.simplify(a - b) == 0)


@pytest.mark.parametrize("row", PEERS["precondition_edm"]["rows"])
def test_the_denoiser_is_edm(row: list[float]) -> None:
    names = [f"denoiser_{c}" for c in PEERS["precondition_edm"]["columns"][1:]]
    m = model(ALL["ve_edm"])
    assert [float(value(m, n, row[0])) for n in names] == pytest.approx(row[1:], rel=1e-14)


@pytest.mark.parametrize("row", PEERS["precondition_boundary"]["rows"])
def test_the_boundary_is_that_of_consistency_models(row: list[float]) -> None:
    m = model(ALL["ve_edm"])
    assert [float(value(m, n, row[0])) for n in ("c_skip", "c_out")] == pytest.approx(row[1:], rel=1e-13)


def test_one_principle_gives_edm_for_all_parameters() -> None:
    m = model(ALL["ve_edm"])
    t, sd, e = m.t, m.sigma_data, m.epsilon
    assert m.derived_family
    assert m.boundary_method == "shift"
    assert same(formula(m, "denoiser_c_skip"), sd**2 / (t**2 + sd**2))
    assert same(formula(m, "denoiser_c_out"), sd * t / sp.sqrt(sd**2 + t**2))
    assert same(formula(m, "c_in"), 1 / sp.sqrt(sd**2 + t**2))
    assert same(formula(m, "c_noise"), sp.log(t) / 4)
    assert same(formula(m, "c_skip"), sd**2 / ((t - e) ** 2 + sd**2))
    assert same(formula(m, "c_out"), sd * (t - e) / sp.sqrt(sd**2 + t**2))


def test_one_principle_gives_trigflow_up_to_the_sign() -> None:
    m = model(spec(TRIG, boundary="0"))
    assert same(formula(m, "c_skip"), sp.cos(m.t))
    assert same(formula(m, "c_out"), m.sigma_data * sp.sin(m.t))
    assert same(formula(m, "c_in"), 1 / m.sigma_data)


def test_one_principle_gives_v_prediction() -> None:
    m = model(spec(UNIT, LINEAR).replace("sigma_data = 0.5", "unused = 0.5").replace("edm(sigma_data)", "edm(1)"))
    alpha, sigma = formula(m, "alpha"), formula(m, "sigma")
    assert same(formula(m, "denoiser_c_skip"), alpha)
    assert same(formula(m, "denoiser_c_out"), sigma)
    assert same(formula(m, "c_in"), sp.S.One)


def test_trigflow_is_taken_as_it_is_typed() -> None:
    m = model(ALL["trigflow"])
    assert m.boundary_method == "none"
    assert [m.coefficients[n].formula for n in ("c_skip", "c_in", "c_noise")] == [sp.cos(m.t), 1 / m.sigma_data, m.t]
    assert m.coefficients["c_out"].formula == m.coefficients["denoiser_c_out"].formula == -m.sigma_data * sp.sin(m.t)


def test_an_equation_takes_the_place_of_what_was_derived() -> None:
    m = model(ALL["vp_linear"])
    assert m.coefficients["c_noise"].formula == 999 * m.t
    span = m.coefficients["c_noise"].source
    assert span is not None
    assert (span.path, span.line) == ("spec.cm", 19)


def test_one_coefficient_of_a_pair_can_be_given() -> None:
    m = model(spec(VE, more="precondition edm(sigma_data) { c_skip = 1 }\n"))
    assert same(formula(m, "denoiser_c_out"), m.t)
    assert m.boundary_method == "shift"
    assert same(formula(m, "c_out"), m.t - m.epsilon)


@pytest.mark.parametrize("name", [n for n in ALL if n != "trigflow"])
def test_a_shifted_family_meets_the_boundary(name: str) -> None:
    m = model(ALL[name])
    assert abs(value(m, "c_skip", m.values[m.epsilon]) - 1) < TINY
    assert abs(value(m, "c_out", m.values[m.epsilon])) < TINY


def test_noise_is_measured_from_the_boundary() -> None:
    m = model(ALL["sub_vp"])
    t, e = sp.Rational(1, 2), m.values[m.epsilon]
    a = value(m, "alpha", t) / value(m, "alpha", e)
    variance = value(m, "sigma", t) ** 2 - a**2 * value(m, "sigma", e) ** 2
    s = variance / (value(m, "sigma", t) + a * value(m, "sigma", e))
    sd = m.values[m.sigma_data]
    assert abs(value(m, "c_skip", t) - a * sd**2 / (a**2 * sd**2 + s**2)) < TINY
    assert abs(value(m, "c_out", t) / (value(m, "denoiser_c_out", t) * s / value(m, "sigma", t)) - 1) < TINY


def typed(skip: str, out: str) -> str:
    return f"precondition {{\n c_skip = {skip}\n c_out = {out}\n c_in = 1\n c_noise = t }}\n"


def test_a_family_in_alpha_and_sigma_is_shifted() -> None:
    more = typed("sigma_data^2/(snr(t)^(-1) + sigma_data^2)", "sigma_data*sigma(t)/sqrt(sigma(t)^2 + sigma_data^2)")
    m = model(spec(VE, more=more))
    assert m.boundary_method == "shift"
    assert not m.derived_family
    assert same(formula(m, "c_skip"), m.sigma_data**2 / ((m.t - m.epsilon) ** 2 + m.sigma_data**2))


def test_a_family_typed_in_time_is_not() -> None:
    m = model(spec(VE, more=typed("sigma_data^2/(t^2 + sigma_data^2)", "t")))
    assert m.boundary_method == "none"
    assert m.coefficients["c_skip"].formula == m.coefficients["denoiser_c_skip"].formula


def test_a_family_can_be_kept_from_being_shifted() -> None:
    m = model(spec(VE, boundary="0.001 by none"))
    assert m.boundary_method == "none"
    assert m.coefficients["c_skip"].formula == m.coefficients["denoiser_c_skip"].formula


def test_without_noise_at_the_boundary_nothing_is_shifted() -> None:
    m = model(spec(VE, boundary="0"))
    assert "restart_sigma" not in m.coefficients
    assert same(formula(m, "c_out"), m.sigma_data * m.t / sp.sqrt(m.t**2 + m.sigma_data**2))


def test_noisy_data_at_time_0_is_shifted_there() -> None:
    m = model(ALL["noisy_data"].replace("boundary 0.001", "boundary 0"))
    assert abs(value(m, "c_skip", 0) - 1) < TINY
    assert abs(value(m, "c_out", 0)) < TINY


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (typed("x", "t"), "CM222", "`c_skip` must be a function of t alone, and `x` is a state"),
        ("precondition { c_skip = 1\n c_out = t }\n", "CM230", "`c_in`, `c_noise`"),
        ("precondition edmm(sigma_data)\n", "CM102", "no precondition `edmm`"),
        ("precondition { derive c_in from variance(c_in*x_t) = 1\n c_skip = 1\n c_out = t }\n", "CM230", "`c_noise`"),
        ("precondition { derive c from variance(c*x_t) = 1 }\n", "CM229", "`c` is no coefficient"),
        ("precondition { derive c_skip, c_out from variance(target) = 1 }\n", "CM229", "can't determine 2"),
        ("precondition { derive c_in from variance(c_in*x_t^2) = 1 }\n", "CM229", "linear in x0 and z"),
        ("precondition { derive c_in from exp(c_in) = 2 }\n", "CM229", "can't be solved for `c_in`"),
        (
            "precondition { derive c_skip, c_out from variance(target) = 1 minimizing -c_out^2 }\n",
            "CM229",
            "no least value",
        ),
    ],
)
def test_what_makes_no_family_is_refused(more: str, code: str, words: str) -> None:
    diagnostic = refused(spec(VE, more=more))
    assert diagnostic.code == code
    assert words in diagnostic.message
    assert diagnostic.span is not None


def test_a_shift_needs_alpha_and_sigma() -> None:
    assert refused(spec(VE, boundary="0.001 by shift", more=typed("1", "t"))).code == "CM231"


DEVIATIONS = {
    "param sigma_data = 0.3 in (0, inf)\nprecondition edm(sigma_data)": ("sigma_data", True),
    "sigma_data = 0.3\nprecondition edm(sigma_data)": (sp.Rational(3, 10), True),
    "precondition edm(0.3)": (sp.Rational(3, 10), True),
    "param spread = 0.3 in (0, inf)\nprecondition edm(spread)": ("spread", True),
    "precondition {\n c_skip = 1\n c_out = t - epsilon\n c_in = 1\n c_noise = t\n}": (sp.S.One, False),
}


@pytest.mark.parametrize("family", DEVIATIONS)
def test_the_deviation_of_the_data_is_what_the_spec_gives(family: str) -> None:
    expected, given = DEVIATIONS[family]
    head = "model m\ntime t in [0, 80]\nparam epsilon = 0.002 in (0, 1)\npath {\n alpha = 1\n sigma = t\n}\n"
    model = derive(resolve(parse("spec.cm", f"{head}boundary epsilon\n{family}\n"), {}))
    assert model.sigma_data == model.symbols.get(str(expected), expected)
    assert model.data_given is given
    assert ("SIGMA_DATA" in {c.name for c in constants(model)}) is given


def test_a_principle_of_the_spec_replaces_that_of_the_definition() -> None:
    other = "precondition edm(sigma_data) { derive c_in from variance(c_in*x_t) = 2 }"
    m = model(re.sub("precondition .*", other, ALL["ve_edm"]))
    assert same(formula(m, "c_in") ** 2, 2 / (m.t**2 + m.sigma_data**2))
    assert same(formula(m, "c_skip"), formula(model(ALL["ve_edm"]), "c_skip"))
