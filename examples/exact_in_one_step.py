"""Compile a spec, and map noise to data in one step by the exact consistency function of Gaussian data.

Run it from anywhere: `python examples/exact_in_one_step.py [SPEC]`. For data N(0, sigma_data^2) the ODE is solved in
closed form: no network is needed to see what a trained one should do, nor how far a solver is from it.
"""

import importlib
import sys
import tempfile
from pathlib import Path

import torch

from cmdsl.driver import compile_spec

SPEC = Path(__file__).resolve().parent.parent / "specs" / "ve_edm.cm"


def main(spec: Path) -> None:
    """Compare the exact map with the spec's first solver, on finer and finer grids."""
    with tempfile.TemporaryDirectory() as folder:
        checked, _ = compile_spec(spec, "torch", Path(folder) / "compiled", {})
        sys.path.insert(0, folder)
        model = importlib.import_module("compiled.model")
    if not checked.program.solvers:
        sys.exit(f"{spec.name} names no solver: add `sampler ode(solver = heun)` to it")
    deviation = model.PARAMS.get("sigma_data", 1.0)
    solver, order = checked.program.solvers[0]

    def denoise(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Give E[x0 given x_t]."""
        alpha, sigma = model.alpha(t), model.sigma(t)
        gain: torch.Tensor = alpha * deviation**2 / (alpha**2 * deviation**2 + sigma**2)
        return gain[:, None] * x

    x = model.sigma(torch.tensor([model.T], dtype=torch.float64)) * torch.randn(1000, 1, dtype=torch.float64)
    ends = [torch.full((len(x),), end, dtype=torch.float64) for end in (model.T, model.EPSILON)]
    exact = model.exact_gaussian(x, *ends)
    print(f"{spec.name}: one exact step gives data of deviation {exact.std():.4f}, declared {deviation}")
    for nodes in (10, 20, 40, 80, 160):
        times = model.grid(nodes).flip(0)
        solved = model.integrate(denoise, x, times, getattr(model, solver))
        print(f"{nodes:4} nodes of {solver} (order {order}): off by {(solved - exact).abs().max():.1e}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SPEC)
