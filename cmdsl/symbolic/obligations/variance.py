"""The network's input and its target have unit variance."""

from __future__ import annotations

from cmdsl.symbolic.claims import Finding, identity, verdict
from cmdsl.symbolic.model import Status, Verdict
from cmdsl.symbolic.setting import Setting

INPUT = "the network's input c_in x_t has unit variance"
TARGET = "the target of the denoiser's network has unit variance"


def unit_variance(setting: Setting) -> tuple[Verdict, ...]:
    """Prove unit variances: a claim of a derived family; of a typed one they are stated only where they are proved."""
    if not setting.has("alpha", "sigma"):
        return ()
    found = {"input": (INPUT, input_variance(setting)), "target": (TARGET, target_variance(setting))}
    return tuple(
        verdict(setting, name, statement, finding)
        for name, (statement, finding) in found.items()
        if finding and (setting.model.derived_family or all(f.status is Status.PROVED for f in finding.values()))
    )


def input_variance(setting: Setting) -> dict[str, Finding]:
    """Prove Var(c_in x_t) = 1 for f and for D."""
    t, data = setting.model.t, setting.model.sigma_data**2
    total = setting.formula("alpha", t) ** 2 * data + setting.formula("sigma", t) ** 2
    names = [n for n in ("c_in", "denoiser_c_in") if setting.has(n)]
    return {n: identity(setting, f"Var({n} x_t) = 1", setting.formula(n, t) ** 2 * total - 1, (t,)) for n in names}


def target_variance(setting: Setting) -> dict[str, Finding]:
    """Prove Var((x0 - c_skip x_t)/c_out) = 1 for D."""
    if not setting.has("denoiser_c_skip", "denoiser_c_out"):
        return {}
    t, data = setting.model.t, setting.model.sigma_data**2
    skip, out = setting.formula("denoiser_c_skip", t), setting.formula("denoiser_c_out", t)
    error = (1 - skip * setting.formula("alpha", t)) ** 2 * data + (skip * setting.formula("sigma", t)) ** 2
    return {
        "denoiser_c_out": identity(setting, "Var(x0 - denoiser_c_skip x_t) = denoiser_c_out^2", error - out**2, (t,))
    }
