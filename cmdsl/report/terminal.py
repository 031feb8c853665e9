"""The derivation and the verdicts in aligned lines, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from cmdsl.report import formulas
from cmdsl.symbolic.model import Certificate, Model, Status, Verdict
from cmdsl.symbolic.notation import written

COEFFICIENTS = ("c_skip", "c_out", "c_in", "c_noise")
COLOURS = {
    Status.PROVED: "32",
    Status.PROVED_HERE: "32",
    Status.CHECKED: "33",
    Status.NOT_REACHED: "33",
    Status.REFUTED: "31",
}
METHODS = {"shift": "by shift, the process restarted there", "none": "by none, the coefficients as they are"}


def summary(model: Model, certificate: Certificate, colour: bool = False) -> str:
    """Write what `cmdsl check` prints: what was declared, what follows, and how far it is proved."""
    heading = paint(model.spec.name, "1", colour)
    title = f"{heading}  {model.spec.title}".rstrip()
    blocks = (title, "\n".join(derived(model, colour)), "\n".join(verdicts(certificate, colour)))
    return "\n\n".join(b for b in blocks if b)


def derived(model: Model, colour: bool) -> Iterable[str]:
    """Yield the lines of the derivation, each block under its name."""
    for name, lines in blocks(model):
        for i, line in enumerate(lines):
            label = name if i == 0 else ""
            yield f"  {paint(f'{label:12}', '2', colour)}{line}"


def blocks(model: Model) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Yield each block's name and lines."""
    yield "params", aligned(formulas.declared(model))
    yield "process", (f"{formulas.sde(model)},  {model.t} in [0, {written(model.T)}]",)
    yield "marginals", aligned(formulas.coefficients(model, ("alpha", "sigma")))
    if {"velocity_x", "velocity_denoised"} <= model.coefficients.keys():
        yield "ODE", (formulas.velocity(model),)
    if {"transition_alpha", "transition_sigma"} <= model.coefficients.keys():
        yield "kernel", (formulas.transition(model),)
    yield from preconditioning(model)
    unit = () if model.data_given else ("for data of deviation 1: the spec gives no sigma_data",)
    yield "Gaussian", (*aligned(formulas.coefficients(model, ("gaussian_scale",))), *unit)


def preconditioning(model: Model) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Yield the coefficients of the denoiser where they differ, and of the consistency function."""
    if model.epsilon is None or "c_skip" not in model.coefficients:
        return
    if model.boundary_method != "none":
        yield "denoiser", aligned(formulas.coefficients(model, ("denoiser_c_skip", "denoiser_c_out")))
    yield "boundary", (f"at {written(model.epsilon)} {METHODS[model.boundary_method]}",)
    yield "", aligned(formulas.with_helpers(model, formulas.coefficients(model, COEFFICIENTS)))


def aligned(equations: Iterable[formulas.Equation]) -> tuple[str, ...]:
    """Write equations with their signs of equality below each other."""
    given = tuple(equations)
    width = max((len(e.left) for e in given), default=0)
    return tuple(f"{e.left:{width}} = {e.right}" for e in given)


def verdicts(certificate: Certificate, colour: bool) -> Iterable[str]:
    """Yield one line for each verdict: what is proved, or the evidence where less was reached."""
    for v in certificate.verdicts:
        text = v.statement if v.status is Status.PROVED else f"{v.statement}: {v.evidence}"
        yield f"  {paint(f'{v.status.value:12}', COLOURS[v.status], colour)}{name(v)}{text}"


def name(verdict: Verdict) -> str:
    """Write an obligation's name in its column."""
    return f"{verdict.obligation:18}"


def paint(text: str, code: str, colour: bool) -> str:
    """Colour a text for a terminal that shows colours."""
    return f"\x1b[{code}m{text}\x1b[0m" if colour and text.strip() else text
