"""What the specs of this folder say, worked out by hand: nothing is dropped, swapped or taken from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from math import floor, sqrt

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.cli.written_specs import as_arrays, checked, data, draws, losses, model
from tests.numbers.frameworks import TORCH, arrays, network
from tests.numbers.objectives import SHAPE

NET, NET_EMA = network(TORCH, 1, SHAPE), network(TORCH, 2, SHAPE)
Denoiser = Callable[[Tensor, Tensor], Tensor]


def close(found: object, wanted: object, rtol: float = 1e-12) -> None:
    """Assert that two arrays agree but for rounding."""
    np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=rtol)


def per_sample(x: Tensor, value: float) -> Tensor:
    return torch.full((len(x),), value, dtype=torch.float64)


def over(t: Tensor) -> Tensor:
    return t.reshape(-1, 1, 1)


def nodes(n: int, rho: float = 7, epsilon: float = 0.002, last: float = 80) -> list[float]:
    """Give the nodes of Karras et al. (2022), the first the smallest."""
    low, high = epsilon ** (1 / rho), last ** (1 / rho)
    return [(low + i / (n - 1) * (high - low)) ** rho for i in range(n)]


def halves(name: str, objective: str, n: int, times: list[float]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Give the two sides of a consistency loss of the VE process, and their times t and r."""
    m, drawn = model(name, "torch"), arrays(TORCH, draws(name, objective))
    table, x0 = torch.tensor(times, dtype=torch.float64), torch.from_numpy(data())
    assert len(table) == n
    t, r = table[drawn["n"].long()], table[drawn["n"].long() - 1]
    student = m.consistency(NET, x0 + over(t) * drawn["z"], t)
    return student, m.consistency(NET_EMA, x0 + over(r) * drawn["z"], r), t, r


METRICS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "clipped": lambda e, t, r: (1 / r**2 - 1 / t**2).sqrt() * torch.minimum(e**2, 0.3 * e.abs()).flatten(1).mean(1),
    "squared": lambda e, t, r: (t - r) ** -0.5 * (e**2).flatten(1).mean(1),
    "blended": lambda e, t, r: 0.75 * e.abs().flatten(1).mean(1) + 0.25 * ((e**2).flatten(1).mean(1) + 1e-8).sqrt(),
}


@pytest.mark.parametrize("objective", METRICS)
def test_metrics_and_weights_are_the_written_ones(objective: str) -> None:
    student, target, t, r = halves("own_metric", objective, 12, nodes(12))
    wanted = METRICS[objective](student - target, t, r)
    close(losses("own_metric", "torch", objective, draws("own_metric", objective)), wanted.detach(), 1e-9)


def denoiser(x: Tensor, t: Tensor) -> Tensor:
    return x / (1 + over(t) ** 2) + 0.1 * torch.sin(x)


def slope(x: Tensor, t: Tensor) -> Tensor:
    return (x - denoiser(x, t)) / over(t)


def ralston(x: Tensor, t: Tensor, r: Tensor, c: float) -> Tensor:
    h = over(r - t)
    first = slope(x, t)
    second = slope(x + c * h * first, t + c * (r - t))
    return x + h * ((1 - 1 / (2 * c)) * first + second / (2 * c))


def test_solvers_take_the_written_step() -> None:
    m, x = model("own_solver", "torch"), torch.from_numpy(data())
    t, r = per_sample(x, 3.0), per_sample(x, 0.7)
    half = (t + r) / 2
    close(m.midpoint_step(denoiser, x, t, r), x + over(r - t) * slope(x + over(half - t) * slope(x, t), half))
    close(m.ralston_step(denoiser, x, t, r), ralston(x, t, r, 2 / 3))


def test_a_sampler_uses_its_solver_with_its_arguments() -> None:
    m, z = model("own_solver", "torch"), torch.from_numpy(data())
    made = m.sample_long(NET, z)
    x, times = 80 * z, nodes(9, rho=5)
    solver = [f for f in (m.ralston_step, m.ralston_step_2) if differs(f, z)]
    assert len(solver) == 1
    for t, r in zip(times[:0:-1], times[-2::-1], strict=True):
        x = solver[0](lambda y, s: m.denoise(NET, y, s), x, per_sample(x, t), per_sample(x, r))
    close(made, x, 1e-9)


def differs(step: Callable[..., Tensor], x: Tensor) -> bool:
    """Tell whether a step is that of Ralston's family for c = 3/4."""
    t, r = per_sample(x, 3.0), per_sample(x, 0.7)
    return torch.allclose(step(denoiser, x, t, r), ralston(x, t, r, 3 / 4), rtol=1e-12)


def test_an_objective_of_ones_own_is_the_written_formula() -> None:
    m, drawn = model("own_objective", "torch"), arrays(TORCH, draws("own_objective", "tuning"))
    x0, t, z = torch.from_numpy(data()), drawn["t"], drawn["z"]
    stage = floor(3 * 8 / 10)
    r = torch.clamp(t * (1 - (1 + 8 * torch.sigmoid(-t)) / 2 ** (stage + 1)), min=0.002)
    gap = m.consistency(NET, x0 + over(t) * z, t) - m.consistency(NET, x0 + over(r) * z, r)
    wanted = (gap**2).flatten(1).sum(1).sqrt() / (t - r)
    close(losses("own_objective", "torch", "tuning", as_arrays(drawn)), wanted, 1e-10)


def test_a_directional_derivative_is_the_limit_of_differences() -> None:
    m, drawn = model("own_objective", "torch"), arrays(TORCH, draws("own_objective", "limit"))
    x0, z, t = torch.from_numpy(data()), drawn["z"], drawn["s"].clamp(0.002, 80)
    x, h = x0 + over(t) * z, 1e-5 * t
    rate = m.consistency(NET, x + over(h) * z, t + h) - m.consistency(NET, x - over(h) * z, t - h)
    wanted = (m.consistency(NET, x, t) * rate / over(2 * h)).flatten(1).sum(1) / t
    close(losses("own_objective", "torch", "limit", as_arrays(drawn)), wanted, 1e-6)


def test_a_condition_for_each_sample_chooses_for_each_sample() -> None:
    m, drawn = model("own_objective", "torch"), arrays(TORCH, draws("own_objective", "pulled"))
    x0, t = torch.from_numpy(data()), drawn["t"]
    drawn["m"] = torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64)
    pull = ((m.consistency(NET, x0 + over(t) * drawn["z"], t) - x0) ** 2).flatten(1).mean(1)
    wanted = [p if m == 1 and p > 0.2 else 0.2 * p for m, p in zip(drawn["m"], pull, strict=True)]
    assert len({bool(p > 0.2) for p in pull}) == 2
    close(losses("own_objective", "torch", "pulled", as_arrays(drawn)), wanted)


def test_loops_carry_what_their_turns_leave() -> None:
    m, z = model("own_sampler", "torch"), torch.from_numpy(data())
    times, x = nodes(5), 80 * z
    before, step = x, 1.0
    for i in range(4, 0, -1):
        t, r = times[i], times[i - 1]
        clean = m.denoise(NET, x, per_sample(x, t))
        now = np.log(t / r)
        guess = clean if i == 4 else clean + (clean - before) * now / (2 * step)
        x = r / t * x - np.expm1(-now) * guess
        before, step = clean, now
    close(m.sample_dpmpp_2m(NET, z), x, 1e-9)


def test_loops_within_loops_and_draws_for_each_turn() -> None:
    m, z = model("own_sampler", "torch"), torch.from_numpy(data())
    noise = torch.randn(1, *data().shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = m.consistency(NET, 80 * z, per_sample(z, 80)) + sqrt(4 - 0.002**2) * noise[0]
    for _ in range(3):
        y = 0.5 * y + 0.5 * m.consistency(NET, y, per_sample(z, 2))
    close(m.sample_churned_twice(NET, z, zs=noise), y, 1e-10)


def test_each_objective_has_its_own_grid_and_curriculum() -> None:
    m = model("curricula", "torch")
    assert [m.consistency_training_N(k, 10) for k in (0, 9)] == [2, 30]
    assert [m.warmed_N(k, 9) for k in (0, 3, 8)] == [5, 9, 17]
    assert [m.warmed_mu(k, 10) for k in (4, 5)] == [0.9, 0.99]
    assert m.cubic_N(0, 10) == 18
    close(m.cubic_grid(5), [0.002 + (i / 4) ** 3 * (80 - 0.002) for i in range(5)])
    close(m.uniform_ict_grid(5), np.linspace(0.002, 80, 5))
    close(m.grid(5), nodes(5))


def test_a_function_of_the_curriculum_reaches_the_loss() -> None:
    student, target, _, _ = halves("curricula", "warmed", 5, nodes(5))
    wanted = np.exp(-0.3) * ((student - target) ** 2).flatten(1).mean(1)
    close(losses("curricula", "torch", "warmed", draws("curricula", "warmed")), wanted)


def test_named_quantities_reach_every_place() -> None:
    m, program = model("named", "torch"), checked("named").program
    assert (m.SIGMA_DATA, m.T, m.EPSILON) == (0.5, 80.0, 0.002)
    assert program.network is not None
    assert dict(program.network[1]) == {"width": 64}
    t = torch.tensor([0.3, 2.0], dtype=torch.float64)
    close(m.c_noise(t), torch.log(2 * t) / 4)
    close(m.sigma(t), t)
    close(m.grid(5), nodes(5, rho=4))
    assert m.consistency_training_N(0, 10) == 16
    z, zs = torch.from_numpy(data()), torch.zeros(2, *data().shape, dtype=torch.float64)
    x = m.consistency(NET, 80 * (1 + 0.25 / 100) * z, per_sample(z, 80))
    for s in (0.8, 0.4):
        x = m.consistency(NET, x, per_sample(z, s))
    close(m.sample_multistep(NET, z, zs=zs), x, 1e-10)


def test_the_prior_is_the_declared_one() -> None:
    m, z = model("wide_prior", "torch"), torch.from_numpy(data())
    start = sqrt(0.25 + 6400) * z
    close(m.sample_onestep(NET, z), m.consistency(NET, start, per_sample(z, 80)))


def test_an_alias_is_what_it_stands_for() -> None:
    m = model("aliases", "torch")
    student, _, t, r = halves("aliases", "a", m.a_N(3, 10), nodes(m.a_N(3, 10), rho=3))
    drawn = arrays(TORCH, draws("aliases", "a"))
    x_t = torch.from_numpy(data()) + over(t) * drawn["z"]
    first = x_t / 2 / over(t)
    x_r = x_t + over(r - t) * (first + (x_t + over(r - t) * first) / 2 / over(r)) / 2
    gap = student - m.consistency(NET_EMA, x_r, r)
    wanted = ((gap**2).flatten(1).sum(1) + 0.03**2).sqrt() - 0.03
    close(losses("aliases", "torch", "a", as_arrays(drawn)), wanted, 1e-8)
    assert [m.a_N(k, 30) for k in (0, 10, 20)] == [11, 21, 41]


def test_imported_definitions_see_what_they_were_written_beside() -> None:
    student, target, _, _ = halves("imports", "paired", 16, nodes(16))
    near = ((student - target) ** 2).flatten(1).mean(1)
    close(losses("imports", "torch", "paired", draws("imports", "paired")), 0.05 * near / (0.1 + near), 1e-10)


def test_typed_coefficients_are_taken_as_they_are() -> None:
    typed, shifted = model("typed", "torch"), model("own_metric", "torch")
    t = torch.linspace(0.002, 80, 9, dtype=torch.float64)
    for name in ("c_skip", "c_out", "c_in", "c_noise"):
        close(getattr(typed, name)(t), getattr(shifted, name)(t))
    assert typed.denoiser_c_skip(t)[0] == 1


def test_noise_at_time_zero_is_part_of_sigma() -> None:
    m = model("noisy_data", "torch")
    t = torch.tensor([0.002, 1.0, 80.0], dtype=torch.float64)
    close(m.sigma(t), (t**2 + 0.01**2).sqrt())
    assert (m.c_skip(t)[0], m.c_out(t)[0]) == (1, 0)


def test_every_draw_from_the_prior_is_one_of_its_own() -> None:
    m, x0 = model("wide_prior", "torch"), torch.from_numpy(data())
    deviation = sqrt(0.25 + 6400)
    drawn = m.draw_from_the_prior(torch.Generator().manual_seed(0), x0)
    noise = torch.randn(x0.shape, generator=torch.Generator().manual_seed(0), dtype=x0.dtype)
    close(drawn["p"], deviation * noise)
    z, other = x0, noise
    close(m.sample_difference(NET, z, y=other), deviation * (z - other))


def test_what_a_proposal_draws_is_its_own() -> None:
    m, x0 = model("wide_prior", "torch"), torch.zeros(512, 1, dtype=torch.float64)
    drawn = m.draw_from_the_prior(torch.Generator().manual_seed(0), x0)
    assert set(drawn) == {"p", "s", "t"}
    assert 0 <= drawn["s"].min() < 0.1 < 0.9 < drawn["s"].max() <= 1
    assert abs(torch.log(drawn["t"]).mean() - 3) < 0.02


def test_numbers_of_a_sampler_may_be_formulas() -> None:
    sample = checked("wide_prior").program.function("sample_multistep")
    assert sample is not None
    times = sample.params[-1].default
    assert isinstance(times, tuple)
    close([float(t) for t in times], [np.arctan(2), np.pi / 9, 0.125], 1e-15)
