"""The derivation with every verdict and its evidence, as Markdown; the same bytes for the same spec."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from cmdsl import __version__
from cmdsl.report import formulas
from cmdsl.report.terminal import COEFFICIENTS, METHODS, aligned
from cmdsl.symbolic.model import Certificate, Model, Verdict
from cmdsl.symbolic.notation import written

MEANINGS = """**proved**: exactly, for all parameters in their ranges. **proved here**: exactly or by interval
arithmetic over the whole time interval, at the given parameters. **checked**: numerically, at the points named.
**not reached**: no proof was found and none was refuted. **refuted**: false, with a counterexample."""


def derivation(model: Model, certificate: Certificate) -> str:
    """Write `derivation.md`."""
    parts = (heading(model), *sections(model), *verdicts(certificate), footer(model))
    return "\n\n".join(parts) + "\n"


def heading(model: Model) -> str:
    """Write the title."""
    return f"# {model.spec.name}" + (f"\n\n{model.spec.title}" if model.spec.title else "")


def sections(model: Model) -> Iterable[str]:
    """Yield the sections of the derivation, in the order in which one follows from another."""
    yield section("Declared", "Parameters, with their values and ranges.", aligned(formulas.declared(model)))
    yield process(model)
    yield from dynamics(model)
    yield from preconditioning(model)
    yield from gaussian(model)
    if model.notes:
        yield "\n".join(["## Notes", "", *(f"- {n}" for n in model.notes)])


def section(title: str, text: str, lines: Iterable[str]) -> str:
    """Write a section with its equations."""
    return "\n".join([f"## {title}", "", text, "", "```", *lines, "```"])


def process(model: Model) -> str:
    """Write the process and its marginals."""
    head = (
        f"{formulas.sde(model)},  {model.t} in [0, {written(model.T)}]",
        f"x_t = alpha({model.t}) x0 + sigma({model.t}) z",
    )
    names = ("alpha", "sigma", "drift_rate", "diffusion", "snr", "logsnr", "time_at")
    text = f"The noise variance at time 0 is {written(model.variance)}; sigma/alpha is s at the time `time_at(s)`."
    return section("Process and marginals", text, (*head, "", *aligned(formulas.coefficients(model, names))))


def dynamics(model: Model) -> Iterable[str]:
    """Yield the score, the ODE, the reverse SDE and the transition kernel."""
    t = model.t
    if {"velocity_x", "velocity_denoised"} <= model.coefficients.keys():
        lines = (
            f"score(x, {t}) = (alpha({t}) D(x, {t}) - x)/sigma({t})^2",
            "",
            "dx/dt = velocity_x x - velocity_denoised D(x, t)",
            formulas.velocity(model),
            "",
            f"dx = (drift_rate({t}) x - diffusion({t})^2 score(x, {t})) dt + diffusion({t}) dw,  backwards in time",
        )
        yield section("Score, probability-flow ODE, reverse SDE", "D(x, t) is E[x0 given x_t].", lines)
    if {"transition_alpha", "transition_sigma"} <= model.coefficients.keys():
        kernel = aligned(formulas.coefficients(model, ("transition_alpha", "transition_sigma")))
        yield section("Transition kernel", "From an earlier time r to t.", (formulas.transition(model), "", *kernel))


def preconditioning(model: Model) -> Iterable[str]:
    """Yield the coefficients of the denoiser and of the consistency function."""
    if "c_skip" not in model.coefficients:
        return
    own = formulas.coefficients(model, tuple(f"denoiser_{n}" for n in COEFFICIENTS))
    text = "D(x, t) = D.c_skip(t) x + D.c_out(t) F(D.c_in(t) x, D.c_noise(t)), as the family "
    yield section(
        "Denoiser", text + ("has it from its principle." if model.derived_family else "is written."), aligned(own)
    )
    if model.epsilon is None:
        return
    lines = aligned(formulas.with_helpers(model, formulas.coefficients(model, COEFFICIENTS)))
    how = f"with the boundary at {written(model.epsilon)} {METHODS[model.boundary_method]}."
    yield section("Consistency function", f"f(x, t) = c_skip(t) x + c_out(t) F(c_in(t) x, c_noise(t)), {how}", lines)


def gaussian(model: Model) -> Iterable[str]:
    """Yield the exact solution for Gaussian data."""
    found = formulas.coefficients(model, ("gaussian_scale",))
    if found:
        why = "" if model.data_given else ", as the spec gives no sigma_data"
        data = f"For data of variance {written(model.sigma_data**2)}{why}"
        text = f"{data}, the ODE takes x at time t to gaussian_scale(t, s) x at time s."
        yield section("Exact Gaussian consistency function", text, aligned(found))


def verdicts(certificate: Certificate) -> Iterable[str]:
    """Yield every verdict with its evidence."""
    yield f"## Verdicts\n\n{MEANINGS}"
    for v in certificate.verdicts:
        yield f"### {v.obligation}: {v.status.value}\n\n{v.statement}\n\n{evidence(v)}"


def evidence(verdict: Verdict) -> str:
    """Write the evidence, one line for each kind."""
    lines = [f"- {part}" for part in verdict.evidence.split("; ")]
    point = ", ".join(f"{k} = {v}" for k, v in verdict.counterexample.items())
    return "\n".join([*lines, *([f"- counterexample: {point}"] if point else [])])


def footer(model: Model) -> str:
    """Write what this was made from and with."""
    return f"---\n\nSpec sha256 `{model.spec.sha256}`; cmdsl {__version__}; sympy {sp.__version__}."
