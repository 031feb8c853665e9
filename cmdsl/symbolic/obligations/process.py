"""The marginals solve the moment equations, the ODE transports them, and its Gaussian solution is consistent."""

from __future__ import annotations

import sympy as sp

from cmdsl.symbolic.claims import Finding, identity, verdict
from cmdsl.symbolic.model import Status, Verdict
from cmdsl.symbolic.setting import Setting, facts

MARGINALS = "alpha' = f alpha, (sigma^2)' = 2 f sigma^2 + g^2, alpha(0) = 1, sigma(0)^2 = variance"
FLOW = "V' = 2 f V + g^2 for V = alpha^2 sigma_data^2 + sigma^2, and the ODE is x' = V'/(2V) x"
SELF_CONSISTENCY = "the exact Gaussian consistency function is constant along the ODE"


def marginals(setting: Setting) -> tuple[Verdict, ...]:
    """Prove the moment equations, and that what is derived from the marginals fits them."""
    if not setting.has("alpha", "sigma"):
        return ()
    model, t = setting.model, setting.model.t
    f, g = setting.expand(model.rate), setting.expand(model.diffusion)
    alpha, variance = setting.formula("alpha", t), setting.formula("sigma", t) ** 2
    moments = sp.diff(variance, t) - 2 * f * variance - g**2
    findings = {
        "alpha": identity(setting, "alpha' = f alpha", sp.diff(alpha, t) - f * alpha, (t,)),
        "sigma": identity(setting, "(sigma^2)' = 2 f sigma^2 + g^2", moments, (t,)),
        "alpha(0)": identity(setting, "alpha(0) = 1", alpha.subs(t, 0) - 1),
        "sigma(0)": identity(setting, "sigma(0)^2 = variance", variance.subs(t, 0) - model.variance),
    }
    findings |= {
        n: identity(setting, f"{n} = {letter}", setting.formula(n, t) - value, (t,))
        for n, letter, value in (("drift_rate", "f", f), ("diffusion", "g", g))
        if setting.has(n)
    }
    return (verdict(setting, "marginals", MARGINALS, {**findings, **ratios(setting), **kernel(setting)}),)


def ratios(setting: Setting) -> dict[str, Finding]:
    """Prove that the signal-to-noise ratio and the time at a ratio fit the marginals."""
    t, found = setting.model.t, {}
    alpha, sigma = setting.formula("alpha", t), setting.formula("sigma", t)
    if setting.has("snr"):
        found["snr"] = identity(setting, "snr = alpha^2/sigma^2", setting.formula("snr", t) * sigma**2 - alpha**2, (t,))
    if setting.has("logsnr"):
        ratio = sp.exp(setting.formula("logsnr", t))
        found["logsnr"] = identity(setting, "logsnr = log(snr)", ratio * sigma**2 - alpha**2, (t,))
    if setting.has("time_at"):
        found["time_at"] = inverse(setting)
    return found


def inverse(setting: Setting) -> Finding:
    """Prove that `time_at` inverts sigma/alpha."""
    coefficient, t = setting.model.coefficients["time_at"], setting.model.t
    # Of polynomials in one symbol of known sign sympy looks for all roots, of whatever degree.
    s = sp.Dummy("s", real=True)
    at = setting.formula("time_at").xreplace({coefficient.parameters[0]: s})
    sigma, alpha = setting.formula("sigma", at), s * setting.formula("alpha", at)
    # Of two numbers that are at least 0 the squares tell, where the sign of a root is not known.
    for residual in (sigma - alpha, sigma**2 - alpha**2):
        found = identity(setting, "sigma/alpha = s at time_at(s)", residual, (s,))
        if found.status is Status.PROVED:
            return found
    ratio = setting.formula("sigma", t) / setting.formula("alpha", t)
    return identity(setting, "time_at(sigma/alpha) = t", setting.formula("time_at", ratio) - t, (t,))


def kernel(setting: Setting) -> dict[str, Finding]:
    """Prove that the marginal at r and the transition from r to t give the marginal at t."""
    if not setting.has("transition_alpha", "transition_sigma"):
        return {}
    t, r = setting.model.t, setting.model.coefficients["transition_alpha"].parameters[0]
    known = facts(setting.model, earlier=r).replaced
    scale, noise = setting.formula("transition_alpha", r, t), setting.formula("transition_sigma", r, t)
    mean = scale * setting.formula("alpha", r) - setting.formula("alpha", t)
    variance = scale**2 * setting.formula("sigma", r) ** 2 + noise**2 - setting.formula("sigma", t) ** 2
    return {
        "transition_alpha": identity(setting, "transition_alpha(r, t) alpha(r) = alpha(t)", mean, (r, t), facts=known),
        "transition_sigma": identity(
            setting, "transition_alpha^2 sigma(r)^2 + transition_sigma^2 = sigma(t)^2", variance, (r, t), facts=known
        ),
    }


def data_variance(setting: Setting, t: sp.Symbol) -> sp.Expr:
    """Give the variance of x_t for Gaussian data."""
    alpha, sigma = setting.formula("alpha", t), setting.formula("sigma", t)
    return alpha**2 * setting.model.sigma_data**2 + sigma**2


def velocity(setting: Setting, t: sp.Symbol) -> sp.Expr:
    """Give the factor of x in the ODE's velocity, with the exact denoiser of Gaussian data."""
    denoiser = setting.formula("alpha", t) * setting.model.sigma_data**2 / data_variance(setting, t)
    return setting.formula("velocity_x", t) - setting.formula("velocity_denoised", t) * denoiser


def flow(setting: Setting) -> tuple[Verdict, ...]:
    """Prove that the ODE carries the Gaussian marginals of the SDE."""
    if not setting.has("alpha", "sigma"):
        return ()
    t, total = setting.model.t, data_variance(setting, setting.model.t)
    f, g = setting.expand(setting.model.rate), setting.expand(setting.model.diffusion)
    findings = {"variance": identity(setting, "V' = 2 f V + g^2", sp.diff(total, t) - 2 * f * total - g**2, (t,))}
    if setting.has("velocity_x", "velocity_denoised"):
        residual = velocity(setting, t) - sp.diff(total, t) / (2 * total)
        findings["velocity"] = identity(setting, "velocity = V'/(2V) x", residual, (t,))
        # The Gaussian denoiser sees one combination of the two factors: each is also compared with its definition.
        findings |= factors(setting, t)
    return (verdict(setting, "flow", FLOW, findings),)


def factors(setting: Setting, t: sp.Symbol) -> dict[str, Finding]:
    """Prove that the ODE with an arbitrary denoiser is f x - g^2/2 times the score."""
    f, g = setting.expand(setting.model.rate), setting.expand(setting.model.diffusion)
    alpha, sigma = setting.formula("alpha", t), setting.formula("sigma", t)
    on_x = setting.formula("velocity_x", t) - f - g**2 / (2 * sigma**2)
    on_denoised = setting.formula("velocity_denoised", t) - alpha * g**2 / (2 * sigma**2)
    return {
        "velocity_x": identity(setting, "velocity_x = f + g^2/(2 sigma^2)", on_x, (t,)),
        "velocity_denoised": identity(setting, "velocity_denoised = alpha g^2/(2 sigma^2)", on_denoised, (t,)),
    }


def self_consistency(setting: Setting) -> tuple[Verdict, ...]:
    """Prove that the exact Gaussian flow from t to s does not change along the ODE."""
    if not setting.has("gaussian_scale", "velocity_x", "velocity_denoised"):
        return ()
    t, s = setting.model.coefficients["gaussian_scale"].parameters
    scale = setting.formula("gaussian_scale")
    known = facts(setting.model, earlier=s).replaced
    findings = {
        "gaussian_scale": identity(
            setting,
            "d(gaussian_scale(t, s) x)/dt = 0 along the ODE",
            sp.diff(scale, t) + scale * velocity(setting, t),
            (s, t),
            facts=known,
        ),
        "identity": identity(setting, "gaussian_scale(t, t) = 1", scale.subs(s, t) - 1, (t,)),
    }
    if setting.model.epsilon is not None:
        at_epsilon = setting.formula("gaussian_scale", setting.model.epsilon, setting.model.epsilon) - 1
        findings["epsilon"] = identity(setting, "gaussian_scale(epsilon, epsilon) = 1", at_epsilon)
    return (verdict(setting, "self-consistency", SELF_CONSISTENCY, findings),)
