"""Reports: what is on the terminal and in `derivation.md`, the same for every run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import attrs
import pytest

from cmdsl import __version__
from cmdsl.report import derivation, summary
from cmdsl.sema import resolve
from cmdsl.symbolic.derive import derive
from cmdsl.symbolic.model import Certificate, Model, Status
from cmdsl.symbolic.prove import prove
from cmdsl.syntax import parse

ROOT = Path(__file__).resolve().parents[2]
SPECS = ("ve_edm", "vp_linear", "trigflow")


@cache
def proved(name: str) -> tuple[Model, Certificate]:
    model = derive(resolve(parse(f"specs/{name}.cm", (ROOT / "specs" / f"{name}.cm").read_text()), {}))
    return model, prove(model)


LINES = {
    "ve_edm": (
        "sigma_data = 0.5 in (0, inf)",
        "dx = sqrt(2*t) dw,  t in [0, T]",
        "dx/dt = x/t - D(x, t)/t",
        "x_t = x_r + sqrt(t^2 - r^2) z",
        "D.c_skip(t) = sigma_data^2/(t^2 + sigma_data^2)",
        "at epsilon by shift",
        "c_skip(t) = sigma_data^2/((t - epsilon)^2 + sigma_data^2)",
        "c_out(t) = sigma_data*(t - epsilon)/sqrt(t^2 + sigma_data^2)",
        "c_noise(t) = log(t)/4",
    ),
    "trigflow": (
        "T = 1.56454628 in (0, pi/2)",
        "dx = -tan(t) x dt + sigma_data*sqrt(2*tan(t)) dw",
        "sigma(t) = sigma_data*sin(t)",
        "at 0 by none",
        "c_out(t) = -sigma_data*sin(t)",
        "alpha(t) = cos(t) (trigflow asserts it)",
    ),
    "vp_linear": (
        "beta_max = 20 in (beta_min, inf)",
        "restart_alpha(t) = alpha(t)/alpha(epsilon)",
        "c_noise(t) = 999*t",
        "alpha(t)^2 + sigma(t)^2 = 1 for t in [0, 1]",
    ),
}


@pytest.mark.parametrize(("name", "line"), [(n, line) for n, lines in LINES.items() for line in lines])
def test_the_summary_shows(name: str, line: str) -> None:
    assert line in re.sub(" +=", " =", summary(*proved(name)))


@pytest.mark.parametrize("name", SPECS)
def test_the_summary_has_one_line_for_each_verdict_in_columns(name: str) -> None:
    _, certificate = proved(name)
    lines = summary(*proved(name)).split("\n\n")[-1].splitlines()
    assert len(lines) == len(certificate.verdicts)
    for line, verdict in zip(lines, certificate.verdicts, strict=True):
        assert line[2:14].rstrip() == verdict.status.value
        assert line[14:32].rstrip() == verdict.obligation
        evidence = "" if verdict.status is Status.PROVED else f": {verdict.evidence}"
        assert line[32:] == verdict.statement + evidence


def test_what_is_less_than_proved_is_shown_with_its_evidence() -> None:
    model, certificate = proved("ve_edm")
    first = attrs.evolve(certificate.verdicts[0], status=Status.CHECKED, evidence="4020 points at 50 digits")
    assert summary(model, Certificate((first,))).endswith(f"{first.statement}: 4020 points at 50 digits")


def test_colours_change_nothing_but_colours() -> None:
    plain, coloured = summary(*proved("ve_edm")), summary(*proved("ve_edm"), colour=True)
    assert "\x1b" not in plain
    assert "\x1b[32mproved" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


@pytest.mark.parametrize("name", SPECS)
def test_the_derivation_holds_everything(name: str) -> None:
    model, certificate = proved(name)
    text = derivation(model, certificate)
    assert text.startswith(f"# {name}\n")
    for title in (
        "Declared",
        "Process and marginals",
        "Transition kernel",
        "Denoiser",
        "Consistency function",
        "Verdicts",
    ):
        assert f"\n## {title}\n" in text
    for verdict in certificate.verdicts:
        assert f"### {verdict.obligation}: {verdict.status.value}\n\n{verdict.statement}\n" in text
        assert all(f"- {part}" in text for part in verdict.evidence.split("; "))
    for coefficient in (
        "alpha(t)",
        "time_at(s)",
        "transition_sigma(r, t)",
        "D.c_out(t)",
        "c_noise(t)",
        "gaussian_scale(t, s)",
    ):
        assert re.search(rf"^{re.escape(coefficient)} += ", text, re.MULTILINE)
    assert model.spec.sha256 in text
    assert f"cmdsl {__version__}; sympy " in text
    assert str(ROOT) not in text


def test_a_counterexample_is_in_the_derivation() -> None:
    model, _ = proved("ve_edm")
    broken = {**model.coefficients, "c_out": attrs.evolve(model.coefficients["denoiser_c_out"], name="c_out")}
    model = attrs.evolve(model, coefficients=broken)
    text = derivation(model, prove(model))
    assert "### boundary: refuted" in text
    assert "- c_out(epsilon) = 0.00199998400019, must be 0" in text
    assert "- counterexample: sigma_data = 0.5, epsilon = 0.002, T = 80, " in text


def test_the_same_bytes_under_any_hash_seed() -> None:
    def run(seed: str) -> bytes:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, __file__]
        return subprocess.run(command, env=environment, capture_output=True, check=True, cwd=ROOT).stdout

    first, second = run("1"), run("20")
    assert b"### boundary: proved" in first
    assert first == second


if __name__ == "__main__":
    for name in SPECS:
        print(derivation(*proved(name)), summary(*proved(name)))
