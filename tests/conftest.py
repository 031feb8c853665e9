"""What every room's tests share."""

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update`, which writes what is found in place of what is expected."""
    parser.addoption("--update", action="store_true", help="write what is found into the expected texts")


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Tell whether expected texts are to be rewritten."""
    return bool(request.config.getoption("--update"))


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Give a function of a spec's name and a backend's: compile it with the command, once, and give the package."""

    @cache
    def compile_spec(name: str, backend: str) -> Path:
        folder = tmp_path_factory.mktemp("compiled") / f"{name}_{backend}"
        spec = str(ROOT / "specs" / f"{name}.cm")
        command = [sys.executable, "-m", "cmdsl", "compile", spec, "--backend", backend, "-o", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return folder

    return compile_spec
