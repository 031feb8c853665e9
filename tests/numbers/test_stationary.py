"""Expected slopes of losses for Gaussian data: zero at the exact network where theory says so, else the way back."""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.numbers import packages
from tests.numbers.frameworks import JAX, TORCH, Array, Framework
from tests.numbers.gaussian import denoiser, deviation, raw_consistency, raw_denoiser
from tests.numbers.stationary import corners, own_average, quadrature, slopes

OBJECTIVES = """
define curriculum stages { stage(k) = k }
objective score_matching
objective skipping = consistency_distillation(solver = euler, skip = 2)
objective with_huber = ict(c = 1/2)
objective ect(metric = pseudo_huber(1/2)) { curriculum stages }
objective continuous_training
objective continuous_huber = continuous_training(metric = pseudo_huber(1/2))
objective continuous_distillation
objective progressive_distillation
"""
TIMES = {"ve_edm": (0.05, 0.5, 3, 8), "vp_linear": (0.05, 0.3, 0.7, 0.95), "trigflow": (0.1, 0.6, 1.2, 1.5)}
# Of a step between nodes: the square of it that a loss is, less one for a weight, or a solver's order plus one.
RATES = {"ct_l2": 2, "with_huber": 1, "cd_euler": 2, "cd_heun": 3, "cd_ddim": 2, "skipping": 2}
AMOUNTS = (0.0, 0.1, -0.1)
# Both frameworks where that is new, as losses agree between them: every process in one, and one in the other.
PAIRS = [*((name, TORCH) for name in packages.NAMES), ("ve_edm", JAX)]
CASES = pytest.mark.parametrize(("name", "framework"), PAIRS, ids=[f"{name}-{f.name}" for name, f in PAIRS])


@cache
def module(name: str, backend: str) -> ModuleType:
    """Give a shipped spec's module with all the objectives under test."""
    return packages.module(packages.spec_text(name) + OBJECTIVES, backend)


def found(name: str, framework: Framework, objective: str, draws: dict[str, Any], **given: Any) -> Array:
    """Give the slopes of an objective at the exact network of its kind, and away from it on either side."""
    m = module(name, framework.name)
    data = deviation(m)
    denoises = objective in ("denoising", "score_matching", "progressive_distillation")
    network = (raw_denoiser if denoises else raw_consistency)(m, framework, name, data)
    loss = own_average(getattr(m, f"loss_{objective}"), teacher=denoiser(m, data), **given)
    smooth = objective in ("with_huber", "ect")
    return slopes(loss, framework, network, (quadrature if smooth else corners)(data), draws, AMOUNTS)


def returns(slopes: Array) -> bool:
    """Tell whether going down leads back to the exact network from either side, at all times."""
    return bool((slopes[1] > 0).all() and (slopes[2] < 0).all())


@pytest.mark.parametrize(
    "objective",
    ["denoising", "score_matching", "continuous_training", "continuous_huber", "continuous_distillation"],
)
@CASES
def test_the_exact_network_stays_and_another_returns(name: str, objective: str, framework: Framework) -> None:
    here, up, down = slopes = found(name, framework, objective, {"t": TIMES[name]})
    assert returns(slopes)
    np.testing.assert_allclose(up, -down, rtol=1e-9)
    assert (abs(here) < 1e-12 * abs(up)).all()


def middle(intervals: int) -> dict[str, Any]:
    """Give numbers of nodes whose times are the same in all finer grids."""
    return {"n": (intervals // 4, intervals // 2, 3 * intervals // 4)}


@pytest.mark.parametrize("objective", RATES)
@CASES
def test_the_exact_function_stays_in_the_limit_of_short_steps(name: str, objective: str, framework: Framework) -> None:
    coarse, fine = (found(name, framework, objective, middle(n), N=n + 1) for n in (256, 512))
    assert returns(fine)
    np.testing.assert_allclose(np.log2(abs(coarse[0] / fine[0])), RATES[objective], atol=0.1)


@CASES
def test_stages_of_ect_go_to_the_limit_of_short_steps(name: str, framework: Framework) -> None:
    coarse, fine = (found(name, framework, "ect", {"t": TIMES[name]}, k=k, K=10) for k in (8, 9))
    assert returns(fine)
    np.testing.assert_allclose(np.log2(abs(coarse[0] / fine[0])), 2, atol=0.1)


@CASES
def test_the_student_of_an_exact_teacher_makes_two_of_its_steps_in_one(name: str, framework: Framework) -> None:
    """The denoiser that does so is linear in the state, as its teacher is."""
    m, nodes, n = module(name, framework.name), 33, 20
    teacher, x = denoiser(m, deviation(m)), framework.array(np.ones((1, 1)))
    t, s, r = (framework.functions.asarray(m.grid(2 * nodes - 1))[i : i + 1] for i in (2 * n, 2 * n - 1, 2 * n - 2))
    end = m.ddim_step(teacher, m.ddim_step(teacher, x, t, s), s, r)
    denoised = (end - m.sigma(r) / m.sigma(t) * x) / (m.alpha(r) - m.alpha(t) * m.sigma(r) / m.sigma(t))
    scale = (denoised - m.denoiser_c_skip(t) * x) / (m.denoiser_c_out(t) * m.denoiser_c_in(t))
    loss = own_average(m.loss_progressive_distillation, teacher=teacher, N=nodes)
    here, up, down = found = slopes(
        loss, framework, lambda x, c: scale * x, corners(deviation(m)), {"n": (n,)}, AMOUNTS
    )
    assert returns(found)
    assert abs(here) < 1e-12 * abs(up)
    np.testing.assert_allclose(up, -down, rtol=1e-9)
