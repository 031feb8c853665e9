"""Specs as a researcher writes them: compiled for both backends, imported, trained with and sampled from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.cli.written_specs import (
    BATCH,
    NAMES,
    as_arrays,
    checked,
    data,
    draws,
    draws_of_jax,
    exactly,
    files,
    gradients,
    model,
    samples,
)
from tests.numbers.frameworks import FRAMEWORKS
from tests.order import complaints


def assert_in_order(name: str, folder: Path) -> None:
    """Assert that the packages of a spec are ASCII, in ruff's format, and that ruff has nothing to say."""
    for backend in FRAMEWORKS:
        place = folder / f"for_{backend}"  # a folder `torch` would make torch a neighbour of the package
        place.mkdir()
        for path, text in files(name, backend).items():
            (place / path).write_text(text, encoding="utf-8")
            assert text.isascii() or not path.endswith(".py")
    assert not complaints(folder)


# Between them these say nearly all that the language can; the others say it in other words.
QUICK = (
    *("branching_sampler", "clashing_too", "conditions", "draft_meanflow", "draft_trigflow", "every_kind", "extern"),
    *("learned", "own_sampler", "proposals"),
)


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in NAMES])
def test_it_compiles_and_both_backends_compute_the_same(name: str, tmp_path: Path) -> None:
    """In one test for each spec: what is compiled for one objective serves the others."""
    assert_in_order(name, tmp_path)
    program = checked(name).program
    for objective in program.objectives:
        values = draws(name, objective.name)
        assert {key: v.shape for key, v in draws_of_jax(name, objective.name).items()} == {
            key: v.shape for key, v in values.items()
        }
        found = {b: gradients(name, b, objective.name, values) for b in FRAMEWORKS}
        (loss, slopes), (same_loss, same_slopes) = found["torch"], found["jax"]
        assert loss.shape == (BATCH,)
        assert np.all(np.isfinite(loss))
        np.testing.assert_allclose(loss, same_loss, rtol=1e-11)
        np.testing.assert_allclose(loss, exactly(name, objective.loss, values), rtol=1e-9)
        for slope, same_slope in zip(slopes, same_slopes, strict=True):
            np.testing.assert_allclose(slope, same_slope, rtol=0, atol=1e-10 * max(np.abs(slope).max(), 1e-300))
    for sampler in program.samplers:
        like = torch.from_numpy(data())
        draw = getattr(model(name, "torch"), f"draw_sample_{sampler.name}")
        noises = as_arrays(draw(torch.Generator().manual_seed(1), like))
        made = {b: samples(name, b, sampler.name, noises) for b in FRAMEWORKS}
        assert made["torch"].shape == data().shape
        assert np.all(np.isfinite(made["torch"]))
        np.testing.assert_allclose(made["torch"], made["jax"], rtol=1e-9, atol=1e-11)
        exact = exactly(name, sampler.sample, noises).reshape(data().shape)
        np.testing.assert_allclose(made["torch"], exact, rtol=1e-9, atol=1e-10)
