"""The scripts train and sample what specs of other forms compile to: learned functions, networks of two scalars."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from cmdsl.driver import compile_spec
from tests.scaffold.conftest import Package, imported

WRITTEN = Path(__file__).parents[1] / "cli" / "written"
QUICK = ("--batch", 16, "--steps", 4, "--every", 4, "--out", "run")
LEARNED = {
    ("learned", "uncertain"): {"of_u", "of_train", "of_lambda"},
    ("draft_trigflow", "sct"): {"of_w"},
    ("draft_meanflow", "meanflow"): set(),
}


@pytest.mark.parametrize(("name", "objective"), LEARNED)
def test_it_trains_what_is_learned_with_the_network_and_samples(
    name: str,
    objective: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "package"
    compile_spec(WRITTEN / f"{name}.cm", "torch", folder, {})
    monkeypatch.chdir(tmp_path)
    with imported(folder) as modules:
        package = Package(folder, modules, tmp_path, monkeypatch, capsys)
        run = package.start(*QUICK, "--objective", objective)
        assert not any(weights.any() for weights in run.learned.parameters())
        package.script("train", *QUICK, "--objective", objective)
        saved = load_file("run/checkpoint.safetensors")
        learned = {key: value for key, value in saved.items() if key.startswith("learned.")}
        assert {key.split(".")[2] for key in learned} == LEARNED[name, objective]
        assert all(torch.isfinite(value).all() and value.any() for value in learned.values())
        assert "samples" in package.script("sample", "run/checkpoint.safetensors", "--n", 4)


HEAD = """model m
param sigma_data = 0.5
time t in [0, 2]
path { alpha = 1  sigma = t }
boundary 0.1
"""
LEVELS = {"0": (0.0, 0.0), "(t - 1)^2": (0.0, 1.0), "t*(2.1 - t)": (0.2, 1.1025)}


@contextmanager
def package(text: str, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> Iterator[Package]:
    """Compile a spec and import its modules."""
    folder = Path.cwd() / "package"
    Path("m.cm").write_text(text, encoding="utf-8")
    compile_spec(Path("m.cm"), "torch", folder, {})
    with imported(folder) as modules:
        yield Package(folder, modules, Path.cwd(), patch, captured)


@pytest.fixture
def make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], AbstractContextManager[Package]]:
    """Give a function that compiles a spec in an empty folder, and imports its modules."""
    monkeypatch.chdir(tmp_path)
    return partial(package, patch=monkeypatch, captured=capsys)


Make = Callable[[str], AbstractContextManager[Package]]


@pytest.mark.parametrize("c_noise", LEVELS)
def test_noise_levels_may_be_constant_or_rise_and_fall(c_noise: str, make: Make) -> None:
    spec = f"{HEAD}precondition edm(sigma_data) {{ c_noise = {c_noise} }}\nobjective denoising\nsampler onestep\n"
    with make(spec) as made:
        assert made.modules["checkpoint"].noise_levels() == pytest.approx(LEVELS[c_noise], abs=1e-5)
        made.script("train", *QUICK)
        assert "samples" in made.script("sample", "run/checkpoint.safetensors", "--sampler", "onestep", "--n", 4)


def test_samples_may_be_single_numbers(make: Make) -> None:
    with make(f"{HEAD}precondition edm(sigma_data)\ngrid uniform\nobjective denoising\nsampler ode\n") as made:
        np.savez("data.npz", np.random.default_rng(0).normal(size=50))
        made.script("train", *QUICK, "--data", "data.npz")
        made.script("sample", "run/checkpoint.safetensors", "--n", 4)
        with np.load("samples.npz") as file:
            assert file["ode"].shape == (4,)


def test_a_spec_may_give_no_deviation_of_its_data(make: Make) -> None:
    family = "precondition { c_skip = 0.1/t  c_out = (t - 0.1)  c_in = 1  c_noise = t }"
    text = HEAD.replace("param sigma_data = 0.5\n", "") + f"{family}\nobjective consistency_training\n"
    with make(text + "grid uniform\ncurriculum fixed(5)\n") as made:
        run = made.start(*QUICK)
        assert torch.equal(run.data, made.train.load_data("digits"))


def test_a_spec_without_objectives_or_samplers_says_so(make: Make) -> None:
    with make(f"{HEAD}precondition edm(sigma_data)\nobjective denoising\n") as made:
        made.script("train", *QUICK)
        assert "the spec has no sampler" in made.refusal("sample", "run/checkpoint.safetensors")
    with make(HEAD) as made:
        assert "the spec has no objective" in made.refusal("train")
