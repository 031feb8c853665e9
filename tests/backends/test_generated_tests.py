"""The emitted `test_model.py`: it passes on what is emitted, and fails on a model with a mistake in it."""

import ast
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cmdsl.driver import check, package
from cmdsl.emit.registry import find
from tests.backends.mutants import MUTANTS, Mutant

BACKENDS = ("torch", "jax")
SPEC = Path(__file__).parents[2] / "specs" / "ve_edm.cm"
QUICK = ("weight dropped", "target differentiated in loss_ict", "no clamp", "kernel from zero", "c without its root")


@cache
def files(backend: str) -> dict[str, str]:
    """Give the package of the spec."""
    return package(check(SPEC, {}), find(backend))


def written(folder: Path, backend: str, model: str) -> Path:
    """Write a model with the tests of the spec's package beside it; give the tests' path."""
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "model.py").write_text(model)
    tests = folder / "test_model.py"
    tests.write_text(files(backend)["test_model.py"])
    return tests


def failures(report: Path, tests: Iterable[str]) -> dict[str, dict[str, bool]]:
    """Run tests from elsewhere; tell by package and test whether it failed."""
    options = ["-q", "-p", "no:cacheprovider", "--no-header", f"--junitxml={report}", "--rootdir", str(report.parent)]
    command = [sys.executable, "-m", "pytest", *options, *tests]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert run.returncode in (0, 1), run.stdout + run.stderr
    found: dict[str, dict[str, bool]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        failed = case.find("failure") is not None or case.find("error") is not None
        found.setdefault(case.attrib["classname"].split(".")[-2], {})[case.attrib["name"]] = failed
    return found


@pytest.mark.parametrize("backend", [pytest.param("torch", marks=pytest.mark.slow), "jax"])  # torch's run elsewhere
def test_emitted_tests_pass(backend: str, tmp_path: Path) -> None:
    tests = written(tmp_path / "right", backend, files(backend)["model.py"])
    assert [name for name, failed in failures(tmp_path / "report.xml", [str(tests)])["right"].items() if failed] == []


def survivors(mutants: Iterable[Mutant], backend: str, folder: Path) -> dict[str, list[str]]:
    """Give, by mutant, those of the tests that are to fail that pass."""
    wanted: dict[str, Mutant] = {}
    paths: list[str] = []
    for mutant in mutants:
        model = mutant.applied(files(backend)["model.py"], backend)
        if model is not None:
            package = f"mutant_{len(wanted)}"
            tests = written(folder / package, backend, model)
            paths += [f"{tests}::{killer}" for killer in mutant.killers]
            wanted[package] = mutant
    found = failures(folder / "report.xml", paths)
    passed = {m.name: [k for k in m.killers if not found.get(p, {}).get(k)] for p, m in wanted.items()}
    return {name: tests for name, tests in passed.items() if tests}


def test_emitted_tests_find_mistakes(tmp_path: Path) -> None:
    assert survivors((m for m in MUTANTS if m.name in QUICK), "torch", tmp_path) == {}


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_emitted_tests_find_every_mistake(backend: str, tmp_path: Path) -> None:
    assert survivors(MUTANTS, backend, tmp_path) == {}


EXTREMES = ({"T": "1e30"}, {"sigma_data": "1e-3"}, {"sigma_data": "1e3"}, {"epsilon": "1e-9"})


@pytest.mark.slow
@pytest.mark.parametrize("overrides", EXTREMES, ids=lambda o: "_".join(f"{k}_{v}" for k, v in o.items()))
def test_emitted_tests_pass_at_extremes(overrides: dict[str, str], tmp_path: Path) -> None:
    """Where float32 overflows, rows are for float64 alone."""
    emitted = package(check(SPEC, overrides), find("torch"))
    tests = written(tmp_path / "right", "torch", emitted["model.py"])
    tests.write_text(emitted["test_model.py"])
    found = failures(tmp_path / "report.xml", [str(tests)])["right"]
    assert [name for name, failed in found.items() if failed] == []


def test_what_a_float_does_not_hold_is_no_reference(tmp_path: Path) -> None:
    """A coefficient that overflows, and a schedule that divides by zero, are left out where they do."""
    given = "growth(t) = exp(exp(t))\ndefine curriculum once { N(k) = 18\n mu(k) = 1/k }\ncurriculum once\n"
    text = SPEC.read_text().replace("curriculum ict(s1 = 160)\n", given)
    (tmp_path / "over.cm").write_text(text.replace("weight = inverse_gap", "weight(t, r) = growth(t)"))
    emitted = package(check(tmp_path / "over.cm", {}), find("torch"))["test_model.py"]
    nodes = list(ast.walk(ast.parse(emitted)))
    assert {"inf", "nan"} & {node.id for node in nodes if isinstance(node, ast.Name)} == set()
    assigned = {ast.unparse(node.targets[0]): node.value for node in nodes if isinstance(node, ast.Assign)}
    assert ast.literal_eval(assigned["SCHEDULES"])["ict_mu"][0] == (1, 1000, 1.0)
