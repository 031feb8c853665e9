"""Gaussian data, for which all is known: the exact denoiser, and a raw network that makes `consistency` exact."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tests.numbers.frameworks import Framework, Network

C_NOISE_INVERSES = {
    "ve_edm": lambda functions, c: functions.exp(4 * c),
    "vp_linear": lambda functions, c: c / 999,
    "trigflow": lambda functions, c: c,
}


def over(t: Any, x: Any) -> Any:
    """Give scalars per sample the rank of x."""
    return t.reshape(t.shape + (1,) * (x.ndim - t.ndim))


def deviation(m: ModuleType) -> float:
    """Give a deviation of data, another than the spec's: with that, variance-preserving flows stand still."""
    return 0.4 * float(m.SIGMA_DATA)


def variance(m: ModuleType, data: float, t: Any) -> Any:
    """Give the variance of x_t for data N(0, data^2)."""
    return m.alpha(t) ** 2 * data**2 + m.sigma(t) ** 2


def flow(m: ModuleType, data: float, x: Any, t: Any, s: Any) -> Any:
    """Take x at t along the ODE to s: for Gaussian data it scales with the deviation of x_t."""
    return over((variance(m, data, s) / variance(m, data, t)) ** 0.5, x) * x


def denoiser(m: ModuleType, data: float) -> Network:
    """Give E[x0 given x_t] of data N(0, data^2)."""
    return lambda x, t: over(m.alpha(t) * data**2 / variance(m, data, t), x) * x


def raw_consistency(m: ModuleType, framework: Framework, name: str, data: float) -> Network:
    """Give F with which `consistency(F, x, t)` is the exact flow to epsilon of data N(0, data^2)."""

    def network(scaled: Any, c: Any) -> Any:
        t = C_NOISE_INVERSES[name](framework.functions, c)
        x = scaled / over(m.c_in(t), scaled)
        rest = flow(m, data, x, t, framework.functions.full_like(t, m.EPSILON)) - over(m.c_skip(t), x) * x
        c_out = m.c_out(t)
        # At epsilon c_out is 0, and f is x whatever the network gives.
        return rest / over(framework.functions.where(c_out == 0, 1.0, c_out), x)

    return network


def raw_denoiser(m: ModuleType, framework: Framework, name: str, data: float) -> Network:
    """Give F with `denoise(F, x, t) = E[x0 given x_t]` of data N(0, data^2)."""
    exact = denoiser(m, data)

    def network(scaled: Any, c: Any) -> Any:
        t = C_NOISE_INVERSES[name](framework.functions, c)
        x = scaled / over(m.denoiser_c_in(t), scaled)
        return (exact(x, t) - over(m.denoiser_c_skip(t), x) * x) / over(m.denoiser_c_out(t), x)

    return network
