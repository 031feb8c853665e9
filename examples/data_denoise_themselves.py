"""Compile a spec, and sample digits with no network: the denoiser is the exact one of the data.

Run it from anywhere: `python examples/data_denoise_themselves.py [SPEC] [PICTURE]`. Each row of the picture follows one
noise along the ODE by what the denoiser makes of it, from the mean of the data to one image of them. An exact denoiser
only remembers: whatever a trained network makes up between the data is what it has not learned.
"""

import importlib
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits

from cmdsl.driver import compile_spec

SPEC = Path(__file__).resolve().parent.parent / "specs" / "ve_edm.cm"
NODES, SHOWN, ROWS = 18, (0, 6, 8, 9, 10, 11, 12, 17), 6


def main(spec: Path, picture: Path) -> None:
    """Solve the ODE from noise, say how far the samples are from the data, and draw the way there."""
    with tempfile.TemporaryDirectory() as folder:
        checked, _ = compile_spec(spec, "torch", Path(folder) / "compiled", {})
        sys.path.insert(0, folder)
        model = importlib.import_module("compiled.model")
    if not checked.program.solvers:
        sys.exit(f"{spec.name} names no solver: add `sampler ode(solver = heun)` to it")
    images = torch.tensor(load_digits().images).flatten(1)
    data = (images - images.mean()) / images.std() * model.PARAMS.get("sigma_data", 1.0)
    denoise, step = model.analytic_denoiser(data), getattr(model, checked.program.solvers[0][0])
    times = model.grid(NODES).flip(0)
    torch.manual_seed(0)
    x = model.sigma(times[:1]) * torch.randn(200, 64, dtype=data.dtype)
    seen = [denoise(x, times[:1].expand(len(x)))]
    for ends in pairwise(times):
        x = model.integrate(denoise, x, torch.stack(ends), step)
        seen.append(denoise(x, ends[1].expand(len(x))))
    far, which = torch.cdist(seen[-1], data).min(1)
    apart = torch.cdist(data, data).fill_diagonal_(torch.inf).min(1).values.median()
    print(f"{spec.name}: {len(x)} samples, each within {far.max():.1e} of one of {len(which.unique())} training images")
    print(f"(half of which are at least {apart:.2f} from any other)")
    tiles = torch.stack([*(seen[n][:ROWS] for n in SHOWN), data[which[:ROWS]]], 1)
    drawn(tiles, data.min().item(), data.max().item()).save(picture)
    print(f"the way there, and last the training image: {picture}")


def drawn(tiles: torch.Tensor, low: float, high: float) -> Image.Image:
    """Lay out images `[rows, columns, 64]`, each enlarged and framed in white."""
    grey = ((tiles - low) / (high - low) * 255).clamp(0, 255).round().to(torch.uint8).numpy()
    large = grey.reshape(*grey.shape[:2], 8, 8).repeat(6, 2).repeat(6, 3)
    framed = np.pad(large, ((0, 0), (0, 0), (2, 2), (2, 2)), constant_values=255)
    return Image.fromarray(framed.swapaxes(1, 2).reshape(framed.shape[0] * framed.shape[2], -1))


if __name__ == "__main__":
    given = sys.argv[1:]
    main(Path(given[0]) if given else SPEC, Path(given[1] if len(given) > 1 else "denoised.png"))
