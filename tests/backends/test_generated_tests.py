"""The emitted `test_model.py`: it passes on what is emitted, and fails on a model with a mistake in it."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import cmdsl_jax
import cmdsl_torch
from cmdsl.emit.backend import Backend
from cmdsl.ir.optimize import optimize
from tests.ir.ve import ve_program

MISTAKES = {
    "unshifted": ("1 / (1 + ((t - EPSILON) / SIGMA_DATA) ** 2)", "1 / (1 + (t / SIGMA_DATA) ** 2)"),
    "reciprocal": (
        "1 / (1 + ((t - EPSILON) / SIGMA_DATA) ** 2)",
        "SIGMA_DATA**2 / ((t - EPSILON) ** 2 + SIGMA_DATA**2) * (1 + 1e-7)",
    ),
    "no_sigma_data": ("SIGMA_DATA * (t - EPSILON) / torch.sqrt", "(t - EPSILON) / torch.sqrt"),
    "float32_noise": ("return torch.log(t) / 4", "return torch.log(t.float()).to(t.dtype) / 4"),
    "network_input": ("network(over(c_in(t), x) * x, c_noise(t))", "network(x, c_noise(t))"),
    "variance_exploding": ("torch.sqrt((t - r) * (t + r))", "(t - r)"),
    "half_velocity": ("return (x - denoised) / over(t, x)", "return (x - denoised) / (2 * over(t, x))"),
    "first_order": ("r_minus_t * (d1 + d2) / 2", "r_minus_t * d1"),
    "wrong_grid": ("(i - 1) / (n - 1)", "(i - 1) / n"),
    "backwards": ("times[n - 1].expand", "times[n].expand"),
    "unguarded": ("inverse_gap(t, r) * pseudo_huber", "inverse_gap(t, t) * pseudo_huber"),
    "curriculum": (", 160) + 1)", ", 160) + 0.5)"),
}


def package(backend: Backend, folder: Path, change: tuple[str, str] = ("", "")) -> None:
    folder.mkdir()
    for name, text in backend.package(optimize(ve_program())).items():
        changed = text.replace(*change) if name == "model.py" and change[0] else text
        assert (changed != text) == (name == "model.py" and bool(change[0]))
        (folder / name).write_text(changed)


def outcome(folder: Path) -> dict[str, int]:
    """Run the tests of all packages in a folder from elsewhere; give how many failed in each."""
    report = folder / "report.xml"
    options = ["-q", "-p", "no:cacheprovider", "--no-header", f"--junitxml={report}", "--rootdir", str(folder)]
    command = [sys.executable, "-m", "pytest", *options, *map(str, sorted(folder.glob("*/test_model.py")))]
    subprocess.run(command, capture_output=True, check=False, cwd="/")
    failed = dict.fromkeys((p.name for p in folder.iterdir() if p.is_dir()), 0)
    for case in ElementTree.parse(report).iter("testcase"):
        name = case.attrib["classname"].split(".")[-2]
        failed[name] += case.find("failure") is not None or case.find("error") is not None
    return failed


TORCH = pytest.param(cmdsl_torch.BACKEND, marks=pytest.mark.slow)  # those of whole specs are run elsewhere


@pytest.mark.parametrize("backend", [TORCH, cmdsl_jax.BACKEND], ids=lambda b: b.name)
def test_emitted_tests_pass(backend: Backend, tmp_path: Path) -> None:
    package(backend, tmp_path / "right")
    assert outcome(tmp_path) == {"right": 0}


QUICK = ("unshifted", "variance_exploding", "first_order", "wrong_grid")


def test_emitted_tests_find_mistakes(tmp_path: Path) -> None:
    for name in QUICK:
        package(cmdsl_torch.BACKEND, tmp_path / name, MISTAKES[name])
    assert [name for name, failed in outcome(tmp_path).items() if failed == 0] == []


@pytest.mark.slow
def test_emitted_tests_find_every_mistake(tmp_path: Path) -> None:
    for name, change in MISTAKES.items():
        package(cmdsl_torch.BACKEND, tmp_path / name, change)
    assert [name for name, failed in outcome(tmp_path).items() if failed == 0] == []
