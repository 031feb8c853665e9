"""The library's definitions against published code, transcribed; each function names the file that it is from."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.numbers import packages
from tests.numbers.frameworks import FRAMEWORKS, Array, Framework

close = partial(np.testing.assert_allclose, rtol=1e-12, atol=0)
WEIGHTS = ("uniform", "snr", "snr_plus_one", "truncated_snr", "karras", "edm")
EDM = """model edm
param sigma_data = 0.5   in (0, inf)
param epsilon    = 0.002 in (0, T)
param T          = 80    in (0, inf)
time t in [0, T]
sde {{ drift = 0  diffusion = sqrt(2*t) }}
boundary epsilon
precondition {family}
grid {grid}
curriculum ct
objective consistency_training
"""
VP = """model vp
param beta_min = 0.1 in (0, inf)
param beta_max = 20 in (beta_min, inf)
param epsilon = 0.001 in (0, 1)
time t in [0, 1]
sde {{ drift = -1/2*(beta_min + t*(beta_max - beta_min))*x  diffusion = sqrt(beta_min + t*(beta_max - beta_min)) }}
boundary epsilon{method}
precondition {family}
grid {grid}
curriculum ct
objective consistency_training
"""
MORE = """
objective paper = consistency_training { curriculum ct_paper }
objective staged = ect { curriculum ect }
objective skipping = consistency_training(proposal = on_grid(skip = 4))
objective late = denoising(proposal = logitnormal_time(-0.5, 0.7))
"""
WEIGHED = "objective d_{w} = denoising(weight = {w})\nobjective c_{w} = consistency_training(weight = {w})\n"
MORE += "".join(WEIGHED.format(w=w) for w in WEIGHTS)


def edm(framework: Framework, family: str, grid: str = "karras", more: str = "") -> ModuleType:
    """Give the module of the EDM process with a preconditioning and a grid."""
    return packages.module(EDM.format(family=family, grid=grid) + more, framework.name)


def vp(framework: Framework, family: str, grid: str = "uniform", method: str = "") -> ModuleType:
    """Give the module of the VP process with a preconditioning and a grid."""
    return packages.module(VP.format(family=family, grid=grid, method=method), framework.name)


def column(values: Array) -> Array:
    return values[:, None]


def network(x: Any, c: Any) -> Any:
    """A network in whatever arithmetic it is given."""
    return 0.7 * x + 0.01 * c.reshape(-1, 1) - 0.3


X = np.array([[0.5, -1.25, 3.0], [0.1, 2.0, -0.7], [-1.5, 0.2, 0.9]])


# NVlabs/edm, training/networks.py: forward of each preconditioning, x and sigma unscaled.
def vp_precond(x: Array, sigma: Array) -> Any:
    """VPPrecond, with M = 1000, beta_d = 19.9 and beta_min = 0.1."""
    c_noise = 999 * ((0.1**2 + 2 * 19.9 * np.log(1 + sigma**2)) ** 0.5 - 0.1) / 19.9
    c_in = 1 / (sigma**2 + 1) ** 0.5
    return x - column(sigma) * network(column(c_in) * x, c_noise)


def ve_precond(x: Array, sigma: Array) -> Any:
    """VEPrecond."""
    return x + column(sigma) * network(x, np.log(0.5 * sigma))


def edm_precond(x: Array, sigma: Array) -> Any:
    """EDMPrecond, with sigma_data = 0.5."""
    total = sigma**2 + 0.25
    denoised = column(sigma * 0.5 / total**0.5) * network(column(1 / total**0.5) * x, np.log(sigma) / 4)
    return column(0.25 / total) * x + denoised


# openai/consistency_models, cm/karras_diffusion.py: KarrasDenoiser.denoise, sigma_data = 0.5.
def karras_denoiser(x: Array, sigma: Array) -> Any:
    """Give the denoiser with distillation = False."""
    total = sigma**2 + 0.25
    rescaled_t = 1000 * 0.25 * np.log(sigma + 1e-44)
    return column(sigma * 0.5 / total**0.5) * network(column(1 / total**0.5) * x, rescaled_t) + column(0.25 / total) * x


FAMILIES = {
    "edm": ("edm(sigma_data)", edm_precond),
    "karras": ("karras(sigma_data)", edm_precond),
    "edm_250": ("edm_250(sigma_data)", karras_denoiser),
    "ve": ("ve", ve_precond),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_denoisers_without_scale(family: str, framework: Framework) -> None:
    spelled, published = FAMILIES[family]
    m, sigma = edm(framework, spelled), np.array([0.01, 0.7, 30.0])
    found = m.denoise(network, *(framework.array(v) for v in (X, sigma)))
    close(framework.numpy(found), published(X, sigma))


def test_denoiser_of_a_scaled_process(framework: Framework) -> None:
    """The published one has x/alpha and sigma/alpha."""
    m, t = vp(framework, "vp"), np.array([0.003, 0.4, 0.9])
    alpha, sigma = (framework.numpy(v(framework.array(t))) for v in (m.alpha, m.sigma))
    found = m.denoise(network, framework.array(X), framework.array(t))
    close(framework.numpy(found), vp_precond(X / column(alpha), sigma / alpha), rtol=1e-11)


def lcm(x: Array, index: Array, alpha: Array, sigma: Array) -> Any:
    """Transcribe huggingface/diffusers, LCMScheduler.step, prediction_type epsilon, timestep_scaling 10."""
    scaled = index * 10.0
    c_skip, c_out = 0.5**2 / (scaled**2 + 0.5**2), scaled / (scaled**2 + 0.5**2) ** 0.5
    predicted_original_sample = (x - column(sigma) * network(x, index)) / column(alpha)
    return column(c_out) * predicted_original_sample + column(c_skip) * x


def test_latent_consistency(framework: Framework) -> None:
    m, index = vp(framework, "lcm", method=" by none"), np.array([0.0, 1.0, 500.0])
    t = framework.array((index + 1) / 1000)
    alpha, sigma = (framework.numpy(v(t)) for v in (m.alpha, m.sigma))
    found = framework.numpy(m.consistency(network, framework.array(X), t))
    close(found, lcm(X, index, alpha, sigma), rtol=1e-11)
    np.testing.assert_array_equal(found[0], X[0])


def get_weightings(weight_schedule: str, snrs: Array, sigma_data: float) -> Array:
    """Transcribe openai/consistency_models, cm/karras_diffusion.py, get_weightings; edm: NVlabs/edm, EDMLoss."""
    return {
        "snr": snrs,
        "snr_plus_one": snrs + 1,
        "karras": snrs + 1.0 / sigma_data**2,
        "truncated_snr": np.clip(snrs, 1.0, None),
        "uniform": np.ones_like(snrs),
        "edm": (1 / snrs + sigma_data**2) * snrs / sigma_data**2,
    }[weight_schedule]


@pytest.mark.parametrize("weight", WEIGHTS)
def test_weights(weight: str, framework: Framework) -> None:
    """A weight of one time is that of the later one where an objective has two."""
    m = edm(framework, "edm(sigma_data)", more=MORE)
    x0, z = (framework.array(v) for v in (X, X[::-1] / 2 + 1))
    t, n = np.array([0.02, 0.9, 50.0]), np.array([2.0, 9.0, 17.0])
    alone = getattr(m, f"loss_d_{weight}")(network, x0, z=z, t=framework.array(t))
    plain = m.loss_d_uniform(network, x0, z=z, t=framework.array(t))
    close(framework.numpy(alone), framework.numpy(plain) * get_weightings(weight, t**-2, 0.5))
    both = getattr(m, f"loss_c_{weight}")(network, x0, network_ema=network, z=z, n=framework.array(n), N=18)
    plain = m.loss_c_uniform(network, x0, network_ema=network, z=z, n=framework.array(n), N=18)
    later = np.asarray(framework.numpy(framework.functions.asarray(m.grid(18))))[n.astype(int)]
    close(framework.numpy(both), framework.numpy(plain) * get_weightings(weight, later**-2, 0.5))


def ema_and_scales(step: int, total_steps: int) -> tuple[float, int]:
    """Transcribe openai/consistency_models, cm/script_util.py, adaptive and progressive, 0.9, 2 and 150."""
    scales = math.ceil(math.sqrt((step / total_steps) * ((150 + 1) ** 2 - 2**2) + 2**2) - 1)
    scales = max(scales, 1)
    c = -math.log(0.9) * 2
    return math.exp(-c / scales), scales + 1


def test_curricula(framework: Framework) -> None:
    m, total = edm(framework, "edm(sigma_data)", more=MORE), 800_000
    for k in (0, 1, 77, 1000, 123_456, 400_000, 799_999):
        decay, nodes = ema_and_scales(k, total)
        assert m.consistency_training_N(k, total) == m.paper_N(k, total) == nodes
        assert m.consistency_training_mu(k, total) == pytest.approx(decay, rel=1e-14)
        assert m.paper_mu(k, total) == pytest.approx(0.9 ** (2 / nodes), rel=1e-14)


def test_stages(framework: Framework) -> None:
    """As in locuslab/ect, training/ct_training_loop.py: stage = cur_tick // double_ticks, 250 of 2000."""
    m, steps_per_tick = edm(framework, "edm(sigma_data)", more=MORE), 100
    total = 2000 * steps_per_tick
    for k in (0, 24_999, 25_000, 60_123, 199_999):
        assert m.staged_stage(k, total) == (k // steps_per_tick) // 250
        assert not hasattr(m, "staged_N")


def test_skipping_proposal(framework: Framework) -> None:
    m = edm(framework, "edm(sigma_data)", more=MORE)
    n = framework.numpy(m.draw_skipping(framework.source(0), framework.array(np.zeros((4000, 3))), N=9)["n"])
    assert set(n.astype(int)) == {1, 2, 3, 4, 5}


def test_logit_normal_proposal(framework: Framework) -> None:
    m = edm(framework, "edm(sigma_data)", more=MORE)
    share = framework.numpy(m.draw_late(framework.source(0), framework.array(np.zeros((20_000, 3))))["t"]) / 80
    logit = np.log(share / (1 - share))
    assert (logit.mean(), logit.std()) == pytest.approx((-0.5, 0.7), abs=0.02)


@cache
def nodes(grid: str, process: str, backend: str, count: int = 33) -> tuple[Any, Array, Array]:
    """Give the module, the times of a grid, and sigma/alpha at them."""
    framework = FRAMEWORKS[backend]
    make = {"edm": partial(edm, family="edm(sigma_data)"), "vp": partial(vp, family="edm(1)")}[process]
    m = make(framework, grid=grid)
    t = framework.functions.asarray(m.grid(count))
    return m, framework.numpy(t), framework.numpy(m.sigma(t) / m.alpha(t))


EVEN: dict[str, Callable[[Array, Array], Any]] = {
    "log_uniform": lambda t, _: np.log(t),
    "log_snr": lambda _, s: np.log(s),
    "cosine": lambda _, s: np.arctan(s),
}


@pytest.mark.parametrize("process", ["edm", "vp"])
@pytest.mark.parametrize("grid", EVEN)
def test_grids_are_even_in_what_they_are_named_after(grid: str, process: str, framework: Framework) -> None:
    m, t, level = nodes(grid, process, framework.name)
    steps = np.diff(EVEN[grid](t, level))
    close(steps, np.full(32, steps.mean()), rtol=1e-7)
    assert (t[0], t[-1]) == (m.EPSILON, m.T)


# Of the specs: the time of a noise level, and their published losses.
PROCESSES = ("ve_geometric", "sub_vp", "vp_cosine", "rectified_flow")


def process(name: str, framework: Framework) -> ModuleType:
    """Give the module of a spec as it ships."""
    return packages.module((packages.SPECS / f"{name}.cm").read_text(encoding="utf-8"), framework.name)


@pytest.mark.parametrize("name", PROCESSES)
def test_noise_levels_have_their_times(name: str, framework: Framework) -> None:
    m = process(name, framework)
    first = max(m.EPSILON, 1e-5)
    t = np.array([first, *np.geomspace(first, m.T / 2, 20)[1:], *(m.T - np.geomspace(m.T / 2, m.T * 1e-4, 20)), m.T])
    close(framework.numpy(m.time_at(m.sigma(framework.array(t)) / m.alpha(framework.array(t)))), t, rtol=1e-10)


@pytest.mark.parametrize("name", PROCESSES)
def test_times_keep_their_digits_in_float32(name: str, framework: Framework) -> None:
    """Against float64 at the same noise levels, in units of the last place times the condition."""
    m = process(name, framework)
    first = max(m.EPSILON, 1e-5)
    t = np.array([first, *np.geomspace(first, m.T / 2, 200), *(m.T - np.geomspace(m.T / 2, m.T * 1e-3, 200))])
    level = framework.numpy(m.sigma(framework.array(t)) / m.alpha(framework.array(t))).astype(np.float32)
    single = framework.numpy(m.time_at(framework.array(level))).astype(float)
    double, near = (framework.numpy(m.time_at(framework.array(level.astype(float) * f))) for f in (1, 1 + 1e-6))
    condition = np.maximum(1, abs(near - double) / 1e-6 / double)
    assert (abs(single - double) / double / condition).max() < 4 * 2.0**-24


def get_sde_loss(x0: Array, z: Array, t: Array, mean: Array, std: Array, labels: Array, sign: int) -> Any:
    """Transcribe yang-song/score_sde_pytorch, losses.py, get_sde_loss_fn, continuous, reduce_mean."""
    perturbed_data = column(mean) * x0 + column(std) * z
    score = sign * network(perturbed_data, labels) / column(std)  # models/utils.py, get_score_fn; VE: scale_by_sigma
    return np.square(score * column(std) + z).mean(1)


def test_loss_of_sub_vp(framework: Framework) -> None:
    m, t, z = process("sub_vp", framework), np.array([0.01, 0.3, 0.9]), X[::-1] / 2
    log_mean_coeff = -0.25 * t**2 * (20 - 0.1) - 0.5 * t * 0.1  # sde_lib.py, subVPSDE.marginal_prob
    mean, std = np.exp(log_mean_coeff), 1 - np.exp(2 * log_mean_coeff)
    spread = column(1 / np.sqrt(mean**2 + std**2))

    def unscaled(x: Any, c: Any) -> Any:
        """Their network is given x as it is, EDM's x over its deviation."""
        return network(x / framework.array(spread), c)

    found = m.loss_score_matching(unscaled, framework.array(X), z=framework.array(z), t=framework.array(t))
    close(framework.numpy(found), get_sde_loss(X, z, t, mean, std, 999 * t, -1), rtol=1e-9)


def test_loss_of_the_geometric_process(framework: Framework) -> None:
    m, t, z = process("ve_geometric", framework), np.array([0.01, 0.3, 0.9]), X[::-1] / 2
    std = 0.01 * (50 / 0.01) ** t  # sde_lib.py, VESDE.marginal_prob
    found = m.loss_score_matching(network, framework.array(X), z=framework.array(z), t=framework.array(t))
    # The network is told log(sigma/2) of images in [-1, 1], as NVlabs/edm has it, for log(sigma) of images in [0, 1].
    close(framework.numpy(found), get_sde_loss(X, z, t, np.ones(3), std, np.log(std / 2), 1), rtol=1e-8)


def test_loss_of_rectified_flow(framework: Framework) -> None:
    """As in gnobitab/RectifiedFlow, ImageGeneration/losses.py, get_mixup_loss_fn, whose time is 1 - t."""
    m, t, z0 = process("rectified_flow", framework), np.array([0.01, 0.3, 0.9]), X[::-1] / 2
    t_expand = column(1 - t)
    perturbed_data = t_expand * X + (1.0 - t_expand) * z0
    wanted = np.square(network(perturbed_data, (1 - t) * 999) - (X - z0)).mean(1)
    # Their network is the velocity from noise to data, this one from data to noise.
    found = m.loss_denoising(
        lambda x, c: -network(x, c), framework.array(X), z=framework.array(z0), t=framework.array(t)
    )
    close(framework.numpy(found), wanted, rtol=1e-11)
