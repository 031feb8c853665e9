"""The default networks are what the generated losses ask of a network."""

from types import ModuleType

import pytest
import torch
from torch import nn

from tests.scaffold.conftest import Package


@pytest.fixture
def networks(package: Package) -> ModuleType:
    """Give the module network.py of a generated package."""
    return package.modules["network"]


def awake(network: nn.Module) -> nn.Module:
    """Move all weights off their start: a new network gives 0 whatever goes in."""
    torch.manual_seed(0)
    for weights in network.parameters():
        weights.data.add_(0.1 * torch.randn_like(weights))
    return network


@pytest.mark.parametrize(
    ("name", "shape"), [("mlp", (3,)), ("mlp", (1, 8, 8)), ("unet", (1, 8, 8)), ("unet", (3, 4, 6))]
)
class TestNetworks:
    def test_start_at_zero_in_the_shape_of_the_data(
        self, networks: ModuleType, name: str, shape: tuple[int, ...]
    ) -> None:
        x = torch.randn(5, *shape)
        assert torch.equal(networks.build(name, shape)(x, torch.zeros(5)), torch.zeros_like(x))

    def test_depend_on_sample_and_noise_level_one_by_one(
        self, networks: ModuleType, name: str, shape: tuple[int, ...]
    ) -> None:
        network = awake(networks.build(name, shape)).double()
        x, c = torch.randn(2, *shape, dtype=torch.float64), torch.tensor([-0.5, 0.7], dtype=torch.float64)
        out = network(x, c)
        assert torch.allclose(out[1:], network(x[1:], c[1:]), rtol=1e-10)
        assert not torch.allclose(out, network(x, c + 0.1), rtol=1e-3)
        assert not torch.allclose(out, network(x + 0.1, c), rtol=1e-3)

    def test_see_the_noise_level_by_where_it_stands_in_its_range(
        self, networks: ModuleType, name: str, shape: tuple[int, ...]
    ) -> None:
        first, second = awake(networks.build(name, shape)), networks.build(name, shape, (0, 1000))
        second.load_state_dict(first.state_dict())
        x = torch.randn(2, *shape)
        near = first(x, torch.tensor([0.0, 0.5]))
        assert torch.allclose(near, second(x, torch.tensor([500.0, 750.0])), atol=1e-5)

    def test_have_the_directional_derivative_of_differences(
        self, networks: ModuleType, name: str, shape: tuple[int, ...]
    ) -> None:
        network, h = awake(networks.build(name, shape)).double(), 1e-6
        x, dx = torch.randn(2, 2, *shape, dtype=torch.float64)
        c, dc = torch.rand(2, 2, dtype=torch.float64)
        slope = torch.func.jvp(network, (x, c), (dx, dc))[1]
        difference = (network(x + h * dx, c + h * dc) - network(x - h * dx, c - h * dc)) / (2 * h)
        assert torch.allclose(slope, difference, rtol=1e-5, atol=1e-6)


def test_an_unknown_name_is_answered_with_those_there_are(networks: ModuleType) -> None:
    with pytest.raises(ValueError, match="mlp, unet"):
        networks.build("transformer", (1, 8, 8))


def test_the_unet_refuses_what_it_cannot_halve(networks: ModuleType) -> None:
    with pytest.raises(ValueError, match="halve"):
        networks.build("unet", (1, 7, 8))


@pytest.mark.parametrize(
    ("name", "options"),
    [("mlp", {"width": 0}), ("mlp", {"depth": -1}), ("unet", {"levels": 0}), ("unet", {"channels": 12})],
)
def test_options_that_make_no_network_are_refused(networks: ModuleType, name: str, options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"{name} has"):
        networks.build(name, (1, 8, 8), **options)


def test_a_noise_level_that_never_changes_is_no_matter(networks: ModuleType) -> None:
    network, x = awake(networks.build("mlp", (3,), (0.0, 0.0))), torch.randn(2, 3)
    assert network(x, torch.zeros(2)).isfinite().all()


def test_a_perceptron_takes_samples_that_are_one_number(networks: ModuleType) -> None:
    network, x = awake(networks.build("mlp", ())), torch.randn(5)
    assert network(x, torch.zeros(5)).shape == (5,)


@pytest.mark.slow
def test_the_unet_has_a_derivative_under_compile(networks: ModuleType) -> None:
    network = awake(networks.build("unet", (1, 4, 4), channels=8))

    @torch.compile(fullgraph=True, backend="aot_eager")
    def slope(x: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = torch.func.jvp(network, (x, c), (torch.ones_like(x), torch.ones_like(c)))[1]
        return out

    x, c = torch.randn(2, 1, 4, 4), torch.rand(2)
    expected = torch.func.jvp(network, (x, c), (torch.ones_like(x), torch.ones_like(c)))[1]
    assert torch.allclose(slope(x, c), expected, atol=1e-5)


@pytest.mark.parametrize(("name", "shape"), [("mlp", (3,)), ("unet", (1, 4, 4))])
def test_networks_see_each_of_their_scalars(networks: ModuleType, name: str, shape: tuple[int, ...]) -> None:
    network = awake(networks.build(name, shape, scalars=2)).double()
    x, (a, b) = torch.randn(2, *shape, dtype=torch.float64), torch.rand(2, 2, dtype=torch.float64)
    out = network(x, a, b)
    assert out.shape == x.shape
    assert not torch.allclose(out, network(x, a + 0.1, b), rtol=1e-3)
    assert not torch.allclose(out, network(x, a, b + 0.1), rtol=1e-3)
