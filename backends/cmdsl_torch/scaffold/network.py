"""Default networks, small enough to read: `build(name, shape)` gives a module called as `network(x, c_noise)`.

With `scalars=2` it is called as `network(x, c1, c2)`, and so on.

They are a start. Any callable of the same form does in their place, and this file is yours to change.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, silu

GROUPS = 8  # of channels that are normalised together


def build(
    name: str, shape: Sequence[int], noise_range: tuple[float, float] = (-1, 1), scalars: int = 1, **options: int
) -> nn.Module:
    """Make the network NAME for samples of SHAPE; `noise_range` holds the values that each of its scalars takes.

    Raises `ValueError` for a name that is not in `NETWORKS`, or for a shape that the network can't take.
    """
    if name not in NETWORKS:
        raise ValueError(f"no network {name!r} in network.py; there are: {', '.join(NETWORKS)}")
    return NETWORKS[name](tuple(shape), noise_range, scalars, **options)


class NoiseFeatures(nn.Module):
    """Embed noise levels `[batch]` as `[batch, width]`: sines and cosines of each, brought to [-1, 1]."""

    def __init__(self, noise_range: tuple[float, float], scalars: int, width: int, frequencies: int = 16) -> None:
        super().__init__()
        low, high = noise_range
        self.centre, self.scale = (low + high) / 2, 2 / (high - low) if high > low else 1.0
        self.register_buffer("frequency", math.pi / 2 * 2 ** torch.linspace(0, 4, frequencies), persistent=False)
        self.mix = nn.Sequential(nn.Linear(2 * frequencies * scalars, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, *levels: Tensor) -> Tensor:
        frequency = self.get_buffer("frequency")
        angle = (self.scale * (torch.stack(levels, 1) - self.centre)[:, :, None] * frequency).flatten(1)
        embedded: Tensor = self.mix(torch.cat([angle.sin(), angle.cos()], 1).to(frequency.dtype))
        return embedded


def zero(layer: nn.Linear | nn.Conv2d) -> nn.Module:
    """Start a layer at zero, so that its residual branch, or the network, starts as nothing."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class Block(nn.Module):
    """A residual block: normalise, scale and shift by the noise level, two linear layers."""

    def __init__(self, width: int, noise_width: int) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(width)
        self.modulate = nn.Linear(noise_width, 2 * width)
        self.first, self.second = nn.Linear(width, width), zero(nn.Linear(width, width))

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        scale, shift = self.modulate(noise).chunk(2, 1)
        out: Tensor = x + self.second(silu(self.first(silu(self.norm(x) * (1 + scale) + shift))))
        return out


class MLP(nn.Module):
    """A residual perceptron on flattened samples: for vectors and very small images."""

    def __init__(
        self,
        shape: tuple[int, ...],
        noise_range: tuple[float, float],
        scalars: int = 1,
        width: int = 256,
        depth: int = 4,
    ) -> None:
        super().__init__()
        if width < 1 or depth < 0:
            raise ValueError(f"an mlp has a width of at least 1 and a depth of at least 0, not {width} and {depth}")
        size, noise_width = math.prod(shape), max(width // 4, 1)
        self.noise = NoiseFeatures(noise_range, scalars, noise_width)
        self.into = nn.Linear(size, width)
        self.blocks = nn.ModuleList(Block(width, noise_width) for _ in range(depth))
        self.out = nn.Sequential(nn.RMSNorm(width), zero(nn.Linear(width, size)))

    def forward(self, x: Tensor, *levels: Tensor) -> Tensor:
        noise = silu(self.noise(*levels))
        h = self.into(x.unsqueeze(1).flatten(1))
        for block in self.blocks:
            h = block(h, noise)
        out: Tensor = self.out(h).reshape(x.shape)
        return out


class ConvBlock(nn.Module):
    """A residual block of two 3x3 convolutions, scaled and shifted by the noise level."""

    def __init__(self, channels: int, out: int, noise_width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(channels, out, 3, padding=1), zero(nn.Conv2d(out, out, 3, padding=1))
        self.modulate = nn.Linear(noise_width, 2 * out)
        self.skip = nn.Conv2d(channels, out, 1) if channels != out else nn.Identity()

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        scale, shift = self.modulate(noise)[:, :, None, None].chunk(2, 1)
        h = normalise(self.first(silu(normalise(x)))) * (1 + scale) + shift
        out: Tensor = self.skip(x) + self.second(silu(h))
        return out


def normalise(x: Tensor) -> Tensor:
    """Normalise over groups of channels; written out because `nn.GroupNorm` has no jvp under `torch.compile`."""
    grouped: Tensor = x.unflatten(1, (GROUPS, -1))
    variance, mean = torch.var_mean(grouped, dim=(2, 3, 4), keepdim=True, correction=0)
    return ((grouped - mean) * torch.rsqrt(variance + 1e-5)).flatten(1, 2)


class UNet(nn.Module):
    """A small U-Net for images `[channels, height, width]`: `levels` resolutions, each half of the one before."""

    def __init__(
        self,
        shape: tuple[int, ...],
        noise_range: tuple[float, float],
        scalars: int = 1,
        channels: int = 64,
        levels: int = 2,
    ) -> None:
        super().__init__()
        if levels < 1 or channels < GROUPS or channels % GROUPS:
            raise ValueError(f"a unet has levels, and channels by the {GROUPS}, not {levels} and {channels}")
        if len(shape) != 3 or any(side % 2 ** (levels - 1) for side in shape[1:]):
            raise ValueError(f"a unet of {levels} levels needs [channels, height, width] that halve, not {list(shape)}")
        widths = [channels * 2**level for level in range(levels)]
        self.noise = NoiseFeatures(noise_range, scalars, 4 * channels)
        self.into = nn.Conv2d(shape[0], channels, 3, padding=1)
        self.down = nn.ModuleList(
            ConvBlock(a, b, 4 * channels) for a, b in zip([channels, *widths], widths, strict=False)
        )
        self.middle = ConvBlock(widths[-1], widths[-1], 4 * channels)
        above = [channels, *widths[:-1]]
        self.up = nn.ModuleList(
            ConvBlock(2 * b, a, 4 * channels) for a, b in zip(above[::-1], widths[::-1], strict=True)
        )
        self.out = zero(nn.Conv2d(channels, shape[0], 3, padding=1))

    def forward(self, x: Tensor, *levels: Tensor) -> Tensor:
        noise = silu(self.noise(*levels))
        h, kept = self.into(x), []
        for level, block in enumerate(self.down):
            h = block(h if level == 0 else interpolate(h, scale_factor=0.5, mode="area"), noise)
            kept.append(h)
        h = self.middle(h, noise)
        for level, block in enumerate(self.up):
            h = h if level == 0 else interpolate(h, scale_factor=2.0, mode="nearest")
            h = block(torch.cat([h, kept.pop()], 1), noise)
        out: Tensor = self.out(silu(normalise(h)))
        return out


NETWORKS: dict[str, type[MLP] | type[UNet]] = {"mlp": MLP, "unet": UNet}
