"""Samplers as others publish them, in the ratio s of noise to signal and x/alpha, written anew from their formulas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import expm1, log, sqrt

from tests.numbers.frameworks import Array

Denoiser = Callable[[Array, float], Array]


def edm_sampler(
    D: Denoiser,
    x: Array,
    noises: Sequence[Array],
    s: Sequence[float],
    *,
    S_churn: float,
    S_min: float,
    S_max: float,
    S_noise: float,
    second: bool,
) -> Array:
    """NVlabs/edm generate.py edm_sampler: algorithm 2 of Karras et al. (2022), with Heun's second slope or without."""
    for i, (now, then) in enumerate(pairwise([*s, 0.0])):
        gamma = min(S_churn / len(s), sqrt(2) - 1) if S_min <= now <= S_max else 0.0
        raised = now + gamma * now
        x = x + sqrt(raised**2 - now**2) * S_noise * noises[i]
        slope = (x - D(x, raised)) / raised
        moved = x + (then - raised) * slope
        if then and second:
            moved = x + (then - raised) * (slope + (moved - D(moved, then)) / then) / 2
        x = moved
    return x


def euler_ancestral(D: Denoiser, x: Array, noises: Array, s: Sequence[float]) -> Array:
    """crowsonkb/k-diffusion sampling.py sample_euler_ancestral, its step to 0 included."""
    for i, (now, then) in enumerate(pairwise([*s, 0.0])):
        up = sqrt(then**2 * (now**2 - then**2) / now**2)
        x = x + (x - D(x, now)) / now * (sqrt(then**2 - up**2) - now)
        x = x + up * noises[i] if then else x
    return x


def dpmpp_2m(D: Denoiser, x: Array, s: Sequence[float]) -> Array:
    """crowsonkb/k-diffusion sampling.py sample_dpmpp_2m, its step to 0 included."""
    before, last = None, 0.0
    for now, then in pairwise(s):
        h, d = log(now / then), D(x, now)
        ratio = last / h
        mixed = d if before is None else (1 + 1 / (2 * ratio)) * d - before / (2 * ratio)
        x = then / now * x - expm1(-h) * mixed
        before, last = d, h
    return D(x, s[-1])


def dpmpp_3m(D: Denoiser, x: Array, s: Sequence[float]) -> Array:
    """k-diffusion sample_dpmpp_3m_sde with eta = 0, as LuChengTHU/dpm-solver multistep_dpm_solver_third_update."""
    seen: list[tuple[Array, float]] = []
    for now, then in pairwise(s):
        h, d = log(now / then), D(x, now)
        x = then / now * x - expm1(-h) * d
        p2 = expm1(-h) / h + 1
        p3 = p2 / h - 0.5
        if len(seen) == 1:
            x = x + p2 * (d - seen[-1][0]) / (seen[-1][1] / h)
        elif seen:
            (e, h1), (g, h2) = seen[-1], seen[-2]
            r0, r1 = h1 / h, h2 / h
            near, far = (d - e) / r0, (e - g) / r1
            x = x + p2 * (near + (near - far) * r0 / (r0 + r1)) - p3 * (near - far) / (r0 + r1)
        seen.append((d, h))
    return D(x, s[-1])


def ddpm(D: Denoiser, x: Array, noises: Array, alphas: Sequence[float]) -> Array:
    """hojonathanho/diffusion diffusion_utils.py q_posterior_mean_variance, over these alpha_bar, of x itself."""
    for i, (now, then) in enumerate(pairwise(alphas)):
        beta = 1 - now / then
        mean = sqrt(then) * beta / (1 - now) * D(x, now) + sqrt(now / then) * (1 - then) / (1 - now) * x
        x = mean + sqrt(beta * (1 - then) / (1 - now)) * noises[i]
    return x
