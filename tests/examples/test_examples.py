"""Every example runs as it is."""

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[2] / "examples"
STAND_IN = Path(__file__).parent / "stand_in"  # packages that an example needs and that the tests do without


@pytest.mark.parametrize("backend", ["torch", "jax"])
@pytest.mark.parametrize("spec", sorted(EXAMPLES.glob("*.cm")), ids=lambda p: p.stem)
def test_a_spec_compiles_and_can_be_imported(spec: Path, backend: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cmdsl", "compile", str(spec), "-b", backend, "-o", str(tmp_path / "package")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    folders = (str(EXAMPLES), str(STAND_IN), os.environ.get("PYTHONPATH", ""))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, folders))}
    importing = [sys.executable, "-c", "import package"]
    imported = subprocess.run(importing, cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert imported.returncode == 0, imported.stderr


def test_a_solver_approaches_the_exact_map(tmp_path: Path) -> None:
    script = EXAMPLES / "exact_in_one_step.py"
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    errors = [float(line.rpartition(" ")[2]) for line in done.stdout.splitlines()[1:]]
    ratios = [coarse / fine for coarse, fine in pairwise(errors[1:])]
    assert all(3.5 < ratio < 5 for ratio in ratios), done.stdout


def test_the_data_denoise_themselves(tmp_path: Path) -> None:
    script = EXAMPLES / "data_denoise_themselves.py"
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = re.search(r"within (\S+) of one of (\d+) training images", done.stdout)
    assert found, done.stdout
    assert float(found[1]) < 1e-6
    assert int(found[2]) > 100
    with Image.open(tmp_path / "denoised.png") as picture:
        assert picture.size == (9 * 52, 6 * 52)
