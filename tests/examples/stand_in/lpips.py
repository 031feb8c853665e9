"""Stands in for the package `lpips`: the same class, with a distance that needs no weights to be fetched."""

import torch
from torch import Tensor


class LPIPS(torch.nn.Module):
    """Gives the mean squared difference in the shape of the package's distance: `[batch, 1, 1, 1]`."""

    def __init__(self, net: str, verbose: bool) -> None:
        super().__init__()
        assert (net, verbose) == ("vgg", False)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        assert a.shape[-2:] == b.shape[-2:] == (224, 224)
        return ((a - b) ** 2).mean((1, 2, 3), keepdim=True)
