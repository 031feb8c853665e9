"""A spec compiles to the same bytes, whatever the seed of Python's hashes, the folder, and what was compiled before."""

import os
from pathlib import Path

import pytest

from tests.cli.command import ROOT, SPECS, shell

ALL = """import sys
from cmdsl.cli import main
target, *specs = sys.argv[1:]
for spec in specs:
    for backend in ("torch", "jax"):
        name = spec.replace(chr(92), "/").rsplit("/", 1)[-1].removesuffix(".cm")
        assert main(["compile", spec, "--backend", backend, "-o", f"{target}/{name}_{backend}"]) == 0
"""


BASE = [path for path in SPECS if path.stem in ("ve_edm", "vp_linear", "trigflow")]


def files(package: Path) -> dict[str, bytes]:
    """Give every file of a package."""
    found = [path for path in package.iterdir() if path.is_file()]
    return {f"{package.name}/{path.name}": path.read_bytes() for path in found}


def compiled_in(folder: Path, seed: str, specs: list[str]) -> dict[str, bytes]:
    """Compile specs in one process of their own, with this seed of hashes; give every file of all packages."""
    folder.mkdir()
    env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    done = shell("-c", ALL, "packages", *specs, cwd=folder, env=env, timeout=900)
    assert done.code == 0, done.err
    return {name: content for package in (folder / "packages").iterdir() for name, content in files(package).items()}


def same(folder: Path, seed: str, specs: list[Path], first: dict[str, bytes]) -> None:
    """Assert that another process, started elsewhere and in another order, writes the same."""
    found = compiled_in(folder, seed, [os.path.relpath(path, folder) for path in reversed(specs)])
    assert found.keys() == first.keys()
    assert [name for name, content in found.items() if content != first[name]] == []


def test_specs_compile_to_the_same_bytes(tmp_path: Path) -> None:
    first = compiled_in(tmp_path / "first", "1", [str(path) for path in BASE])
    same(tmp_path / "somewhere else", "4242", BASE, first)


@pytest.mark.slow
def test_all_that_is_written_compiles_to_the_same_bytes(tmp_path: Path) -> None:
    specs = [*SPECS, *sorted((ROOT / "tests" / "cli" / "written").glob("*.cm"))]
    first = compiled_in(tmp_path / "first", "1", [str(path) for path in specs])
    same(tmp_path / "somewhere else", "random", specs, first)
