"""Prove what a spec promises: the recipe, and what is said of what fails."""

from __future__ import annotations

from functools import partial

import flint

from cmdsl.diagnostics import Diagnostic, Severity, SpecError, warning
from cmdsl.sema.blame import placed
from cmdsl.symbolic.claims import where
from cmdsl.symbolic.enclose import BITS
from cmdsl.symbolic.model import Certificate, Model, Status, Verdict
from cmdsl.symbolic.obligations.asserts import asserts
from cmdsl.symbolic.obligations.boundary import boundary
from cmdsl.symbolic.obligations.grids import grids
from cmdsl.symbolic.obligations.process import flow, marginals, self_consistency
from cmdsl.symbolic.obligations.smoothness import differentiable, finite
from cmdsl.symbolic.obligations.times import sampler_times
from cmdsl.symbolic.obligations.variance import unit_variance
from cmdsl.symbolic.setting import Setting

RECIPE = (
    boundary,
    differentiable,
    finite,
    unit_variance,
    marginals,
    flow,
    self_consistency,
    grids,
    sampler_times,
    asserts,
)
CODES = {
    "boundary": "CM301",
    "differentiable": "CM302",
    "finite": "CM303",
    "input": "CM304",
    "target": "CM305",
    "marginals": "CM306",
    "flow": "CM307",
    "self-consistency": "CM308",
    "grid": "CM309",
    "assert": "CM310",
}
HELP = {
    "boundary": "write (t - epsilon) for t, or let `boundary epsilon by shift` do it with a derived family",
}


def prove(model: Model) -> Certificate:
    """Give a verdict with its evidence for every obligation; raises SpecError where what is claimed has no meaning."""
    setting = Setting(model)
    with flint.ctx.workprec(BITS):
        found = [setting.wrong.attempt(partial(obligation, setting)) for obligation in RECIPE]
    certificate = Certificate(tuple(verdict for verdicts in found for verdict in verdicts or ()))
    if setting.wrong.found:
        raise SpecError((*setting.wrong.found, *refutations(certificate, model)))
    return certificate


def refutations(certificate: Certificate, model: Model) -> tuple[Diagnostic, ...]:
    """Give an error for what is refuted."""
    return tuple(d for d in diagnostics(certificate, model) if d.severity is Severity.ERROR)


def diagnostics(certificate: Certificate, model: Model) -> tuple[Diagnostic, ...]:
    """Give an error for what is refuted, a warning for what is only checked or not reached."""
    weak = (Status.REFUTED, Status.CHECKED, Status.NOT_REACHED)
    return tuple(diagnostic(v, model) for v in certificate.verdicts if v.status in weak)


def diagnostic(verdict: Verdict, model: Model) -> Diagnostic:
    """Say what was found, where, and the way out."""
    span = verdict.span or model.spec.process.span
    if verdict.status is not Status.REFUTED:
        message = f"{verdict.obligation} is {verdict.status.value}, not proved: {verdict.statement}"
        return blamed(warning(CODES[verdict.obligation], message, span, notes=(verdict.evidence,)), model)
    claim, _, reason = verdict.evidence.partition(": ")
    statement = () if verdict.obligation == "assert" else (f"{verdict.obligation}: {verdict.statement}",)
    notes = (*statement, f"counterexample: {where(verdict.counterexample)}")
    way_out = HELP.get(verdict.obligation, "")
    return blamed(Diagnostic(CODES[verdict.obligation], claim, span, reason, notes=notes, help=way_out), model)


def blamed(diagnostic: Diagnostic, model: Model) -> Diagnostic:
    """Say of coefficients of the library that the spec's use of them led there."""
    use = model.spec.precondition
    return diagnostic if use is None else placed(diagnostic, use)
