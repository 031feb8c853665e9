"""Solvers where the answer is known for any process: a constant denoiser, no step at all, a time without signal."""

from __future__ import annotations

import re
from types import ModuleType

import numpy as np
import pytest

from tests.numbers import packages
from tests.numbers.frameworks import FRAMEWORKS, TORCH, Framework
from tests.numbers.test_gaussian import slope
from tests.numbers.test_samplers import DETERMINISTIC, SAMPLERS, SIZES, STOCHASTIC, drawn, miss, module, run

EXACT = ("ddim", "exponential_heun")
SOLVERS = "sampler a = ode(solver = ddim)\nsampler b = ode(solver = exponential_heun)\n"
PROCESSES = ("ve_edm", "ve_geometric", "vp_linear", "rectified_flow", "trigflow")
COSTLY = ("sub_vp", "vp_cosine")
LEFT_OUT = re.compile(r"(?m)^(sampler|objective|assert|grid) .*\n")
# Its last time has no signal left, where log(alpha/sigma) is infinite too.
STRAIGHT = f"""model straight
param sigma_data = 1/2
time t in [0, 1]
path {{
    alpha = 1 - t
    sigma = t
}}
boundary 0
precondition {{
    c_skip  = 1
    c_out   = -t
    c_in    = 1
    c_noise = t
}}
grid uniform
{SAMPLERS}"""


@pytest.fixture(params=[*PROCESSES, *(pytest.param(name, marks=pytest.mark.slow) for name in COSTLY)])
def solvers(request: pytest.FixtureRequest) -> ModuleType:
    """Give what a process compiles to with the solvers that are exact for a constant denoiser."""
    spec = packages.SPECS.joinpath(f"{request.param}.cm").read_text(encoding="utf-8")
    return packages.module(LEFT_OUT.sub("", spec) + "grid uniform\n" + SOLVERS, "torch")


def test_exact_for_a_constant_denoiser(solvers: ModuleType) -> None:
    """Whatever the step, alpha(t) c + sigma(t) z goes to alpha(r) c + sigma(r) z."""
    m = solvers
    ends = m.EPSILON + (m.T - m.EPSILON) * np.array([1, 0.7, 0.5, 1e-3, 0.9, 0.2]), np.array([0, 0.5, 0.4, 0, 0.899, 0])
    t, r = TORCH.array(ends[0]), TORCH.array(m.EPSILON + (ends[0] - m.EPSILON) * ends[1])
    c, z = (TORCH.array(np.full((6, 3), v)) for v in (0.7, -1.3))
    x, wanted = (m.alpha(s)[:, None] * c + m.sigma(s)[:, None] * z for s in (t, r))
    for name in EXACT:
        found = getattr(m, f"{name}_step")(lambda x, t: c, x, t, r)
        np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=1e-12, atol=1e-14 * float(abs(x).max()))


def test_no_step_is_none(solvers: ModuleType) -> None:
    t = TORCH.array(solvers.EPSILON + (solvers.T - solvers.EPSILON) * np.array([0.1, 0.5, 1]))
    x = TORCH.array(np.array([[1.0], [2.0], [3.0]]))
    for name in EXACT:
        found = getattr(solvers, f"{name}_step")(lambda x, t: x.tanh(), x, t, t)
        np.testing.assert_allclose(found, x, rtol=1e-15, equal_nan=False)


@pytest.mark.parametrize("sampler", DETERMINISTIC)
def test_the_first_time_may_have_no_signal(sampler: str) -> None:
    """From alpha = 0 to sigma = 0: every sampler stays finite, and comes to the exact map."""
    m = module(STRAIGHT, "torch")
    assert slope(SIZES, [miss(m, sampler, TORCH, n) for n in SIZES]) > 0.9


@pytest.mark.parametrize("sampler", STOCHASTIC)
def test_noise_is_finite_where_there_is_no_signal(sampler: str, framework: Framework) -> None:
    noises = drawn(module(STRAIGHT, "torch"), sampler, 9)
    assert np.isfinite(run(module(STRAIGHT, framework.name), sampler, framework, noises, N=9)).all()


@pytest.mark.parametrize("sampler", [*DETERMINISTIC, *STOCHASTIC])
def test_single_precision_stays(sampler: str, framework: Framework) -> None:
    """Float32 noise gives float32 samples near those of float64, also where x64 is enabled."""
    m, other = module(STRAIGHT, framework.name), module(STRAIGHT, "torch")
    noises = drawn(other, sampler, 9)
    single = {name: noise.astype("float32") for name, noise in noises.items()}
    found = run(m, sampler, framework, single, N=9)
    assert found.dtype.name == "float32"
    wanted = run(other, sampler, FRAMEWORKS["torch"], noises, N=9)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5, equal_nan=False)
