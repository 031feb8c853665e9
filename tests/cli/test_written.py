"""Specs as a researcher writes them: compiled for both backends, imported, trained with and sampled from."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.cli.written_specs import BATCH, NAMES, as_arrays, checked, data, draws, losses, model, samples
from tests.numbers.frameworks import FRAMEWORKS
from tests.numbers.objectives import sample_inputs


@pytest.mark.parametrize("name", NAMES)
def test_it_compiles_and_both_backends_compute_the_same(name: str) -> None:
    """In one test for each spec: what is compiled for one objective serves the others."""
    program = checked(name).program
    for objective in program.objectives:
        values = draws(name, objective.name)
        found = {b: losses(name, b, objective.name, values) for b in FRAMEWORKS}
        assert found["torch"].shape == (BATCH,)
        assert np.all(np.isfinite(found["torch"]))
        np.testing.assert_allclose(found["torch"], found["jax"], rtol=1e-11)
    for sampler in program.samplers:
        like = torch.from_numpy(data())
        noises = as_arrays(sample_inputs(model(name, "torch"), sampler.name, torch.Generator().manual_seed(1), like))
        made = {b: samples(name, b, sampler.name, noises) for b in FRAMEWORKS}
        assert made["torch"].shape == data().shape
        np.testing.assert_allclose(made["torch"], made["jax"], rtol=1e-9, atol=1e-11)
