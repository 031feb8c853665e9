"""What each stage made, as text and as JSON: whole, the same bytes each time, and reached in order."""

import json
import os
from functools import cache
from pathlib import Path

import pytest

from cmdsl.commands.dump import STAGES as OFFERED
from cmdsl.driver import STAGES, Compilation, compilation, dump
from tests.cli.command import ROOT, VE, Run, shell

SPEC = ROOT / "specs" / "ve_edm.cm"
EVERY = """import sys
from pathlib import Path
from cmdsl.driver import STAGES, compilation, dump
found = compilation(Path("ve_edm.cm"), {})
for stage in STAGES:
    print(dump(found, stage, "jax", False), dump(found, stage, "jax", True))
"""
# Each stage shows something that only it knows: a token, a library file, a formula, a verdict, a form, IR, a name.
SHOWN = {
    "parse": "right Number 32:37 text=1",
    "resolve": "- library/preconditions.cm",
    "derive": "formula sigma(t) - restart_alpha(t)*sigma(epsilon)",
    "prove": "status proved",
    "stabilize": "formula 1/((t - epsilon)^2/sigma_data^2 + 1)",
    "freeze": "precondition c_out(t: sample) -> sample:",
    "lower": "x_r := heun_step(teacher, x_t, t, r)",
    "optimize": "target := consistency(network_ema, perturb(x0, z, r), r)",
    "emit": "==> model.py <==",
}


def test_the_command_offers_the_stages_of_the_driver() -> None:
    assert tuple(STAGES) == OFFERED


@cache
def made() -> Compilation:
    """Take the spec through every stage, once."""
    return compilation(SPEC, {})


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_shows_its_own(stage: str) -> None:
    text = dump(made(), stage, "torch", False)
    assert SHOWN[stage] in text
    assert not any(SHOWN[later] in text for later in OFFERED[OFFERED.index(stage) + 1 :])


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_is_json_too_and_holds_no_addresses(stage: str) -> None:
    text = dump(made(), stage, "torch", True)
    assert isinstance(json.loads(text), dict)
    assert " at 0x" not in text


@pytest.mark.parametrize("stage", ["parse", "optimize"])
def test_the_command_prints_it(run: Run, stage: str) -> None:
    for words, as_json in (([], False), (["--format", "json"], True)):
        done = run("check", SPEC, "--dump", stage, *words)
        assert (done.code, done.out, done.err) == (0, dump(made(), stage, "torch", as_json), "")


def test_json_holds_the_tree_with_its_spans_and_the_types_of_the_program() -> None:
    tree, program = (json.loads(dump(made(), stage, "torch", True)) for stage in ("parse", "lower"))
    param = tree["statements"][1]
    assert (param["node"], param["name"], param["value"]["text"]) == ("Param", "sigma_data", "0.5")
    assert param["span"] == {"path": str(SPEC), "line": 4, "column": 1, "end_line": 4, "end_column": 31}
    (step,) = (f for f in program["functions"] if f["name"] == "heun_step")
    assert [p["type"] for p in step["params"]] == ["denoiser", "state", "sample", "sample"]
    assert program["constants"][1] == {
        "node": "Constant",
        "name": "EPSILON",
        "spec_name": "epsilon",
        "value": "1/500",
        "expression": None,
        "is_param": True,
    }


def test_the_same_bytes_whatever_the_hashes(tmp_path: Path) -> None:
    (tmp_path / "ve_edm.cm").write_bytes(SPEC.read_bytes())
    runs = [
        shell("-c", EVERY, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed})
        for seed in ("1", "2")
    ]
    assert runs[0].code == 0, runs[0].err
    assert runs[0].out == runs[1].out


def test_what_is_emitted_is_that_of_the_backend_and_nothing_is_written(run: Run) -> None:
    done = run("compile", SPEC, "--backend", "jax", "--dump", "emit", "--format", "json")
    assert "import jax" in json.loads(done.out)["model.py"]
    assert not list(Path().iterdir())


REFUTED = VE + "assert alpha(t) = 2\n"


@pytest.mark.parametrize(
    ("text", "last", "message"),
    [
        ("model\n", "", "error[CM002]"),
        (VE + "time s in [0, 1]\n", "parse", "error[CM1"),
        (VE.replace("drift = 0", "drift = x^2"), "resolve", "error[CM2"),
        (REFUTED, "prove", "error[CM310]"),
    ],
)
def test_a_stage_that_is_not_reached_says_why(run: Run, text: str, last: str, message: str) -> None:
    Path("wrong.cm").write_text(text, encoding="utf-8")
    reached = OFFERED.index(last) + 1 if last else 0
    for stage in (last or "parse", OFFERED[reached], "emit"):
        done = run("check", "wrong.cm", "--dump", stage)
        assert (done.code, bool(done.out)) == ((0, True) if stage == last else (1, False)), stage
        assert (message in done.err) == (stage != last)


def test_a_stage_that_is_none_is_refused(run: Run) -> None:
    done = run("check", SPEC, "--dump", "lexer")
    assert done.code == 2
    assert "lexer" in done.err
