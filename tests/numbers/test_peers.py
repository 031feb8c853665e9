"""Numbers that the field's own code computes, met by both backends: tests/golden/peers.json, with the sources."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from cmdsl.diagnostics import SpecError
from cmdsl.driver import check
from tests.numbers import packages
from tests.numbers.frameworks import Array, Framework, Network
from tests.numbers.gaussian import denoiser, raw_denoiser

PEERS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "golden" / "peers.json").read_text(encoding="utf-8"))
close = partial(np.testing.assert_allclose, rtol=1e-12, atol=0)
Shipped = Callable[[str], ModuleType]


def columns(entry: str) -> dict[str, Array]:
    """Give a table of the file by column."""
    table = PEERS[entry]
    return dict(zip(table["columns"], np.array(table["rows"], dtype=float).T, strict=True))


@pytest.fixture
def ve(shipped: Shipped) -> ModuleType:
    return shipped("ve_edm")


@pytest.mark.parametrize(("entry", "prefix"), [("precondition_boundary", ""), ("precondition_edm", "denoiser_")])
def test_preconditioning(entry: str, prefix: str, ve: ModuleType, framework: Framework) -> None:
    table = columns(entry)
    sigma = framework.array(table.pop("sigma"))
    for name, wanted in table.items():
        close(framework.numpy(getattr(ve, prefix + name)(sigma)), wanted)


def test_karras_grid(ve: ModuleType, framework: Framework) -> None:
    found = framework.numpy(ve.grid(18))
    close(found[::-1], PEERS["grid_karras_18"]["values"])
    assert (found[0], found[-1]) == (0.002, 80)


def test_curriculum_of_ct(ve: ModuleType) -> None:
    for k, mu, nodes in PEERS["curriculum_ct"]["rows"]:
        assert ve.consistency_training_N(k, 800000) == nodes
        close(ve.consistency_training_mu(k, 800000), mu)


def test_curriculum_of_ict(framework: Framework) -> None:
    text = packages.spec_text("ve_edm").replace("s1 = 160", "s1 = 1280")
    m = packages.module(text, framework.name)
    assert [m.ict_N(k, 400000) for k, _ in PEERS["curriculum_ict"]["rows"]] == [
        nodes for _, nodes in PEERS["curriculum_ict"]["rows"]
    ]


def drawn_weights(m: ModuleType, framework: Framework, patch: pytest.MonkeyPatch) -> Array:
    """Give the weights by which `draw_ict` draws an index."""
    draw = m.categorical
    seen: list[Any] = []

    def spy(*args: Any) -> Any:
        seen.extend(args)
        return draw(*args)

    patch.setattr(m, "categorical", spy)
    m.draw_ict(framework.source(0), framework.array(np.zeros((4, 3))), N=11)
    (weights,) = (framework.numpy(a) for a in seen if getattr(a, "shape", None) == (10,))
    return weights


def test_proposal_of_ict(ve: ModuleType, framework: Framework, monkeypatch: pytest.MonkeyPatch) -> None:
    found = drawn_weights(ve, framework, monkeypatch)
    close(found / found.sum(), PEERS["ict_proposal"]["values"])


@pytest.mark.parametrize(("entry", "loss"), [("cd_l2_heun", "consistency_distillation"), ("ct_l2", "ct_l2")])
def test_losses(entry: str, loss: str, ve: ModuleType, framework: Framework) -> None:
    def linear(x: Any, c: Any) -> Any:
        return 0.1 * x + (0.01 * 4 * c).reshape(-1, 1)

    x0, z = (framework.array(np.array([v])) for v in ([0.5, -0.25, 0.1, -0.9], [1, -0.5, 0.25, 2.0]))
    teacher = {"teacher": partial(ve.denoise, linear)} if loss == "consistency_distillation" else {}
    n = framework.array(np.array([9.0]))  # descending index 8 of 18
    found = getattr(ve, f"loss_{loss}")(linear, x0, network_ema=linear, **teacher, z=z, n=n, N=18)
    close(framework.numpy(found), PEERS["losses"][entry])


def test_pseudo_huber(ve: ModuleType, framework: Framework) -> None:
    difference = framework.array(np.array([[1.0, 2.0, 3.0, 4.0]]))
    close(framework.numpy(ve.pseudo_huber(difference, 0 * difference)), PEERS["pseudo_huber"]["value"])


DEVIATION = 0.3


@pytest.mark.parametrize("solver", ["heun", "euler"])
def test_solvers_from_noise_to_data(solver: str, ve: ModuleType, framework: Framework) -> None:
    exact = denoiser(ve, DEVIATION)
    x = framework.array(np.full((2, 3), 80.0))
    times = framework.functions.flip(framework.functions.asarray(ve.grid(18)), (0,))
    x = ve.integrate(exact, x, times, getattr(ve, f"{solver}_step"))
    last = framework.array(np.full(2, 0.002))
    close(framework.numpy(exact(x, last)), PEERS["gaussian_oracle"][solver])


@pytest.mark.parametrize(("solver", "sampler"), [("heun", "ode"), ("euler", "ode_euler")])
def test_ode_sampler(solver: str, sampler: str, ve: ModuleType, framework: Framework) -> None:
    network = raw_denoiser(ve, framework, "ve_edm", DEVIATION)
    found = getattr(ve, f"sample_{sampler}")(network, framework.array(np.ones((2, 3))))
    close(framework.numpy(found), PEERS["gaussian_oracle"][solver])


@pytest.mark.parametrize(("entry", "end"), [("exact_at_0", 0.0), ("exact_at_0.002", 0.002)])
def test_exact_flow(entry: str, end: float, framework: Framework) -> None:
    m = packages.module(packages.spec_text("ve_edm"), framework.name, (("sigma_data", str(DEVIATION)),))
    x, t, s = (framework.array(np.array(v)) for v in ([[80.0]], [80.0], [end]))
    close(framework.numpy(m.exact_gaussian(x, t, s)), PEERS["gaussian_oracle"][entry])


@pytest.mark.parametrize("process", ["vp", "subvp"])
def test_marginals(process: str, framework: Framework) -> None:
    text = packages.SUBVP if process == "subvp" else packages.spec_text("vp_linear")
    m = packages.module(text, framework.name)
    t, x = framework.array(np.array([0.5])), framework.array(np.ones((1, 2)))
    found = {"alpha": m.alpha(t), "sigma": m.sigma(t), "drift": m.drift(x, t), "diffusion": m.diffusion(t)}
    for name, wanted in PEERS["marginals"][process].items():
        close(framework.numpy(found[name]), wanted)


def trigflow_network(functions: Any) -> Network:
    """Give the F(u, t) of the file's entry."""
    return lambda u, t: 0.7 * functions.sin(u) + 0.3 * t.reshape(-1, 1) * u


def test_tangent_of_trigflow(shipped: Shipped, framework: Framework) -> None:
    m, wanted = shipped("trigflow"), PEERS["trigflow_tangent"]
    x0, z = (framework.array(np.array([v])) for v in ([0.8, -0.3, 0.1], [0.6, -1.1, 0.4]))
    t = framework.array(np.array([0.7]))
    ones = framework.functions.ones_like(t)
    x_t, dx_dt = framework.jvp(lambda s: m.perturb(x0, z, s), (t,), (ones,))
    network = trigflow_network(framework.functions)
    f, df_dt = framework.jvp(partial(m.consistency, network), (x_t, t), (dx_dt, ones))
    found = {"x_t": x_t, "f": f, "df_dt": df_dt, "g_r1": m.alpha(t)[:, None] * df_dt}
    for name, value in found.items():
        close(framework.numpy(value)[0], wanted[name])


REFUSED = """model mistaken
param sigma_data = 0.5
time t in [0, 80]
sde {{
    drift = 0
    diffusion = sqrt(2*t)
}}
boundary 0.002
precondition {{
    c_skip  = {c_skip}
    c_out   = {c_out}
    c_in    = 1/sqrt(t^2 + 0.25)
    c_noise = log(t)/4
}}
sampler onestep
"""


@pytest.mark.parametrize("mistake", ["unshifted_edm", "no_sigma_data"])
def test_mistakes_of_others_are_refuted(mistake: str, tmp_path: Path) -> None:
    entry = PEERS["must_be_refuted"][mistake]
    spec = tmp_path / "mistaken.cm"
    spec.write_text(REFUSED.format(**entry), encoding="utf-8")
    with pytest.raises(SpecError) as refused:
        check(spec, {})
    found = {d.span.line: d for d in refused.value.diagnostics if d.span is not None and d.code.startswith("CM3")}
    lines = spec.read_text(encoding="utf-8").splitlines()
    for name, value in zip(("c_skip", "c_out"), entry["at_epsilon"], strict=True):
        (line,) = (n for n, text in enumerate(lines, 1) if text.strip().startswith(f"{name} "))
        said = f"{found[line].message} {' '.join(found[line].notes)}"
        assert f"{value:.9g}" in said
        span = found[line].span
        assert span is not None
        assert lines[line - 1][span.column - 1 : span.end_column - 1].endswith(entry[name])
