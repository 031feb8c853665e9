"""Losses against the code that their authors published, transcribed to NumPy: one number for each sample."""

from __future__ import annotations

import math
from functools import cache, partial
from typing import Any

import jax
import numpy as np
import pytest

from tests.numbers import packages
from tests.numbers.frameworks import Array, Framework, Network
from tests.numbers.test_peers import close, columns

SIGMA_DATA, SIGMA_MIN, SIGMA_MAX, RHO = 0.5, 0.002, 80.0, 7.0
DIM = 6
RNG = np.random.default_rng(7)
BATCH = 8
X0, Z = (RNG.normal(size=(BATCH, DIM)) for _ in range(2))
T = np.geomspace(0.05, 60, BATCH)
ALSO = {
    "cm_cifar10": """
objective denoising
objective progressive_distillation { curriculum fixed(2) }
objective continuous_training
objective continuous_distillation
objective score_matching
objective as_denoising = score_matching(weight(t) = sigma(t)^4/D.c_out(t)^2)
""",
    "ict_cifar10": "",
    "ect_cifar10": "objective with_huber = ect(metric = pseudo_huber(0.06))\n",
    "lcm": "",
}


@cache
def spec(name: str) -> str:
    """Give a shipped spec, and objectives that it lacks."""
    return (packages.SPECS / f"{name}.cm").read_text(encoding="utf-8") + ALSO[name]


def loss(name: str, objective: str, framework: Framework, net: Network, x0: Array = X0, **given: Any) -> Array:
    """Give the losses of an objective of a spec, whose network is its own average."""
    m = packages.module(spec(name), framework.name)
    arrays = {k: framework.array(v) if isinstance(v, np.ndarray) else v for k, v in given.items()}
    found: Array = framework.numpy(getattr(m, f"loss_{objective}")(net, framework.array(x0), **arrays))
    return found


def curved(x: Any, c: Any) -> Any:
    """Give a network's output in any of the frameworks: in c as smooth as in x."""
    return 0.3 * x - 0.1 * x**2 / (1 + x**2) + 0.2 * (c / (1 + c**2)).reshape(-1, 1)


def column(t: Array) -> Any:
    """Give times the shape that multiplies states."""
    return t.reshape(-1, 1)


def mean_flat(x: Any) -> Any:
    """Give the mean of each sample."""
    return x.mean(1)


# openai/consistency_models, cm/karras_diffusion.py (KarrasDenoiser), with the 0.25*log(t) of its predecessor
# openai/consistency_models_cifar10, jcm/models/utils.py (get_denoiser_fn, get_distiller_fn).
def scalings(sigma: Any, shift: float) -> tuple[Any, Any, Any]:
    c_skip = SIGMA_DATA**2 / ((sigma - shift) ** 2 + SIGMA_DATA**2)
    c_out = (sigma - shift) * SIGMA_DATA / (sigma**2 + SIGMA_DATA**2) ** 0.5
    return c_skip, c_out, 1 / (sigma**2 + SIGMA_DATA**2) ** 0.5


def denoise(model: Network, x_t: Any, sigmas: Any, shift: float) -> Any:
    c_skip, c_out, c_in = (s.reshape(-1, 1) for s in scalings(sigmas, shift))
    logarithm = np.log if isinstance(sigmas, np.ndarray) else jax.numpy.log
    return c_out * model(c_in * x_t, 0.25 * logarithm(sigmas)) + c_skip * x_t


def get_weightings(weight_schedule: str, snrs: Array) -> Any:
    return {"uniform": np.ones_like(snrs), "truncated-snr": np.clip(snrs, 1.0, None)}[weight_schedule]


def sigmas(indices: Array, steps: int) -> Any:
    return (SIGMA_MAX ** (1 / RHO) + indices / steps * (SIGMA_MIN ** (1 / RHO) - SIGMA_MAX ** (1 / RHO))) ** RHO


def euler(teacher: Network, samples: Array, t: Array, next_t: Array) -> Any:
    d = (samples - denoise(teacher, samples, t, 0)) / column(t)
    return samples + d * column(next_t - t)


def progdist_losses(model: Network, teacher: Network, num_scales: int, indices: Array) -> Any:
    t, t2, t3 = (sigmas(indices + part, num_scales) for part in (0, 0.5, 1))
    x_t = X0 + Z * column(t)
    x_t3 = euler(teacher, euler(teacher, x_t, t, t2), t2, t3)
    target_x = x_t - column(t) * (x_t3 - x_t) / column(t3 - t)
    diffs = (denoise(model, x_t, t, 0) - target_x) ** 2
    return mean_flat(diffs) * get_weightings("truncated-snr", t**-2)


def flat(x: Any, c: Any) -> Any:
    """Give the output of a teacher's network."""
    return 0.25 * x + 0.1 * c.reshape(-1, 1)


def test_progressive_distillation(framework: Framework) -> None:
    """Their index goes down from the largest time, and its halves are the teacher's."""
    m, steps, indices = packages.module(spec("cm_cifar10"), framework.name), 12, np.arange(BATCH) + 2
    found = loss(
        "cm_cifar10",
        "progressive_distillation",
        framework,
        curved,
        teacher=partial(m.denoise, flat),
        z=Z,
        n=(steps - indices).astype(float),
        N=steps + 1,
    )
    close(found, progdist_losses(curved, flat, steps, indices), rtol=1e-10)


# openai/consistency_models_cifar10, jcm/losses.py, get_continuous_consistency_loss_fn with stopgrad and the norm l2
def continuous(model: Network, teacher: Network | None) -> Any:
    x_t = X0 + Z * column(T)
    score_t = (X0 if teacher is None else denoise(teacher, x_t, T, 0)) - x_t
    primals, tangents = (x_t, T), (score_t / column(T**2) * column(T), -np.ones_like(T))
    Ft, diffs = jax.jvp(lambda x, t: denoise(model, x, t, SIGMA_MIN), primals, tangents)
    return (-diffs * Ft).sum(1)


@pytest.mark.parametrize("distilled", [False, True])
def test_continuous_time(distilled: bool, framework: Framework) -> None:
    """Theirs is half the sum, where the Hessian of the mean of squares is twice the mean."""
    m = packages.module(spec("cm_cifar10"), framework.name)
    teacher: dict[str, Any] = {"teacher": partial(m.denoise, flat)} if distilled else {}
    name = "continuous_distillation" if distilled else "continuous_training"
    found = loss("cm_cifar10", name, framework, curved, z=Z, t=T, **teacher)
    close(found * DIM / 2, continuous(curved, flat if distilled else None), rtol=1e-10)


# NVlabs/edm, training/loss.py, EDMLoss
def edm_loss(net: Network) -> Any:
    weight = (T**2 + SIGMA_DATA**2) / (T * SIGMA_DATA) ** 2
    return (column(weight) * (denoise(net, X0 + Z * column(T), T, 0) - X0) ** 2).sum(1)


def test_denoising(framework: Framework) -> None:
    """Theirs is the sum over elements."""
    close(loss("cm_cifar10", "denoising", framework, curved, z=Z, t=T) * DIM, edm_loss(curved), rtol=1e-11)


# openai/consistency_models_cifar10, jcm/losses.py, get_score_matching_loss_fn, and jcm/models/utils.py, get_score_fn
def dsm_losses(model: Network) -> Any:
    perturbed = X0 + column(T) * Z
    score = (denoise(model, perturbed, T, 0) - perturbed) / column(T**2)
    return (score * column(T) + Z) ** 2


def test_score_matching(framework: Framework) -> None:
    """The process of Karras et al. has a weight of its own there, and a sum over elements."""
    losses = dsm_losses(curved)
    close(loss("cm_cifar10", "score_matching", framework, curved, z=Z, t=T), mean_flat(losses), rtol=1e-11)
    weighted = losses * column((T**2 + SIGMA_DATA**2) / SIGMA_DATA**2)
    close(loss("cm_cifar10", "as_denoising", framework, curved, z=Z, t=T) * DIM, weighted.sum(1), rtol=1e-11)


# Song & Dhariwal 2023, algorithm 1 and table 1, whose authors published no code
def ict(model: Network, t: Array, r: Array) -> Any:
    c = 0.00054 * math.sqrt(DIM)
    difference = denoise(model, X0 + Z * column(t), t, SIGMA_MIN) - denoise(model, X0 + Z * column(r), r, SIGMA_MIN)
    return (np.sqrt((difference**2).sum(1) + c**2) - c) / (t - r)


def test_ict(framework: Framework) -> None:
    n, nodes = np.arange(1.0, BATCH + 1), 11
    r, t = (sigmas(nodes - n - i, nodes - 1) for i in (0, 1))
    found = loss("ict_cifar10", "ict", framework, curved, network_ema=curved, z=Z, n=n, N=nodes)
    close(found, ict(curved, t, r), rtol=1e-10)


# locuslab/ect, training/loss.py, ECMLoss
def ecm_loss(net: Network, t: Array, stage: int, c: float = 0.0, q: int = 2, k: float = 8.0, b: float = 1.0) -> Any:
    adj = 1 + k / (1 + np.exp(b * t))
    decay = 1 / q ** (stage + 1)
    r = np.clip(t * (1 - decay * adj), 0, None)
    square = ((net(X0 + Z * column(t), t) - net(X0 + Z * column(r), r)) ** 2).sum(-1)
    values = np.sqrt(square + c**2) - c if c > 0 else np.sqrt(square)
    return values * (t**2 + SIGMA_DATA**2) / (t * SIGMA_DATA) ** 2


@pytest.mark.parametrize(("objective", "c"), [("ect", 0.0), ("with_huber", 0.06)])
@pytest.mark.parametrize("stage", [3, 5])
def test_ect(objective: str, c: float, stage: int, framework: Framework) -> None:
    """Their network is f, with the boundary that it has for evaluation; the stage is that of step k of K."""
    found = loss("ect_cifar10", objective, framework, curved, z=Z, t=T, k=stage * 50, K=400)
    close(found, ecm_loss(lambda x, t: denoise(curved, x, t, 0.003), T, stage, c), rtol=1e-10)


def test_ect_looks_at_the_earlier_time_of_its_authors(framework: Framework) -> None:
    """The network sees log(r)/4 for the earlier time: tests/golden/peers.json, at stage 3."""
    table, seen = columns("ect_r"), []

    def network(x: Any, c: Any) -> Any:
        seen.append(np.exp(4 * framework.numpy(c)))
        return 0 * x

    count = len(table["t"])
    loss("ect_cifar10", "ect", framework, network, X0[:count], z=Z[:count], t=table["t"], k=150, K=400)
    earlier, later = sorted(seen, key=np.sum)
    close(earlier, table["r"])
    close(later, table["t"])


# luosiallen/latent-consistency-model, LCM_Training_Script/consistency_distillation/train_lcm_distill_sd_wds.py
def scalings_for_boundary_conditions(timestep: Array) -> tuple[Any, Any]:
    c_skip = SIGMA_DATA**2 / ((timestep / 0.1) ** 2 + SIGMA_DATA**2)
    c_out = (timestep / 0.1) / ((timestep / 0.1) ** 2 + SIGMA_DATA**2) ** 0.5
    return column(c_skip), column(c_out)


def predicted_origin(output: Array, sample: Array, alpha: Array, sigma: Array) -> Any:
    return (sample - column(sigma) * output) / column(alpha)


def lcd_loss(unet: Network, teacher_unet: Network, alphas_cumprod: Array, start: Array, topk: int) -> Any:
    alphas, sigmas = np.sqrt(alphas_cumprod), np.sqrt(1 - alphas_cumprod)
    timesteps = start - topk
    now, then = (alphas[start], sigmas[start]), (alphas[timesteps], sigmas[timesteps])
    noisy = column(now[0]) * X0 + column(now[1]) * Z
    c_skip_start, c_out_start = scalings_for_boundary_conditions(start)
    model_pred = c_skip_start * noisy + c_out_start * predicted_origin(unet(noisy, start), noisy, *now)
    noise = teacher_unet(noisy, start)
    x_prev = column(then[0]) * predicted_origin(noise, noisy, *now) + column(then[1]) * noise
    c_skip, c_out = scalings_for_boundary_conditions(timesteps)
    target = c_skip * x_prev + c_out * predicted_origin(unet(x_prev, timesteps), x_prev, *then)
    return mean_flat((model_pred - target) ** 2)


def noise_of(x: Any, timesteps: Any) -> Any:
    """Give the noise in a state as some network estimates it."""
    return 0.8 * x + 0.0001 * timesteps.reshape(-1, 1)


def noise_of_teacher(x: Any, timesteps: Any) -> Any:
    """Give the noise in a state as another estimates it."""
    return 0.9 * x - 0.0002 * timesteps.reshape(-1, 1)


def test_latent_consistency_distillation(framework: Framework) -> None:
    """At any 20 steps of the 1000, with the variances of time (i + 1)/1000 in the place of their products."""
    m, start = packages.module(spec("lcm"), framework.name), np.linspace(20, 999, BATCH).astype(int)
    steps = framework.array(np.arange(1, 1001) / 1000)

    def teacher(x: Any, t: Any) -> Any:
        alpha, sigma = (v.reshape(-1, 1) for v in (m.alpha(t), m.sigma(t)))
        return (x - sigma * noise_of_teacher(x, 1000 * t - 1)) / alpha

    n = (start - 20 + 1).astype(float)
    given: dict[str, Any] = {"network_ema": noise_of, "teacher": teacher, "z": Z, "n": n, "N": 1000}
    found = loss("lcm", "lcd", framework, noise_of, **given)
    close(found, lcd_loss(noise_of, noise_of_teacher, framework.numpy(m.alpha(steps)) ** 2, start, 20), rtol=1e-8)
    product = np.cumprod(1 - np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2)
    np.testing.assert_allclose(framework.numpy(m.alpha(steps)) ** 2, product, rtol=0.025)
