"""The times that samplers are given are times of the model, the later first."""

import pytest

from cmdsl.symbolic.model import Status
from cmdsl.symbolic.obligations.times import sampler_times
from cmdsl.symbolic.setting import Setting
from tests.symbolic.test_prove import model_of, of, source

TIMES = {
    "multistep(times = [0.5, 0.1])": Status.PROVED_HERE,
    "multistep(times = [T, T/2])": Status.PROVED_HERE,
    "multistep(times = [0.1, 0.5])": Status.REFUTED,
    "multistep(times = [0.5, 0.5])": Status.REFUTED,
    "multistep(times = [100])": Status.REFUTED,
    "multistep(times = [ε])": Status.REFUTED,
    "multistep(times = [-1])": Status.REFUTED,
}


@pytest.mark.parametrize("sampler", TIMES)
def test_the_times_of_a_sampler_decrease_inside(sampler: str) -> None:
    text = source("ve_edm").replace("multistep(times = [0.821])", sampler)
    (found,) = sampler_times(Setting(model_of(text)))
    assert found.status is TIMES[sampler]


def test_a_list_of_something_else_is_no_list_of_times() -> None:
    body = "x ~ prior\n for s in levels { x = f(x, time_at(s)) }\n return x"
    text = f"{source('ve_edm')}define sampler own(levels) {{\n {body}\n}}\nsampler own(levels = [90, 100])\n"
    assert [v.status for v in sampler_times(Setting(model_of(text)))] == [Status.PROVED_HERE]


@pytest.mark.parametrize("nodes", [1, 0, -3])
def test_an_ode_is_solved_between_two_times_or_more(nodes: int) -> None:
    text = source("ve_edm").replace("ode(solver = heun, N = 18)", f"ode(solver = heun, N = {nodes})")
    assert Status.REFUTED in {v.status for v in of("assert", model_of(text))}
