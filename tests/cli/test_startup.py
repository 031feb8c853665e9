"""What the command loads before it is asked for anything: nothing that takes long."""

import json
import os
from pathlib import Path

import pytest

from tests.cli.command import ROOT, shell

HEAVY = {"sympy", "mpmath", "flint", "lark", "torch", "jax", "numpy"}
REPORT = (
    "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})), file=sys.stderr)"
)


def loaded(code: str, folder: Path) -> set[str]:
    """Give the packages that a fresh process has loaded after this code."""
    done = shell("-c", f"{code}\n{REPORT}", cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.code == 0, done.err
    return set(json.loads(done.err.splitlines()[-1]))


@pytest.mark.parametrize("module", ["cmdsl", "cmdsl.cli", "cmdsl.cache", "cmdsl.diagnostics"])
def test_importing_loads_nothing_heavy(module: str, tmp_path: Path) -> None:
    assert not HEAVY & loaded(f"import {module}", tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["backends"],
        ["check", "--help"],
        ["compile", "--help"],
        ["new", "--help"],
        ["library", "--help"],
    ],
)
def test_help_loads_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    code = f"from cmdsl.cli import main\ntry:\n    main({words})\nexcept SystemExit as left:\n    assert not left.code"
    assert not HEAVY & loaded(code, tmp_path)


def test_no_framework_is_loaded_by_compiling(tmp_path: Path) -> None:
    words = ["compile", str(ROOT / "specs" / "ve_edm.cm"), "--backend", "jax"]
    code = f"from cmdsl.cli import main\nassert main({words}) == 0"
    assert not {"torch", "jax", "numpy"} & loaded(code, tmp_path)
