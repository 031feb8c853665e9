"""Prove what a spec promises: the recipe, and what is said of what fails."""

from __future__ import annotations

import flint

from cmdsl.diagnostics import Diagnostic, Severity
from cmdsl.symbolic.enclose import BITS
from cmdsl.symbolic.model import Certificate, Model, Status, Verdict
from cmdsl.symbolic.obligations.boundary import boundary
from cmdsl.symbolic.obligations.process import flow, marginals, self_consistency
from cmdsl.symbolic.obligations.smoothness import differentiable, finite
from cmdsl.symbolic.obligations.variance import unit_variance
from cmdsl.symbolic.setting import Setting

RECIPE = (boundary, differentiable, finite, unit_variance, marginals, flow, self_consistency)
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
    """Give a verdict with its evidence for every obligation."""
    setting = Setting(model)
    with flint.ctx.workprec(BITS):
        return Certificate(tuple(verdict for obligation in RECIPE for verdict in obligation(setting)))


def diagnostics(certificate: Certificate, model: Model) -> tuple[Diagnostic, ...]:
    """Give an error for what is refuted, a warning for what is only checked or not reached."""
    weak = (Status.REFUTED, Status.CHECKED, Status.NOT_REACHED)
    return tuple(diagnostic(v, model) for v in certificate.verdicts if v.status in weak)


def diagnostic(verdict: Verdict, model: Model) -> Diagnostic:
    """Say what was found, where, and the way out."""
    refuted = verdict.status is Status.REFUTED
    weak = f"{verdict.obligation} is {verdict.status.value}, not proved: {verdict.statement}"
    message = verdict.evidence if refuted else weak
    notes = (f"{verdict.obligation}: {verdict.statement}",) if refuted else (verdict.evidence,)
    return Diagnostic(
        CODES[verdict.obligation],
        message,
        verdict.span or model.spec.span,
        notes=notes,
        help=HELP.get(verdict.obligation, "") if refuted else "",
        severity=Severity.ERROR if refuted else Severity.WARNING,
    )
