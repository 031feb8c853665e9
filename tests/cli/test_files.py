"""Packages compiled again: a user's edits survive, and whatever cuts a compilation short leaves whole files."""

import ast
import hashlib
import json
import os
from pathlib import Path

import pytest

from tests.cli.command import ROOT, Run, shell

TINY = """# A process and nothing else, so that compiling takes no time.
model small
param T = 80 in (0, inf)
time t in [0, T]
sde { drift = 0  diffusion = 1 }
"""
SCAFFOLD = ("network.py", "train.py", "sample.py")

KILLED = """import os, sys
from cmdsl.cli import main
count, real = int(sys.argv.pop(1)), os.replace
def replace(source, target):
    global count
    count -= 1
    if count < 0:
        os._exit(9)
    real(source, target)
os.replace = replace
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "small.cm"
    path.write_text(TINY, encoding="utf-8")
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("name", SCAFFOLD)
def test_a_scaffold_is_the_users_once_written(run: Run, spec: Path, name: str) -> None:
    run("compile", spec, "-o", "out")
    Path("out", name).write_text("mine\n", encoding="utf-8")
    assert run("compile", spec, "-o", "out", "-D", "T=40").code == 0
    assert Path("out", name).read_text(encoding="utf-8") == "mine\n"
    assert "\nT = 40.0\n" in Path("out/model.py").read_text(encoding="utf-8")


def test_scaffolds_are_rewritten_when_asked_and_forced(run: Run, spec: Path) -> None:
    run("compile", spec, "-o", "out")
    Path("out/train.py").write_text("mine\n", encoding="utf-8")
    refused = run("compile", spec, "-o", "out", "--scaffold")
    assert (refused.code, "out/train.py has been edited" in refused.err) == (1, True)
    assert Path("out/train.py").read_text(encoding="utf-8") == "mine\n"
    assert run("compile", spec, "-o", "out", "--scaffold", "--force").code == 0
    assert Path("out/train.py").read_text(encoding="utf-8") != "mine\n"


@pytest.mark.parametrize("name", ["model.py", "test_model.py", "__init__.py", "spec.cm", "derivation.md"])
def test_an_edited_generated_file_is_refused_and_named(run: Run, spec: Path, name: str) -> None:
    run("compile", spec, "-o", "out", "-b", "jax")
    Path("out", name).write_text("mine\n", encoding="utf-8")
    before = contents(Path("out"))
    refused = run("compile", spec, "-o", "out", "-b", "jax", "-D", "T=40")
    assert refused.code == 1
    assert f"out/{name} has been edited since it was compiled" in refused.err
    assert "--force" in refused.err
    assert contents(Path("out")) == before
    assert run("compile", spec, "-o", "out", "-b", "jax", "-D", "T=40", "--force").code == 0
    assert Path("out", name).read_bytes() != before[name]


def test_compiling_again_without_edits_just_works(run: Run, spec: Path) -> None:
    for setting in ("T=80", "T=40", "T=40", "T=80"):
        assert run("compile", spec, "-o", "out", "-b", "jax", "-D", setting).code == 0


@pytest.mark.parametrize("writes", [0, 1, 4])
def test_a_killed_compilation_leaves_whole_files_and_is_repeated(run: Run, spec: Path, writes: int) -> None:
    run("compile", spec, "-o", "whole", "-b", "jax", "-D", "T=40")
    run("compile", spec, "-o", "out", "-b", "jax")
    before, whole = contents(Path("out")), contents(Path("whole"))
    words = ["compile", "small.cm", "-o", "out", "-b", "jax", "-D", "T=40"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert shell("-c", KILLED, str(writes), *words, cwd=Path(), env=env).code == 9
    after = contents(Path("out"))
    kept = [name for name in before if name != ".cmdsl.json"]
    assert all(after[name] in (before[name], whole[name]) for name in kept)
    assert any(after[name] != before[name] for name in kept) == (writes > 1)
    assert run("compile", spec, "-o", "out", "-b", "jax", "-D", "T=20").code == 0
    assert run(*words).code == 0
    assert {name: contents(Path("out"))[name] for name in kept} == {name: whole[name] for name in kept}


def test_the_record_holds_the_hashes_of_what_is_there(run: Run, spec: Path) -> None:
    run("compile", spec, "-b", "jax")
    found = contents(Path("build/small_jax"))
    record = json.loads(found.pop(".cmdsl.json"))
    assert record == {"files": {name: hashlib.sha256(text).hexdigest() for name, text in sorted(found.items())}}


def test_every_python_file_is_complete(run: Run, spec: Path) -> None:
    run("compile", spec)
    for path in Path("build/small_torch").glob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"))
