"""LPIPS for a spec, by `extern metric lpips = "lpips_distance:distance"`; needs `pip install lpips`, and torch.

As Song et al. (2023) take it (openai/consistency_models, cm/karras_diffusion.py): VGG, and images of fewer than 256
pixels brought to 224 first. Their LPIPS, that of piq, also has average pooling in place of VGG's maxima.
"""

from functools import cache

import lpips
import torch
from torch import Tensor
from torch.nn.functional import interpolate


@cache
def network(device: torch.device) -> torch.nn.Module:
    """Give the network on a device, with weights that stay as they are."""
    model: torch.nn.Module = lpips.LPIPS(net="vgg", verbose=False)
    return model.eval().requires_grad_(False).to(device)


def enlarged(images: Tensor) -> Tensor:
    """Bring small images to the size that VGG was trained on."""
    return interpolate(images, size=224, mode="bilinear") if images.shape[-1] < 256 else images


def distance(a: Tensor, b: Tensor) -> Tensor:
    """Give the distance of each pair of images from -1 to 1: `[batch]`."""
    values: Tensor = network(a.device)(enlarged(a), enlarged(b))
    return values.flatten()
