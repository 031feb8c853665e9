"""What is derived, against its definition in the language: integrals by quadrature, nothing simplified."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from attrs import frozen
from mpmath import MPContext

from tests.numbers import packages
from tests.numbers.frameworks import Framework

mp = MPContext()
mp.dps = 20
Function = Callable[[Any], Any]


@frozen
class Process:
    """An SDE dx = rate(t) x dt + diffusion(t) dw with the deviation of its data and its boundary."""

    rate: Function
    squared_diffusion: Function
    deviation: Any
    epsilon: Any


@cache
def alpha(name: str, start: float, t: float) -> Any:
    """Give the factor of the mean from a time to a later one."""
    return mp.exp(mp.quad(PROCESSES[name].rate, [start, t]))


@cache
def variance(name: str, start: float, t: float) -> Any:
    """Give the variance of the noise that is added from a time to a later one."""
    process = PROCESSES[name]
    inner = mp.quad(lambda u: process.squared_diffusion(u) * mp.exp(-2 * mp.quad(process.rate, [start, u])), [start, t])
    return alpha(name, start, t) ** 2 * inner


def betas(t: Any) -> Any:
    """Give the noise schedule of the variance-preserving spec."""
    return mp.mpf("0.1") + t * (20 - mp.mpf("0.1"))


PROCESSES = {
    "ve_edm": Process(lambda t: mp.mpf(0), lambda t: 2 * t, mp.mpf("0.5"), mp.mpf("0.002")),
    "vp_linear": Process(lambda t: -betas(t) / 2, betas, mp.mpf(1), mp.mpf("0.001")),
    # From x = cos(t) x0 + sigma_data sin(t) z: the mean's rate, and (sigma^2)' - 2 rate sigma^2.
    "trigflow": Process(lambda t: -mp.tan(t), lambda t: 2 * mp.mpf("0.25") * mp.tan(t), mp.mpf("0.5"), mp.mpf(0)),
}
TIMES = {"ve_edm": (0.002, 0.01, 0.7, 30.0), "vp_linear": (0.001, 0.004, 0.3, 0.95), "trigflow": (0.0, 0.01, 0.6, 1.5)}
CASES = pytest.mark.parametrize("name", packages.NAMES)


def family(mean: Any, sigma: Any, deviation: Any) -> tuple[Any, Any, Any]:
    """Give c_skip, c_out, c_in that make the input's and the target's variance one with the least amplification."""
    total = mean**2 * deviation**2 + sigma**2
    return mean * deviation**2 / total, deviation * sigma / mp.sqrt(total), 1 / mp.sqrt(total)


@cache
def wanted(name: str, t: float) -> dict[str, Any]:
    """Give the coefficients at a time, by the formulas of the language's reference."""
    process = PROCESSES[name]
    mean, sigma = alpha(name, 0, t), mp.sqrt(variance(name, 0, t))
    a, tau = alpha(name, process.epsilon, t), variance(name, process.epsilon, t)
    divisor = sigma + a * mp.sqrt(variance(name, 0, process.epsilon))
    s = tau / divisor if divisor else mp.mpf(0)
    denoiser = family(mean, sigma, process.deviation)
    c_out = denoiser[1] * s / sigma if process.epsilon else denoiser[1]
    return {
        "alpha": mean,
        "sigma": sigma,
        "diffusion": mp.sqrt(process.squared_diffusion(t)),
        "c_skip": family(a, s, process.deviation)[0],
        "c_out": c_out,
        "c_in": denoiser[2],
        "denoiser_c_skip": denoiser[0],
        "denoiser_c_out": denoiser[1],
        "denoiser_c_in": denoiser[2],
    }


def sign_of_c_out(name: str) -> int:
    """Give -1 for TrigFlow, whose authors take the negative root."""
    return -1 if name == "trigflow" else 1


@CASES
def test_coefficients(name: str, framework: Framework) -> None:
    m = packages.module(packages.spec_text(name), framework.name)
    for t in TIMES[name]:
        for coefficient, value in wanted(name, t).items():
            sign = sign_of_c_out(name) if coefficient.endswith("c_out") else 1
            found = framework.numpy(getattr(m, coefficient)(framework.array(np.array([t]))))[0]
            assert found == pytest.approx(float(sign * value), rel=1e-13, abs=1e-17), (coefficient, t)


@CASES
def test_kernels(name: str, framework: Framework) -> None:
    m, process = packages.module(packages.spec_text(name), framework.name), PROCESSES[name]
    _, r, s, t = TIMES[name]
    assert transition(m, framework, r, t) == pytest.approx(
        (float(alpha(name, r, t)), float(mp.sqrt(variance(name, r, t)))), rel=1e-13
    )
    spread = [alpha(name, 0, v) ** 2 * process.deviation**2 + variance(name, 0, v) for v in (s, t)]
    found = m.exact_gaussian(*(framework.array(np.array(v)) for v in ([[1.0]], [t], [s])))
    assert float(found[0, 0]) == pytest.approx(float(mp.sqrt(spread[0] / spread[1])), rel=1e-13, abs=0)


def transition(m: ModuleType, framework: Framework, r: float, t: float) -> tuple[float, float]:
    """Give the factors of the state and of the noise in the step from r to t."""
    x, z = framework.array(np.array([[1.0, 0.0]])), framework.array(np.array([[0.0, 1.0]]))
    found = m.transition(x, z, *(framework.array(np.array([v])) for v in (r, t)))
    return float(found[0, 0]), float(found[0, 1])


@CASES
def test_short_steps_keep_their_digits(name: str, framework: Framework) -> None:
    """Between close times the variance of the noise is small, and no difference of large numbers."""
    m = packages.module(packages.spec_text(name), framework.name)
    for t in TIMES[name][2:]:
        r = t * (1 - 2.0**-30)
        assert transition(m, framework, r, t)[1] == pytest.approx(
            float(mp.sqrt(variance(name, r, t))), rel=1e-13, abs=0
        )


@CASES
def test_velocity_and_score(name: str, framework: Framework) -> None:
    """The ODE of a point whose denoised estimate is d: f x - g^2 score/2, with the score (alpha d - x)/sigma^2."""
    m, process = packages.module(packages.spec_text(name), framework.name), PROCESSES[name]
    x, denoised = 1.25, -0.5
    for t in TIMES[name][1:]:
        score = (alpha(name, 0, t) * mp.mpf(denoised) - x) / variance(name, 0, t)
        velocity = process.rate(t) * x - process.squared_diffusion(t) * score / 2
        arguments = [framework.array(np.array(v)) for v in ([[denoised]], [[x]], [t])]
        assert float(m.score(*arguments)[0, 0]) == pytest.approx(float(score), rel=1e-12, abs=0)
        assert float(m.velocity(*arguments)[0, 0]) == pytest.approx(float(velocity), rel=1e-12, abs=0)


@CASES
def test_noise_to_signal_ratio(name: str, framework: Framework) -> None:
    m = packages.module(packages.spec_text(name), framework.name)
    for t in TIMES[name][1:]:
        ratio = float(mp.sqrt(variance(name, 0, t)) / alpha(name, 0, t))
        s = framework.array(np.array([ratio]))
        assert float(m.time_at(s)[0]) == pytest.approx(t, rel=1e-13, abs=0)
        now = framework.array(np.array([t]))
        assert float(m.snr(now)[0]) == pytest.approx(ratio**-2, rel=1e-13, abs=0)
        assert float(m.logsnr(now)[0]) == pytest.approx(-2 * np.log(ratio), rel=1e-13, abs=1e-13)
