"""Specs as a researcher writes them: compiled for both backends, imported, trained with and sampled from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.cli.written_specs import BATCH, NAMES, as_arrays, checked, data, draws, files, losses, model, samples
from tests.numbers.frameworks import FRAMEWORKS
from tests.numbers.objectives import sample_inputs


def assert_in_order(name: str, folder: Path) -> None:
    """Assert that the packages of a spec are ASCII, in ruff's format, and that ruff has nothing to say."""
    for backend in FRAMEWORKS:
        (folder / backend).mkdir()
        for path, text in files(name, backend).items():
            (folder / backend / path).write_text(text, encoding="utf-8")
            assert text.isascii() or not path.endswith(".py")
    for words in (["format", "--check"], ["check", "--select", "B,C4,E,F,RUF,SIM,UP,W", "--ignore", "RUF001,RUF002"]):
        command = [
            sys.executable,
            "-m",
            "ruff",
            *words,
            "--isolated",
            "--no-cache",
            "--line-length",
            "120",
            str(folder),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


LONG = ("cosine", "geometric", "sub_vp")  # their derivations are tested elsewhere


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in NAMES])
def test_it_compiles_and_both_backends_compute_the_same(name: str, tmp_path: Path) -> None:
    """In one test for each spec: what is compiled for one objective serves the others."""
    assert_in_order(name, tmp_path)
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
