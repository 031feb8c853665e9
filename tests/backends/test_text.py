"""The emitted files as text: in ruff's format, linted, typed, ASCII, the same each time, whatever a spec is called."""

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from attrs import evolve

import cmdsl_jax
import cmdsl_torch
from cmdsl.driver import check, package
from cmdsl.emit.backend import Backend
from cmdsl.ir.nodes import Constant, Function, Param, Program, Return, Role, Type, Var
from cmdsl.ir.optimize import optimize
from tests.backends.emitted import load
from tests.cli.command import ROOT
from tests.ir.every import every_program
from tests.ir.ve import ve_program
from tests.numbers.test_loops import SPEC

BACKENDS = (cmdsl_torch.BACKEND, cmdsl_jax.BACKEND)
HOSTILE = '""" \\N{DASH} \\\n# σ """; import os'


def written(program: Program, backend: Backend, folder: Path) -> list[str]:
    """Write a package's own files, and give their paths."""
    paths = []
    for name, text in backend.package(optimize(program)).items():
        (folder / name).write_text(text)
        paths.append(str(folder / name))
    return paths


def ruff(*arguments: str) -> None:
    command = [sys.executable, "-m", "ruff", *arguments, "--isolated", "--line-length", "120"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: b.name)
@pytest.mark.parametrize("build", [ve_program, every_program])
def test_files_are_as_ruff_would_have_them(build: object, backend: Backend, tmp_path: Path) -> None:
    assert callable(build)
    paths = written(build(), backend, tmp_path)
    ruff("format", "--check", *paths)
    ruff("check", "--select", "B,C4,E,F,I,RUF,SIM,UP,W", *paths)
    assert all(Path(path).read_text().isascii() for path in paths)


@pytest.mark.parametrize(
    "backend", [BACKENDS[0], pytest.param(BACKENDS[1], marks=pytest.mark.slow)], ids=lambda b: b.name
)
def test_the_model_passes_strict_types(backend: Backend, tmp_path: Path) -> None:
    written(ve_program(), backend, tmp_path)
    (tmp_path / "loops.cm").write_text(SPEC)
    (tmp_path / "loops.py").write_text(package(check(tmp_path / "loops.cm", {}), backend)["model.py"])
    models = [str(tmp_path / name) for name in ("model.py", "loops.py")]
    command = [sys.executable, "-m", "mypy", "--strict", *models]  # with what mypy knows of torch
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: b.name)
def test_the_model_imports_its_framework_and_the_standard_library(backend: Backend) -> None:
    tree = ast.parse(backend.package(optimize(ve_program()))["model.py"])
    plain = {a.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    parents = {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    framework = {"torch"} if backend.name == "torch" else {"jax", "numpy"}
    assert plain | parents <= framework | {"math", "collections", "functools"}


def test_both_backends_offer_the_same_names() -> None:
    offered = [set(ast.literal_eval(_all(backend))) for backend in BACKENDS]
    assert offered[0] - offered[1] == {"ConsistencyModel"}
    assert offered[1] <= offered[0]


def _all(backend: Backend) -> str:
    return backend.package(optimize(ve_program()))["__init__.py"].split("__all__ = ")[1]


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: b.name)
def test_hostile_names_and_texts_do_no_harm(backend: Backend, tmp_path: Path) -> None:
    """Whatever a function is called, it is emitted under a name that works, and its formula stays a text."""
    names = ("lambda", "torch", "jnp", "over", "abs", "print", "__import__", "Tensor", "PARAMS", "math")
    t = Var("class", Type.SAMPLE)
    functions = tuple(
        Function(name, (Param("class", Type.SAMPLE),), (Return(t),), Type.SAMPLE, Role.DEFINITION, HOSTILE, HOSTILE)
        for name in names
    )
    program = evolve(ve_program(), functions=(*ve_program().functions, *functions), title=HOSTILE, spec_path=HOSTILE)
    program = evolve(program, constants=(*program.constants, Constant("TRUE", 'é"\\', program.constants[0].value)))
    model = load(program, backend, tmp_path)
    ruff("check", "--select", "E,F", str(tmp_path / "model.py"))
    for name in names:
        renamed = f"{name.strip('_')}_"
        assert getattr(model, renamed if hasattr(model, renamed) else name)(3) == 3


def test_bfloat16_states_have_float32_coefficients(tmp_path: Path) -> None:
    model: ModuleType = load(ve_program(), cmdsl_torch.BACKEND, tmp_path)
    x0 = torch.randn(4, 3, dtype=torch.bfloat16)
    assert model.fill(80.0, x0).dtype == torch.float32
    seen = []

    def network(x: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        seen.append(c.dtype)
        return x

    draws = model.draw_ict(torch.Generator().manual_seed(0), x0, N=18)
    loss = model.loss_ict(network, x0, network_ema=network, N=18, **draws)
    assert loss.dtype == torch.float32
    assert set(seen) == {torch.float32}
