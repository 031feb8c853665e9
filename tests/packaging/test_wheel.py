"""What is installed is what is tested elsewhere: an editable install hides files that the wheel lacks."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPECS = sorted(path.stem for path in (ROOT / "specs").glob("*.cm"))
TORCH_FILES = {
    "__init__.py",
    "model.py",
    "test_model.py",
    "checkpoint.py",
    "data.py",
    "network.py",
    "train.py",
    "sample.py",
}
FILES = {"torch": TORCH_FILES, "jax": {"__init__.py", "model.py", "test_model.py"}}


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a command as a fresh shell would, and give what it printed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run([str(word) for word in command], cwd=cwd, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and install it alone, with the core dependencies; give the environment's programs."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", symlinks=True)
    programs = folder / "env" / "bin"
    # Compiling all of sympy to bytecode takes longer than everything else here.
    run(sys.executable, "-m", "pip", "--python", programs / "python", "install", "--quiet", "--no-compile", wheel)
    return programs


@pytest.mark.xdist_group("wheel")
class TestWheel:
    @pytest.mark.parametrize("backend", FILES)
    @pytest.mark.parametrize("spec", SPECS)
    def test_compiles_every_spec(self, installed: Path, tmp_path: Path, spec: str, backend: str) -> None:
        run(installed / "cmdsl", "compile", ROOT / "specs" / f"{spec}.cm", "--backend", backend, cwd=tmp_path)
        (package,) = (tmp_path / "build").iterdir()
        assert package.name == f"{spec}_{backend}"
        assert {path.name for path in package.iterdir()} >= FILES[backend]

    def test_needs_no_framework(self, installed: Path) -> None:
        listed = run(sys.executable, "-m", "pip", "--python", installed / "python", "list", "--format", "freeze")
        names = {line.partition("==")[0].lower() for line in listed.splitlines()}
        assert "cmdsl" in names
        assert not {"torch", "jax", "numpy"} & names

    def test_says_its_version(self, installed: Path, tmp_path: Path) -> None:
        version = run(installed / "python", "-c", "import cmdsl; print(cmdsl.__version__)", cwd=tmp_path).strip()
        assert version in run(installed / "cmdsl", "--version", cwd=tmp_path)

    def test_has_the_tables_of_its_grammar(self, installed: Path, tmp_path: Path) -> None:
        code = "from cmdsl.syntax import tables; tables.made = None; tables.parser()"
        run(installed / "python", "-c", code, cwd=tmp_path)

    def test_holds_the_templates_and_the_library(self, installed: Path, tmp_path: Path) -> None:
        run(installed / "cmdsl", "new", "mine", "--from", "blank", cwd=tmp_path)
        assert run(installed / "cmdsl", "check", "mine.cm", cwd=tmp_path).startswith("mine  ")
        assert "objective consistency_training(" in run(installed / "cmdsl", "library", cwd=tmp_path)

    def test_finds_its_backends(self, installed: Path, tmp_path: Path) -> None:
        listed = run(installed / "cmdsl", "backends", cwd=tmp_path)
        assert all(backend in listed for backend in FILES)

    def test_explains_from_the_pages_that_it_holds(self, installed: Path, tmp_path: Path) -> None:
        page = (ROOT / "docs" / "errors" / "CM204.md").read_text(encoding="utf-8")
        assert page.split("\n", 1)[0].lstrip("# ") in run(installed / "cmdsl", "explain", "CM204", cwd=tmp_path)
