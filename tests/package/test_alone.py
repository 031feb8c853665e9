"""A package stands alone: without this compiler it is imported, passes its own tests, and reads as written by hand."""

import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cmdsl.driver import compile_spec
from tests.cli.command import ROOT, SPECS, shell
from tests.order import complaints

COMPILER = ["cmdsl", "cmdsl_torch", "cmdsl_jax", "lark", "flint"]  # torch itself has sympy
OTHER = {"torch": "jax", "jax": "torch"}
WRITTEN = sorted(path.stem for path in (ROOT / "tests" / "cli" / "written").glob("*.cm"))

BLOCK = """import sys
blocked = {blocked}
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocked())
sys.path.insert(0, {folder!r})
"""
USE = """import {name} as package
from {name} import model
assert package.PARAMS == model.PARAMS
assert package.alpha is model.alpha
assert set(package.__all__) <= set(dir(package))
assert not blocked & {{module.partition(".")[0] for module in sys.modules}}
"""
TEST = """import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", {folder!r}, {tests!r}]))
"""

Compiled = Callable[[str, str], Path]


def alone(package: Path, backend: str, code: str) -> None:
    """Run code beside a package where neither the compiler nor the other framework can be imported."""
    names = {"folder": str(package.parent), "name": package.name, "tests": str(package / "test_model.py")}
    blocked = {*COMPILER, OTHER[backend]}
    whole = BLOCK.format(blocked=blocked, folder=str(package.parent)) + code.format(**names)
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = shell("-c", whole, cwd=package.parent, env=env, timeout=500)
    assert done.code == 0, done.out + done.err


def grouped(spec: str, *rest: str) -> object:
    """Give the values of a test that belongs with the others of its spec, which is compiled once for all of them."""
    return pytest.param(spec, *rest, marks=pytest.mark.xdist_group(spec))


@pytest.mark.parametrize("spec", [grouped(path.stem) for path in SPECS])
class TestAlone:
    def test_torch_is_imported_and_passes_its_own_tests(self, compiled: Compiled, spec: str) -> None:
        alone(compiled(spec, "torch"), "torch", USE + TEST)

    def test_jax_is_imported(self, compiled: Compiled, spec: str) -> None:
        alone(compiled(spec, "jax"), "jax", USE)

    @pytest.mark.slow
    def test_jax_passes_its_own_tests(self, compiled: Compiled, spec: str) -> None:
        alone(compiled(spec, "jax"), "jax", TEST)


@pytest.mark.parametrize(("spec", "backend"), [grouped(path.stem, backend) for path in SPECS for backend in OTHER])
def test_it_is_text_in_order(compiled: Compiled, spec: str, backend: str) -> None:
    """ASCII but for the spec and its derivation, in ruff's format, and silent about where it was made."""
    package = compiled(spec, backend)
    texts = {path.name: path.read_text(encoding="utf-8") for path in package.iterdir() if path.is_file()}
    assert all(text.isascii() for name, text in texts.items() if name.endswith(".py"))
    assert all(text.endswith("\n") and not text.endswith("\n\n") and "\r" not in text for text in texts.values())
    secrets = (str(package.parent), str(Path.home()), socket.gethostname(), tempfile.gettempdir())
    assert [(name, s) for name, text in texts.items() for s in secrets if s in text] == []
    assert not complaints(package)


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_researcher_writes_passes_its_own_tests(tmp_path: Path, name: str) -> None:
    (tmp_path / "tests" / "cli").mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "cli" / "outside.py", tmp_path / "tests" / "cli")  # what the spec `extern` names
    package = tmp_path / f"{name}_torch"
    compile_spec(ROOT / "tests" / "cli" / "written" / f"{name}.cm", "torch", package, {})
    alone(package, "torch", TEST)
