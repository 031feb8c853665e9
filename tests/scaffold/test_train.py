"""train.py makes weights that sample.py can use, and stops with a message where it can't."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from tests.scaffold.conftest import Package

QUICK = ("--batch", 16, "--steps", 6, "--every", 3)
WEIGHTS = Path("run", "checkpoint.safetensors")


def distance(a: nn.Module | list[Tensor], b: nn.Module | list[Tensor]) -> float:
    """Give the greatest difference between two lists of weights."""
    first, second = (x if isinstance(x, list) else list(x.parameters()) for x in (a, b))
    return max(float((p - q).detach().abs().max()) for p, q in zip(first, second, strict=True))


class Normed(nn.Sequential):
    """A network whose buffers change while it is trained."""

    def forward(self, x: Tensor, *levels: Tensor) -> Tensor:
        """Ignore the noise level."""
        out: Tensor = nn.Sequential.forward(self, x)  # type: ignore[no-untyped-call]
        return out


def normed(shape: tuple[int, ...], *rest: object) -> nn.Module:
    """Make a convolution with a batch norm."""
    return Normed(nn.Conv2d(shape[0], shape[0], 3, padding=1), nn.BatchNorm2d(shape[0]))


class TestTraining:
    def test_runs_as_a_script_from_anywhere(self, package: Package) -> None:
        words = (package.path / "train.py", *QUICK, "--out", "run")
        done = subprocess.run(
            [sys.executable, *map(str, words)],
            capture_output=True,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        assert done.returncode == 0, done.stderr
        assert "run/samples.png" in done.stdout
        assert str(WEIGHTS) in done.stdout
        assert {path.name for path in Path("run").iterdir()} == {WEIGHTS.name, "samples-000003.png", "samples.png"}
        with Image.open("run/samples.png") as picture:
            assert picture.width > 2 * picture.height, "one-step and two-step samples stand beside the data"

    def test_says_in_the_checkpoint_what_it_is(self, package: Package) -> None:
        package.script("train", *QUICK, "--out", "run", "--objective", "consistency_training", "--network", "unet")
        with safe_open(WEIGHTS, "pt") as file:
            said = {name: json.loads(text) for name, text in file.metadata().items()}
        assert (said["objective"], said["step"], said["network"]) == ("consistency_training", 6, "unet")
        assert said["shape"] == [1, 8, 8]
        assert said["scaling"]["scale"] == pytest.approx(0.752 / 0.5, abs=2e-3)
        assert said["spec"] == package.sample.model.SPEC_SHA256

    def test_repeats_itself(self, package: Package) -> None:
        package.script("train", *QUICK, "--out", "run", "--seed", 3)
        package.script("train", *QUICK, "--out", "again", "--seed", 3)
        first, second = load_file(WEIGHTS), load_file(Path("again", WEIGHTS.name))
        assert all(torch.equal(first[name], second[name]) for name in first)

    def test_brings_data_to_the_deviation_of_the_spec(self, package: Package) -> None:
        run = package.start()
        assert run.data.mean().item() == pytest.approx(0, abs=1e-6)
        assert run.data.std().item() == pytest.approx(0.5, abs=1e-6)

    @pytest.mark.parametrize("objective", ["ict", "denoising", "consistency_training", "consistency_distillation"])
    def test_a_step_reads_nothing_back_from_the_device(self, package: Package, objective: str) -> None:
        teacher = ("--teacher", "analytic") if objective == "consistency_distillation" else ()
        run = package.start("--batch", 16, "--steps", 9, "--objective", objective, *teacher)
        for name in ("item", "tolist", "cpu", "numpy", "__bool__", "__float__", "__int__", "nonzero"):
            package.patch.setattr(Tensor, name, lambda *args, name=name: pytest.fail(f"a step calls {name}"))
        for _ in range(2):
            package.train.update(run)
        package.patch.undo()
        assert run.step == 2

    def test_says_what_becomes_of_the_data(self, package: Package) -> None:
        np.savez("data.npz", np.arange(12.0).reshape(6, 2))
        package.start("--data", "data.npz")
        said = (
            "data.npz: 6 samples [2] (the spec speaks of [1, 8, 8]) from 0 to 11, brought to mean 0 and deviation 0.5"
        )
        assert said in package.captured.readouterr().err

    def test_leaves_data_as_they_are_where_the_spec_gives_no_deviation(self, package: Package) -> None:
        package.patch.setattr(package.modules["data"], "SIGMA_DATA", None)
        run = package.start()
        assert torch.equal(run.data, package.train.load_data("digits"))
        assert "left as they are: the spec has no sigma_data" in package.captured.readouterr().err
        assert torch.equal(run.header.scaling.to_data(run.data), run.data)

    def test_distils_a_teacher_and_starts_from_its_weights(self, package: Package) -> None:
        package.script("train", *QUICK, "--out", "run", "--objective", "denoising")
        words = ("--objective", "consistency_distillation", "--teacher", WEIGHTS)
        package.script("train", *QUICK, *words, "--lr", 0, "--out", "student")
        teacher, student = load_file(WEIGHTS), load_file(Path("student", WEIGHTS.name))
        names = [name.removeprefix("averaged.") for name in teacher if name.startswith("averaged.")]
        assert names
        assert all(torch.equal(student[f"network.{name}"], teacher[f"averaged.{name}"]) for name in names)

    def test_distils_the_data_themselves(self, package: Package) -> None:
        """The teacher is the exact denoiser of the data as the model sees them: without noise, the nearest sample."""
        words = ("--objective", "consistency_distillation", "--teacher", "analytic")
        run = package.start(*words)
        times = torch.full((5,), 1e-3)
        assert run.teacher is not None
        assert torch.equal(run.teacher(run.data[:5] + 1e-3 * torch.randn(5, 1, 8, 8), times), run.data[:5])
        package.script("train", *QUICK, *words, "--out", "run")
        assert load_file(WEIGHTS)

    def test_takes_bytes_with_their_channels_last(self, package: Package) -> None:
        images = np.arange(2 * 8 * 4 * 3, dtype=np.uint8).reshape(2, 8, 4, 3)
        np.savez("images.npz", images)
        data = package.train.load_data("images.npz")
        assert data.shape == (2, 3, 8, 4)
        assert data[1, 2, 7, 3].item() == pytest.approx(images[1, 7, 3, 2] / 127.5 - 1)


class TestAveraging:
    """The target network is an average by the curriculum's mu, a copy where that is 0, and is never trained."""

    @pytest.mark.parametrize(("objective", "copied"), [("ict", True), ("consistency_training", False)])
    def test_follows_mu(self, package: Package, objective: str, copied: bool) -> None:
        run, seen = package.start("--objective", objective, "--batch", 16, "--steps", 9), []

        def watched(network: Any, x0: Tensor, *, network_ema: Any, z: Tensor, n: Tensor, N: int) -> Tensor:
            seen.append(network_ema)
            loss: Tensor = objective_loss(network, x0, network_ema=network_ema, z=z, n=n, N=N)
            return loss

        objective_loss, run.objective = run.objective.loss, replace(run.objective, loss=watched)
        old, mu = [p.clone() for p in run.target.parameters()], run.objective.decay(0, 9)
        package.train.update(run)
        assert (mu == 0) is copied
        assert seen == [run.target]
        assert not any(p.requires_grad for p in run.target.parameters())
        assert distance(run.network, old) > 0
        expected = [mu * o + (1 - mu) * n for o, n in zip(old, run.network.parameters(), strict=True)]
        assert distance(run.target, expected) < 1e-7
        assert (distance(run.target, run.network) == 0) is copied

    def test_samples_are_drawn_in_evaluation_mode_with_the_buffers_of_now(self, package: Package) -> None:
        package.patch.setitem(package.train.NETWORKS, "normed", normed)
        run = package.start("--batch", 16, "--steps", 3, "--network", "normed", "--out", "run")
        Path("run").mkdir()
        package.train.train(run)
        now, kept = (dict(part.named_buffers()) for part in (run.network, run.averaged))
        assert now["1.num_batches_tracked"] > 0
        assert all(torch.equal(kept[name], value) for name, value in now.items())

    def test_evaluation_average_warms_up(self, package: Package) -> None:
        run = package.start("--batch", 16, "--steps", 9)
        old = [p.clone() for p in run.averaged.parameters()]
        package.train.update(run)
        expected = [0.1 * o + 0.9 * n for o, n in zip(old, run.network.parameters(), strict=True)]
        assert distance(run.averaged, expected) < 1e-7


class TestSampling:
    def samples(self, package: Package, *words: object) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """Draw samples of the run as an array."""
        package.script("sample", WEIGHTS, "--out", "drawn.npz", *words)
        with np.load("drawn.npz") as file:
            (array,) = (file[name] for name in file.files)
        return np.asarray(array, np.float32)

    def test_draws_with_any_sampler(self, package: Package) -> None:
        package.script("train", *QUICK, "--out", "run")
        for words in (["onestep"], ["multistep", "--set", "times=5,0.5"], ["ode", "--set", "N=5"]):
            drawn = self.samples(package, "--n", 5, "--sampler", *words)
            assert drawn.shape == (5, 1, 8, 8)
            assert np.isfinite(drawn).all()

    def test_takes_the_sampler_that_suits_the_weights(self, package: Package) -> None:
        package.script("train", *QUICK, "--out", "run", "--objective", "denoising")
        assert "by ode" in package.script("sample", WEIGHTS)
        assert package.sample.samplers_for("ict") == ["onestep", "multistep"]

    def test_undoes_the_standardisation(self, package: Package) -> None:
        """After a few tiny steps the one-step map still gives nearly 0, the data's mean, whatever the noise."""
        data = np.random.default_rng(0).normal(100, 3, (50, 4)).astype(np.float32)
        np.savez("data.npz", data)
        package.script("train", "--data", "data.npz", "--steps", 6, "--lr", 1e-9, "--out", "run")
        assert np.abs(self.samples(package, "--n", 100) - data.mean()).max() < 0.1 * data.std()

    def test_scaling_is_undone_exactly(self, package: Package) -> None:
        data = 100 + 3 * torch.randn(200, 5, dtype=torch.float64)
        scaling = package.train.measure(data, "data")
        assert float(scaling.to_model(data).std()) == pytest.approx(0.5)
        assert torch.allclose(scaling.to_data(scaling.to_model(data)), data, rtol=1e-14)

    def test_depends_on_the_seed_alone(self, package: Package) -> None:
        package.script("train", *QUICK, "--out", "run")
        first, again, other = (self.samples(package, "--n", 2, "--seed", seed) for seed in (1, 1, 2))
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)

    def test_writes_a_picture_with_every_sample(self, package: Package) -> None:
        images = torch.arange(6, dtype=torch.float32).reshape(6, 1, 1, 1).expand(6, 1, 8, 8) / 5
        package.sample.picture({"six": images}).save("six.png")
        with Image.open("six.png") as picture:
            centres = [
                picture.getpixel((52 * column + 24, 16 + 52 * row + 24)) for row in (0, 1) for column in range(3)
            ]
        assert centres == [(51 * shade,) * 3 for shade in range(6)]

    def test_writes_a_picture_the_right_way_up(self, package: Package) -> None:
        image = torch.zeros(1, 3, 8, 8)
        image[0, 2, :4, :4] = 1
        package.sample.picture({"one": image}).save("one.png")
        with Image.open("one.png") as picture:
            corners = [picture.getpixel((x, 16 + y)) for y in (8, 40) for x in (8, 40)]
        assert corners == [(0, 0, 255), (0, 0, 0), (0, 0, 0), (0, 0, 0)]


class TestRefusals:
    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            (["--objective", "magic"], "'ict', 'denoising'"),
            (["--objective", "consistency_distillation"], "needs --teacher CHECKPOINT"),
            (["--objective", "consistency_distillation"], "or --teacher analytic, the data's own denoiser"),
            (["--teacher", "none.safetensors"], "takes no teacher"),
            (["--teacher", "analytic"], "ict takes no teacher"),
            (["--data", "cats"], "no data 'cats'"),
            (["--data", "none.npz"], "can't read none.npz: there is no such file"),
            (["--device", "abacus"], "no device 'abacus'"),
            (["--device", "meta"], "no device 'meta'"),
            (["--steps", "0"], "--steps: '0' is not a whole number of at least 1"),
            (["--steps", "1.5"], "--steps: '1.5' is not a whole number of at least 1"),
            (["--batch", "-2"], "--batch: '-2' is not a whole number of at least 1"),
            (["--batch", "0"], "--batch: '0' is not a whole number of at least 1"),
            (["--lr", "nan"], "--lr: 'nan' is not a number of at least 0"),
            (["--lr", "-1"], "--lr: '-1' is not a number of at least 0"),
            (["--clip", "-1"], "--clip: '-1' is not a number above 0"),
            (["--ema", "2"], "--ema: '2' is not a number of at least 0 and below 1"),
            (["--seed", "-1"], "--seed: '-1' is not a whole number from 0"),
        ],
    )
    def test_train(self, package: Package, words: list[str], expected: str) -> None:
        assert expected in package.refusal("train", *words)

    @pytest.mark.parametrize(
        ("array", "expected"),
        [
            (np.array(["a", "b"]), "holds <U1 and no real numbers"),
            (np.array([[1j]]), "holds complex128 and no real numbers"),
            (np.array(1.0), "shape [], so no samples"),
            (np.zeros((0, 3)), "shape [0, 3], so no samples"),
            (np.array([[1.0, np.nan]]), "not finite"),
            (np.array([[1.0, 1e300]]), "not finite"),
        ],
    )
    def test_arrays_that_are_no_data(self, package: Package, array: Any, expected: str) -> None:
        np.savez("data.npz", array)
        said = package.refusal("train", "--data", "data.npz")
        assert said.startswith("train.py: data.npz holds")
        assert expected in said
        assert "expected one array of finite real numbers, one sample a row" in said

    def test_data_that_are_all_the_same(self, package: Package) -> None:
        np.savez("data.npz", np.ones((4, 3)))
        assert "the numbers of data.npz are all 1" in package.refusal("train", "--data", "data.npz")

    def test_several_arrays(self, package: Package) -> None:
        np.savez("data.npz", images=np.eye(3), labels=np.arange(3))
        assert "data.npz holds 2 arrays (images, labels)" in package.refusal("train", "--data", "data.npz")

    @pytest.mark.parametrize("damage", ["empty", "half", "text", "zeroed", "npy"])
    def test_files_that_are_damaged(self, package: Package, damage: str) -> None:
        np.savez_compressed("data.npz", np.random.default_rng(0).normal(size=(50, 50)))
        path = Path("data.npz")
        whole = path.read_bytes()
        written = {
            "empty": b"",
            "half": whole[: len(whole) // 2],
            "text": b"this is text",
            "zeroed": whole[:500] + bytes(1000) + whole[1500:],
            "npy": b"\x93NUMPY\x01\x00v\x00" + whole,
        }
        path.write_bytes(written[damage])
        said = package.refusal("train", "--data", "data.npz")
        assert "data.npz" in said
        assert "expected one array" in said
        assert len(said.splitlines()) == 1

    def test_a_teacher_that_is_no_denoiser(self, package: Package) -> None:
        package.script("train", *QUICK, "--out", "run")
        words = ("--objective", "consistency_distillation", "--teacher", WEIGHTS)
        assert "not as a denoiser" in package.refusal("train", *words)

    def test_data_that_would_be_unpickled(self, package: Package) -> None:
        np.savez("data.npz", np.array([{"a": 1}], dtype=object))
        assert "can't read data.npz" in package.refusal("train", "--data", "data.npz")

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (np.eye(3), "was trained on data [1, 8, 8], and data.npz has [3]"),
            (np.random.default_rng(0).normal(3, 2, (50, 1, 8, 8)), "give the data it was trained on"),
        ],
    )
    def test_a_teacher_of_other_data(self, package: Package, data: Any, expected: str) -> None:
        package.script("train", *QUICK, "--out", "run", "--objective", "denoising")
        np.savez("data.npz", data)
        words = ("--objective", "consistency_distillation", "--teacher", WEIGHTS, "--data", "data.npz")
        assert expected in package.refusal("train", *words)

    def test_a_shape_that_the_network_cannot_take(self, package: Package) -> None:
        np.savez("data.npz", np.eye(3, dtype=np.float32))
        assert "can't make the network unet" in package.refusal("train", "--data", "data.npz", "--network", "unet")

    def test_a_folder_that_is_a_file(self, package: Package) -> None:
        Path("run").write_text("")
        assert "can't write to run" in package.refusal("train", *QUICK, "--out", "run")

    def test_sample(self, package: Package) -> None:
        Path("text").write_text("this is no checkpoint")
        assert "can't read the checkpoint none" in package.refusal("sample", "none")
        assert "can't read the checkpoint text" in package.refusal("sample", "text")
        package.script("train", *QUICK, "--out", "run")
        save_file({"a": torch.zeros(1)}, "other.safetensors")
        assert "lacks spec, objective" in package.refusal("sample", "other.safetensors")

    @pytest.mark.parametrize(
        ("sampler", "setting", "expected"),
        [
            ("ode", "N=2.5", "'2.5' is not a whole number of at least 2"),
            ("ode", "N=0", "'0' is not a whole number of at least 2"),
            ("ode", "N=1", "'1' is not a whole number of at least 2"),
            ("ode", "N=5,6", "'5,6' is not a whole number of at least 2"),
            ("ode", "last=nan", "'nan' is not one finite number"),
            ("multistep", "time=1", "it has: times"),
            ("multistep", "times=soon", "'soon' is not NUMBER,NUMBER"),
            ("multistep", "times=0.0001", "decreasing times, each above 0.002 and at most 80"),
            ("multistep", "times=0.002", "decreasing times, each above 0.002 and at most 80"),
            ("multistep", "times=81", "decreasing times, each above 0.002 and at most 80"),
            ("multistep", "times=1,2", "decreasing times, each above 0.002 and at most 80"),
            ("multistep", "times=nan", "decreasing times, each above 0.002 and at most 80"),
            ("onestep", "N=3", "it has: none"),
        ],
    )
    def test_parameters_of_samplers(self, package: Package, sampler: str, setting: str, expected: str) -> None:
        with pytest.raises(SystemExit) as end:
            package.sample.settings(sampler, [setting])
        assert expected in str(end.value.code)

    def test_samples_that_are_not_finite(self, package: Package) -> None:
        package.script("train", *QUICK, "--out", "run")
        weights = load_file(WEIGHTS)
        with safe_open(WEIGHTS, "pt") as file:
            header = file.metadata()
        poisoned = {name: torch.full_like(w, float("nan")) for name, w in weights.items()}
        save_file(poisoned, WEIGHTS, header)
        said = package.refusal("sample", WEIGHTS, "--n", 5)
        assert "5 of 5 samples by onestep are not finite, so nothing was written" in said
        assert not Path("samples.png").exists()


class TestAccidents:
    def test_a_loss_that_is_not_finite_stops_with_the_last_good_weights(self, package: Package) -> None:
        update = package.train.update

        def poisoned(run: Any) -> Tensor:
            if run.step == 4:
                next(run.network.parameters()).data.fill_(float("nan"))
            values: Tensor = update(run)
            return values

        package.patch.setattr(package.train, "update", poisoned)
        said = package.refusal("train", "--batch", 16, "--steps", 9, "--every", 3, "--out", "run")
        assert f"not finite, between steps 3 and 6; the weights of step 3 are in {WEIGHTS}" in said
        assert all(weights.isfinite().all() for weights in load_file(WEIGHTS).values())

    def test_a_gradient_that_is_not_finite_is_seen_where_the_loss_is_finite(self, package: Package) -> None:
        run = package.start("--batch", 16, "--steps", 9)

        def rooted(network: Any, x0: Tensor, *, N: int, **draws: Tensor) -> Tensor:
            norm: Tensor = network(x0, x0.new_zeros(len(x0))).flatten(1).norm(dim=1).square().sqrt()
            return norm

        run.objective = replace(run.objective, loss=rooted)
        loss, slope = package.train.update(run)
        assert loss == 0
        assert not slope.isfinite()

    def test_a_save_that_fails_leaves_the_checkpoint_before_it(self, package: Package) -> None:
        package.script("train", *QUICK, "--out", "run")
        before = WEIGHTS.read_bytes()

        def half(tensors: dict[str, Tensor], path: Path, metadata: dict[str, str]) -> None:
            path.write_bytes(before[:1000])
            raise OSError("no space left")

        package.patch.setattr(package.modules["checkpoint"], "save_file", half)
        assert "no space left" in package.refusal("train", *QUICK, "--seed", 1, "--out", "run")
        assert WEIGHTS.read_bytes() == before

    def test_an_interruption_says_where_it_was(self, package: Package) -> None:
        def interrupted(run: Any) -> Tensor:
            raise KeyboardInterrupt

        package.patch.setattr(package.train, "update", interrupted)
        assert "interrupted at step 0; nothing was saved yet" in package.refusal("train", *QUICK)
