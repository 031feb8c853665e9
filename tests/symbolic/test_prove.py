"""Verdicts on whole specs: what is proved, what is refuted and with which words, and that no verdict is too good."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import attrs
import flint
import pytest
import sympy as sp

from cmdsl.diagnostics import Severity, SpecError
from cmdsl.sema import resolve
from cmdsl.symbolic.derive import derive
from cmdsl.symbolic.enclose import BITS
from cmdsl.symbolic.model import Model, Status, Verdict
from cmdsl.symbolic.obligations.asserts import asserts
from cmdsl.symbolic.obligations.boundary import boundary
from cmdsl.symbolic.obligations.grids import grids
from cmdsl.symbolic.obligations.process import flow, marginals, self_consistency
from cmdsl.symbolic.obligations.smoothness import differentiable, finite
from cmdsl.symbolic.obligations.variance import unit_variance
from cmdsl.symbolic.prove import CODES, diagnostics, prove
from cmdsl.symbolic.setting import Setting
from cmdsl.syntax import parse

ROOT = Path(__file__).resolve().parents[2]
PEERS = json.loads((ROOT / "tests" / "golden" / "peers.json").read_text())["must_be_refuted"]
STEPS = {
    "boundary": boundary,
    "differentiable": differentiable,
    "finite": finite,
    "input": unit_variance,
    "target": unit_variance,
    "marginals": marginals,
    "flow": flow,
    "self-consistency": self_consistency,
    "grid": grids,
    "assert": asserts,
}


def model_of(text: str) -> Model:
    return derive(resolve(parse("spec.cm", text), {}))


def source(name: str) -> str:
    return (ROOT / "specs" / f"{name}.cm").read_text()


@cache
def spec(name: str) -> Model:
    return model_of(source(name))


def verdicts(model: Model) -> dict[str, list[Verdict]]:
    found: dict[str, list[Verdict]] = {}
    for verdict in prove(model).verdicts:
        found.setdefault(verdict.obligation, []).append(verdict)
    return found


def of(obligation: str, model: Model) -> tuple[Verdict, ...]:
    """Give the verdicts of one obligation alone: quicker than a whole certificate."""
    setting = Setting(model)
    with flint.ctx.workprec(BITS):
        found = tuple(v for v in STEPS[obligation](setting) if v.obligation == obligation)
    setting.wrong.raise_all()
    return found


def with_formula(model: Model, **formulas: sp.Expr) -> Model:
    changed = {n: attrs.evolve(model.coefficients[n], formula=f) for n, f in formulas.items()}
    return attrs.evolve(model, coefficients={**model.coefficients, **changed})


def typed(c_skip: str, c_out: str, extra: str = "") -> str:
    family = (
        f"precondition {{\n c_skip = {c_skip}\n c_out = {c_out}\n c_in = 1/sqrt(t^2 + 0.25)\n c_noise = log(t)/4\n}}"
    )
    return source("ve_edm").replace("precondition edm(σ_data)", family) + extra


@pytest.mark.parametrize("name", ["ve_edm", "vp_linear", "trigflow"])
def test_everything_is_proved_of_the_published_specs(name: str) -> None:
    found = verdicts(spec(name))
    assert tuple(found) == tuple(STEPS)
    chosen = [v for v in found["grid"] if v.statement.startswith("the times")]  # numbers, and so for the params here
    assert {v.status for vs in found.values() for v in vs if v not in chosen} == {Status.PROVED}
    assert {v.status for v in chosen} <= {Status.PROVED_HERE}
    assert diagnostics(prove(spec(name)), spec(name)) == ()


def test_a_process_of_numbers_alone_is_proved() -> None:
    """Where there is a single symbol, sympy looks for all roots of polynomials of high degree."""
    numbers = source("vp_linear").replace("beta_min + t*(beta_max - beta_min)", "0.1 + t*19.9")
    assert numbers != source("vp_linear")
    assert {v.status for vs in verdicts(model_of(numbers)).values() for v in vs} == {Status.PROVED}


@pytest.mark.parametrize("name", ["unshifted_edm", "no_sigma_data"])
def test_mistakes_of_others_are_refuted_with_the_value_at_epsilon(name: str) -> None:
    case = PEERS[name]
    found = {v.counterexample["found"]: v for v in of("boundary", model_of(typed(case["c_skip"], case["c_out"])))}
    assert [float(f) for f in found] == pytest.approx(case["at_epsilon"], rel=1e-10)
    assert all(v.status is Status.REFUTED and v.counterexample["epsilon"] == "0.002" for v in found.values())


def test_a_refuted_boundary_names_the_formula_the_term_and_the_way_out() -> None:
    text = typed("0.25/(t^2 + 0.25)", "0.5*t/sqrt(t^2 + 0.25)")
    model = model_of(text)
    first, second, *_ = diagnostics(prove(model), model)
    assert first.span is not None
    line = text.splitlines()[first.span.line - 1]
    assert first.code == second.code == "CM301"
    assert line[first.span.column - 1 : first.span.end_column - 1] == "c_skip = 0.25/(t^2 + 0.25)"
    assert first.message == "c_skip(epsilon) = 0.999984000256, must be 1"
    assert first.label == "`t^2` would have to vanish at epsilon, and is 4e-6"
    assert first.help.startswith("write (t - epsilon) for t")
    assert second.message == "c_out(epsilon) = 0.00199998400019, must be 0"
    assert second.label == "`t` would have to vanish at epsilon, and is 0.002"
    assert "t = epsilon" in second.notes[1]


def test_a_boundary_met_by_typed_numbers_is_proved_for_them_alone() -> None:
    model = model_of(typed("0.25/((t - 0.002)^2 + 0.25)", "0.5*(t - 0.002)/sqrt(t^2 + 0.25)"))
    (found,) = of("boundary", model)
    assert found.status is Status.PROVED_HERE
    assert "not at sigma_data" in found.evidence


REFUTED_FORMULAS = {
    "a pole inside": ("1 + (t - ε)/(t - 0.5)", "t - ε", "finite", "c_skip is not finite at t = 0.5"),
    "a root of what is negative": ("1", "(t - ε)*sqrt(40 - t)", "finite", "c_out(T) is not real"),
    "infinite slope at epsilon": ("1", "sqrt(t - ε)", "differentiable", "c_out'(epsilon) is infinite"),
    "zero by zero": ("sin(t - ε)/(t - ε)", "t - ε", "boundary", "c_skip(epsilon) has no value"),
    "branches that jump": ("1", "if t < 1 then t - ε else t^2 - 2*ε", "differentiable", "the branches of c_out"),
    "steps": ("1", "(t - ε)*(1 + floor(t/3))", "differentiable", "the branches of c_out"),
    "a kink": ("1", "abs(t - 1) - abs(ε - 1)", "differentiable", "the branches of c_out"),
    "a jump just after epsilon": ("if t > ε then 0.5 else 1", "t - ε", "differentiable", "c_skip jumps at epsilon"),
    "a sign at epsilon": ("1 - sign(t - ε)/2", "t - ε", "differentiable", "c_skip jumps at epsilon"),
    "a step at T": ("1 - floor(t/T)/2", "t - ε", "differentiable", "c_skip jumps at T"),
    "a kink at the larger": ("1", "max(t, 2) - max(ε, 2)", "differentiable", "the branches of c_out"),
}


@pytest.mark.parametrize("name", REFUTED_FORMULAS)
def test_a_formula_that_is_not_smooth_is_refuted(name: str) -> None:
    c_skip, c_out, obligation, words = REFUTED_FORMULAS[name]
    found = of(obligation, model_of(typed(c_skip, c_out)))
    assert [v.status for v in found] == [Status.REFUTED]
    assert found[0].evidence.startswith(words)


def test_smooth_branches_are_checked_and_no_more() -> None:
    (found,) = of("differentiable", model_of(typed("1", "if t < 1 then t - ε else (t^2 + 1)/2 - ε")))
    assert found.status is Status.CHECKED
    assert "1 switching point" in found.evidence


def test_noise_that_is_infinite_at_the_boundary_is_refuted() -> None:
    text = source("trigflow").replace("precondition trigflow(sigma_data)", "precondition edm(sigma_data)")
    text = text.replace("assert c_skip(t)^2 + (c_out(t)/sigma_data)^2 = 1", "")
    (found,) = of("finite", model_of(text))
    assert found.status is Status.REFUTED
    assert "c_noise(epsilon) is infinite" in found.evidence


t, r, s = (sp.Symbol(n, positive=True) for n in "trs")
alpha, sigma = sp.Function("alpha"), sp.Function("sigma")


def own(model: Model, name: str) -> sp.Expr:
    return model.coefficients[name].formula


MUTANTS: dict[str, tuple[str, str, Callable[[Model], sp.Expr], str]] = {
    "alpha squared": ("vp_linear", "alpha", lambda m: own(m, "alpha") ** 2, "marginals"),
    "sigma a little off": ("vp_linear", "sigma", lambda m: own(m, "sigma") * (1 + m.t / 10**9), "marginals"),
    "alpha and sigma swapped in snr": ("vp_linear", "snr", lambda m: sigma(m.t) ** 2 / alpha(m.t) ** 2, "marginals"),
    "logsnr halved": ("ve_edm", "logsnr", lambda m: own(m, "logsnr") / 2, "marginals"),
    "drift without its half": ("vp_linear", "drift_rate", lambda m: 2 * own(m, "drift_rate"), "marginals"),
    "diffusion squared": ("vp_linear", "diffusion", lambda m: own(m, "diffusion") ** 2, "marginals"),
    "time_at without its square": ("vp_linear", "time_at", lambda m: sp.sqrt(own(m, "time_at")), "marginals"),
    "kernel backwards": ("vp_linear", "transition_alpha", lambda m: 1 / own(m, "transition_alpha"), "marginals"),
    "kernel without its scale": (
        "vp_linear",
        "transition_sigma",
        lambda m: sp.sqrt(sigma(m.t) ** 2 - sigma(m.coefficients["transition_sigma"].parameters[0]) ** 2),
        "marginals",
    ),
    "velocity with the wrong sign": ("ve_edm", "velocity_denoised", lambda m: -own(m, "velocity_denoised"), "flow"),
    "velocity halved": ("trigflow", "velocity_x", lambda m: own(m, "velocity_x") / 2, "flow"),
    "flow upside down": ("ve_edm", "gaussian_scale", lambda m: 1 / own(m, "gaussian_scale"), "self-consistency"),
    "flow without its root": ("ve_edm", "gaussian_scale", lambda m: own(m, "gaussian_scale") ** 2, "self-consistency"),
    "flow a little off": (
        "trigflow",
        "gaussian_scale",
        lambda m: own(m, "gaussian_scale") * (1 + sp.Rational(1, 10**12)),
        "self-consistency",
    ),
    "input unscaled": ("ve_edm", "c_in", lambda m: sp.S.One, "input"),
    "target with the wrong power": ("vp_linear", "denoiser_c_out", lambda m: own(m, "denoiser_c_out") ** 2, "target"),
    "target shifted": ("ve_edm", "denoiser_c_skip", lambda m: own(m, "c_skip"), "target"),
    "c_skip off by epsilon": ("ve_edm", "c_skip", lambda m: own(m, "c_skip").subs(m.t, m.t + m.epsilon), "boundary"),
    "c_out of the denoiser": ("vp_linear", "c_out", lambda m: own(m, "denoiser_c_out"), "boundary"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_refuted_with_a_counterexample(name: str) -> None:
    origin, coefficient, change, obligation = MUTANTS[name]
    model = spec(origin)
    found = of(obligation, with_formula(model, **{coefficient: change(model)}))
    assert found[0].status is Status.REFUTED
    point = found[0].counterexample
    assert point["found"] != point["wanted"]
    assert model.symbols.keys() <= point.keys()


def test_a_wrong_rate_is_refuted_by_the_flow_too() -> None:
    model = attrs.evolve(spec("vp_linear"), rate=2 * spec("vp_linear").rate)
    assert [of(o, model)[0].status for o in ("marginals", "flow")] == [Status.REFUTED] * 2


ASSERTS = {
    "assert alpha(t) = 1": Status.PROVED,
    "assert sigma(t)^2 = t^2": Status.PROVED,
    "assert c_in(t)^2*(σ_data^2 + t^2) = 2": Status.REFUTED,
    "assert σ_data = 0.5": Status.REFUTED,  # true of the given value, and of no other in its range
    "assert snr(t) > 0": Status.PROVED,
    "assert c_skip(t) <= 1": Status.PROVED,
    "assert sin(t) < 1.5": Status.PROVED_HERE,
    "assert c_skip(t) <= 0.9": Status.REFUTED,
    "assert sigma(t) < 1 for t in [ε, 1)": Status.PROVED,
    "assert sigma(t) < 1 for t in [ε, 0.5]": Status.PROVED,
    "assert c_skip(t) < 1 for t in [1, 80]": Status.PROVED_HERE,
    "assert sigma(t) < 1 for t in [ε, 2]": Status.REFUTED,
    "assert erf(t) - erf(t/2) = integral(2/sqrt(pi)*exp(-u^2), u, t/2, t)": Status.PROVED,
    "assert abs(sin(t)) = sqrt(1 - cos(t)^2)": Status.CHECKED,
    "assert s < 5 for s in [ε, 4]": Status.PROVED,
    "assert exp(exp(exp(exp(exp(exp(t)))))) > 0": Status.PROVED,  # too large to be written out
    "assert t > ε": Status.REFUTED,  # at epsilon alone
    "assert t > ε for t in (ε, T]": Status.PROVED,
    "assert c_skip(t) < 1": Status.REFUTED,
    "assert floor(t/T) = 0": Status.REFUTED,  # at T alone
    "assert floor(t/T) = 0 for t in [ε, T)": Status.CHECKED,
    "assert sign(t - ε) = 1": Status.REFUTED,
    "assert sign(t) = 1 for t in [0, 1]": Status.REFUTED,
    "assert log(t - 1)^2 >= 0": Status.REFUTED,  # no real number before 1
    "assert sqrt(t - 1) >= 0 for t in [1, T]": Status.PROVED,
    # sympy cancels these; what they are written with has to have a value all the same
    "assert exp(log(t - 1)) = t - 1": Status.REFUTED,
    "assert exp(log(t - 1)) = t - 1 for t in (1, T)": Status.PROVED,
    "assert sqrt(t - 1)^2 = t - 1": Status.REFUTED,
    "assert t/t = 1": Status.PROVED,
    "assert t/t = 1 for t in [0, T]": Status.REFUTED,  # at 0 alone
    "assert t/t = 1 for t in (0, T]": Status.PROVED,
    "assert (t - 0.3)/(t - 0.3) = 1": Status.REFUTED,  # at a time that no sample hits
    "assert (if t > 1 then t/(t - 1)*(t - 1) else t) = t": Status.CHECKED,
    "assert 1/c_out(t)*c_out(t) = 1": Status.REFUTED,  # at epsilon
}


@cache
def asserted() -> tuple[Verdict, ...]:
    """Give the verdicts on all the claims, made in one spec."""
    return of("assert", model_of("\n".join((source("ve_edm"), *ASSERTS, ""))))[1:]


@pytest.mark.parametrize(("claim", "at"), [(c, i) for i, c in enumerate(ASSERTS)])
def test_an_assert_ends_as_it_should(claim: str, at: int) -> None:
    assert asserted()[at].status is ASSERTS[claim]


CLAIMS = {
    "assert sigma(s) = sigma(t) for s in [ε, 1]": "CM222",
    "assert q = s^2 for s in [ε, 1]": "CM222",
    "assert ε = t for ε in [0.001, 1]": "CM112",
    "assert sigma(T) = T for T in [1, 2]": "CM112",
    "assert tanh(t) < 1 for t in (0, inf)": "CM232",
    "assert sigma(t) < 2 for t in [-1, 1]": "CM232",
    "assert sigma(t) < 2 for t in [1, 0.5]": "CM232",
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_speaks_of_its_own_time(claim: str) -> None:
    with pytest.raises(SpecError) as refused:
        of("assert", model_of(f"{source('ve_edm')}q = t^2\n{claim}\n"))
    assert [d.code for d in refused.value.diagnostics] == [CLAIMS[claim]]


@pytest.mark.parametrize("branches", ["if t > 0 then t else 5", "if t == 0 then 1 else t", "t + 1 - sign(t)"])
def test_the_boundary_may_be_the_start_of_time(branches: str) -> None:
    family = f"precondition {{\n c_skip = cos(t)\n c_out = {branches}\n c_in = 2\n c_noise = t\n}}"
    text = source("trigflow").replace("precondition trigflow(sigma_data)", family)
    (found,) = of("boundary", model_of(text.replace("assert c_skip(t)^2 + (c_out(t)/sigma_data)^2 = 1", "")))
    assert found.status is Status.REFUTED


def test_an_assert_of_a_definition_guards_its_use() -> None:
    text = source("ve_edm").replace("precondition edm(σ_data)", "precondition trigflow(σ_data)")
    model = model_of(text.replace("assert c_in(t)^2*(σ_data^2 + t^2) = 1", ""))
    refuted = [v for v in of("assert", model) if v.status is Status.REFUTED]
    assert [v.statement for v in refuted] == [
        "alpha(t) = cos(t) (trigflow asserts it)",
        "sigma(t) = sigma_data*sin(t) (trigflow asserts it)",
    ]
    assert all(v.span is not None and v.span.path == "spec.cm" for v in refuted)


GRIDS = {
    "node(i, N) = epsilon + ((i - 1)/(N - 1))^2*(T - epsilon)": Status.PROVED,
    "node(i, N) = epsilon + (T - epsilon)*sin(pi/2*(i - 1)/(N - 1))": Status.CHECKED,
    "node(i, N) = epsilon + (i - 1)/N*(T - epsilon)": Status.REFUTED,
    "node(i, N) = T + (i - 1)/(N - 1)*(epsilon - T)": Status.REFUTED,
    "node(i, N) = epsilon + (T - epsilon)*sin(2.5*pi*(i - 1)/(N - 1))": Status.REFUTED,
    "node(i, N) = epsilon*(T/epsilon)^((i - 1)/(N - 1))": Status.PROVED,
}


LEVELS = {
    ("cosine", "ve_edm"): Status.PROVED,
    ("cosine", "trigflow"): Status.PROVED,
    ("cosine", "vp_cosine"): Status.PROVED_HERE,
    ("log_snr", "vp_linear"): Status.PROVED,
    ("log_snr", "trigflow"): Status.REFUTED,  # no noise at the boundary
}


@pytest.mark.parametrize(("grid", "process"), LEVELS)
def test_a_grid_of_noise_levels_increases_where_they_do(grid: str, process: str) -> None:
    found, *_ = of("grid", model_of(re.sub(r"(?m)^grid .*$", f"grid {grid}", source(process))))
    assert found.status is LEVELS[grid, process]


@pytest.mark.parametrize("levels", ["1 - (i - 1)/(N - 1)", "(i - 1)/N", "-((i - 1)/(N - 1))"])
def test_other_noise_levels_are_refuted(levels: str) -> None:
    """They fall, end too soon, or have no time."""
    body = f"node(i, N) = time_at(sigma(epsilon) + ({levels})*(sigma(T)/alpha(T) - sigma(epsilon)))"
    text = source("vp_linear").replace("grid uniform", f"define grid own {{ {body} }}\ngrid own")
    found, *_ = of("grid", model_of(text))
    assert found.status is Status.REFUTED


@pytest.mark.parametrize("body", GRIDS)
def test_a_grid_ends_as_it_should(body: str) -> None:
    text = source("ve_edm").replace("grid karras(rho = 7)", f"define grid own {{\n {body}\n}}\ngrid own")
    (found,) = of("grid", model_of(text))
    assert found.status is GRIDS[body]


def test_a_curriculum_of_a_single_node_is_refuted() -> None:
    (found,) = of("grid", model_of(source("vp_linear").replace("fixed(64)", "fixed(1)")))
    assert found.status is Status.REFUTED
    assert "asks for 1 node at k = 0" in found.evidence


def test_what_is_only_checked_warns() -> None:
    model = model_of(source("ve_edm") + "\nassert abs(sin(t)) = sqrt(1 - cos(t)^2)\n")
    (warning,) = diagnostics(prove(model), model)
    assert (warning.code, warning.severity) == (CODES["assert"], Severity.WARNING)
    assert warning.message == "assert is checked, not proved: abs(sin(t)) = sqrt(1 - cos(t)^2)"
    assert "points at 50 digits" in warning.notes[0]
