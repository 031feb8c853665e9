"""Objectives of the field that a spec writes itself: golden numbers, what is learned, and networks of two scalars."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from tests.cli.written_specs import checked, data, model
from tests.numbers.frameworks import FRAMEWORKS, TORCH, Framework
from tests.numbers.test_peers import PEERS, columns, trigflow_network

close = partial(np.testing.assert_allclose, rtol=1e-12, atol=0)


@pytest.fixture(params=list(FRAMEWORKS.values()), ids=list(FRAMEWORKS))
def framework(request: pytest.FixtureRequest) -> Framework:
    found: Framework = request.param
    return found


def test_ect_looks_where_its_authors_do(framework: Framework) -> None:
    """The network sees log(r)/4 for the earlier time; of 8 stages in 400 steps, 3 are over at step 150."""
    m, wanted, seen = model("draft_ve", framework.name), columns("ect_r"), []

    def network(x: Any, c: Any) -> Any:
        seen.append(np.exp(4 * framework.numpy(c)))
        return 0 * x

    x0, t = framework.array(np.ones((len(wanted["t"]), 3))), framework.array(wanted["t"])
    m.loss_ect(network, x0, z=x0, t=t, k=150, K=400)
    assert len(seen) == 2
    close(min(seen, key=np.sum), wanted["r"])
    close(max(seen, key=np.sum), wanted["t"])


def test_sct_follows_the_tangent_of_trigflow(framework: Framework) -> None:
    """At the network itself the loss is that of the normalised tangent, and so is its derivative by what is added."""
    m, wanted = model("draft_trigflow", framework.name), PEERS["trigflow_tangent"]
    g = np.array(wanted["g_r1"])
    normal = g / (np.linalg.norm(g) + 0.1)
    x0, z = (framework.array(np.array([v])) for v in ([0.8, -0.3, 0.1], [0.6, -1.1, 0.4]))
    tau = framework.array(np.log(0.5 * np.tan([0.7])))
    network, still = trigflow_network(framework.functions), {"w": lambda t: 0 * t}

    def loss(w: tuple[Any, ...]) -> Any:
        return m.loss_sct(lambda x, c: network(x, c) + w[0], x0, learned=still, z=z, tau=tau, k=5)

    value, (slope,) = framework.gradient(loss, (framework.array(np.zeros((1, 3))),))
    close(value, [np.sum(normal**2) / 3])
    close(slope, [-2 * normal / 3])


def test_the_learned_weight_of_sct_trains_towards_the_logarithm_of_the_loss(framework: Framework) -> None:
    """The derivative of exp(w) e - w is e - 1 at w = 0, and vanishes at w = -log(e)."""
    m = model("draft_trigflow", framework.name)
    flat = data().reshape(len(data()), -1)
    drawn = {"z": framework.array(flat), "tau": framework.array(np.zeros(len(flat)))}
    network = trigflow_network(framework.functions)

    def loss(w: tuple[Any, ...]) -> Any:
        learned = {"w": lambda t: w[0] + 0 * t}
        return m.loss_sct(network, framework.array(flat), learned=learned, **drawn, k=1)

    zero = framework.array(np.zeros(len(data())))
    value, (slope,) = framework.gradient(loss, (zero,))
    close(slope, value - 1)
    _, (slope,) = framework.gradient(loss, (framework.array(-np.log(value)),))
    assert np.abs(slope).max() < 1e-12


def test_learned_functions_are_zero_at_first_and_learn() -> None:
    """Torch's module has weights for each by name, and Adam brings their loss down."""
    m = model("learned", "torch")
    learned = m.learned_uncertain()
    t = torch.linspace(0.01, 1, 64)
    assert not learned["train"](t, t / 2).any()
    optimizer = torch.optim.Adam(learned.parameters(), lr=1e-2)
    target = torch.sin(3 * t)
    errors = []
    for _ in range(200):
        error = ((learned["u"](t) - target) ** 2).mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        errors.append(error.item())
    assert errors[-1] < errors[0] / 100
    assert not learned["train"](t, t / 2).any()
    assert {name.split(".")[1] for name in learned.state_dict()} == {"of_u", "of_train", "of_lambda"}


def test_both_backends_have_the_same_learned_functions() -> None:
    in_torch = model("learned", "torch").learned_uncertain().double()
    jax_model = model("learned", "jax")
    weights = jax_model.learned_uncertain()
    assert set(weights) == {"u", "train", "lambda"}
    rng = np.random.default_rng(3)
    for name, own in weights.items():
        own["weight"] = FRAMEWORKS["jax"].array(rng.normal(size=own["weight"].shape))
        in_torch.layers[f"of_{name}"].weight.data = TORCH.array(np.array(own["weight"])).reshape(1, -1)
    t, r = rng.uniform(size=(2, 5))
    for name, scalars in {"u": (t,), "train": (t, r)}.items():
        found = in_torch[name](*map(TORCH.array, scalars))
        wanted = jax_model.apply_learned(weights)[name](*map(FRAMEWORKS["jax"].array, scalars))
        np.testing.assert_allclose(TORCH.numpy(found), np.asarray(wanted), rtol=1e-4, atol=1e-4)


def test_meanflow_is_the_equation_of_its_authors() -> None:
    """With the average velocity of straight lines to one point, u = z - x0 everywhere, the loss is zero."""
    m = model("draft_meanflow", "torch")
    x0, z = torch.from_numpy(data()), torch.from_numpy(data()[::-1].copy())
    a, b = torch.linspace(0.2, 0.9, len(x0)).double(), torch.linspace(0.8, 0.1, len(x0)).double()
    seen: list[Any] = []

    def network(x: Any, t: Any, gap: Any) -> Any:
        seen.append((t, gap))
        return z - x0 + 0 * x

    assert m.NETWORK_SCALARS == checked("draft_meanflow").program.scalars == 2
    loss = m.loss_meanflow(network, x0, z=z, a=a, b=b, m=torch.tensor([1.0, 0.0, 1.0]).double())
    assert loss.abs().max() < 1e-28
    later, earlier = torch.maximum(a, b), torch.minimum(a, b)
    close(seen[0][0], later)
    close(seen[0][1][0::2], (later - earlier)[0::2], rtol=1e-15)
    assert seen[0][1][1] == 0


def test_a_tiny_shift_in_a_logarithm_keeps_float32_finite() -> None:
    t = torch.tensor([0.002, 1.0, 80.0])
    close(model("typed_noise", "torch").c_noise(t), 250 * torch.log(t), rtol=1e-6)
