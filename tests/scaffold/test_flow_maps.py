"""The scripts, for networks of several scalars and for teachers of other packages: a few steps, then samples."""

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.scaffold.conftest import Package, imported

Compiled = Callable[[str, str], Path]
Opened = Callable[[str], Package]
SMALL = ("--steps", 4, "--batch", 8, "--every", 4)
WEIGHTS = "run/checkpoint.safetensors"


@pytest.fixture
def opened(
    compiled: Compiled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Opened]:
    """Give a spec's package, in an empty folder; one at a time."""
    monkeypatch.chdir(tmp_path)
    stack = ExitStack()

    def package(name: str) -> Package:
        stack.close()
        path = compiled(name, "torch")
        return Package(path, stack.enter_context(imported(path)), tmp_path, monkeypatch, capsys)

    yield package
    stack.close()


@pytest.mark.parametrize(
    ("name", "samplers"),
    [
        ("meanflow", ["average_velocity"]),
        ("shortcut", ["average_velocity", "fourstep"]),
        ("sct_cifar10", ["onestep", "multistep"]),
    ],
)
def test_trains_and_samples(name: str, samplers: list[str], opened: Opened) -> None:
    package = opened(name)
    package.script("train", *SMALL, "--out", "run")
    assert package.sample.samplers_for(package.modules["model"].OBJECTIVES[0]) == samplers
    package.script("sample", WEIGHTS, "--n", 5, "--out", "samples.npz")
    with np.load("samples.npz") as drawn:
        assert drawn[samplers[0]].shape == (5, 1, 8, 8)


def test_distils_a_teacher_of_its_own_package(opened: Opened) -> None:
    package = opened("scd_cifar10")
    package.script("train", *SMALL, "--objective", "denoising", "--out", "run")
    package.script("train", *SMALL, "--teacher", WEIGHTS, "--out", "student")
    assert package.sample.samplers_for("scd") == ["onestep", "multistep"]
    assert package.sample.samplers_for("denoising") == ["ode"]


def test_distils_a_teacher_of_another_package(opened: Opened, compiled: Compiled) -> None:
    opened("ve_edm").script("train", *SMALL, "--objective", "denoising", "--out", "run")
    package = opened("ctm")
    words = ("--teacher", WEIGHTS, "--teacher-package", compiled("ve_edm", "torch"))
    run = package.start(*SMALL, *words)
    x, t = torch.randn(3, 1, 8, 8), torch.tensor([0.5, 2.0, 30.0])
    taught = run.teacher(x, t)
    assert package.modules["model"] is sys.modules["model"]
    theirs = opened("ve_edm")
    _, network = theirs.modules["checkpoint"].load(WEIGHTS, "averaged", torch.device("cpu"))
    assert torch.equal(taught, theirs.modules["model"].denoise(network, x, t))
    opened("ctm").script("train", *SMALL, *words, "--out", "student")
    assert "7 samples by stochastic" in opened("ctm").script(
        "sample", "student/checkpoint.safetensors", "--n", 7, "--sampler", "stochastic"
    )


def test_distils_the_data_s_own_denoiser(opened: Opened) -> None:
    package = opened("ctm")
    package.script("train", *SMALL, "--teacher", "analytic", "--out", "run")
    said = package.refusal("sample", WEIGHTS, "--set", "gamma=2", "--n", 4)
    assert "can't draw by gamma_sampling with gamma=2: math domain error" in said


def test_embeds_the_noise_levels_of_a_denoiser(opened: Opened) -> None:
    """Where there is no consistency function to have its own."""
    levels = opened("ctm").modules["checkpoint"].noise_levels()
    assert levels == pytest.approx((250 * math.log(0.002), 250 * math.log(80)))


def test_a_teacher_that_its_package_does_not_fit(opened: Opened, compiled: Compiled) -> None:
    opened("scd_cifar10").script("train", *SMALL, "--objective", "denoising", "--out", "run")
    package = opened("ctm")
    words = (*SMALL, "--teacher", WEIGHTS)
    assert "this package makes no denoiser of a network: give --teacher-package" in package.refusal("train", *words)
    other = ("--teacher-package", compiled("scd_cifar10", "torch"))
    assert "is of another process" in package.refusal("train", *words, *other)
    assert "makes no denoiser" in package.refusal("train", *words, "--teacher-package", compiled("ctm", "torch"))
    assert "it has no model.py" in package.refusal("train", *words, "--teacher-package", ".")
    assert "goes with --teacher CHECKPOINT" in package.refusal("train", *SMALL, "--teacher", "analytic", *other)
