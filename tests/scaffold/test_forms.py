"""The scripts train and sample what specs of other forms compile to: learned functions, networks of two scalars."""

from pathlib import Path

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
