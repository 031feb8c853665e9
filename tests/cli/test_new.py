"""What `cmdsl new` writes: specs that check and compile as they stand, and never over a file."""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

from cmdsl.commands import new
from cmdsl.driver import Compilation, check, package
from cmdsl.emit.registry import find
from tests.cli.command import Run
from tests.numbers.loading import load

ROOM = Path(str(files("cmdsl"))) / "templates"
TEMPLATES = list(new.templates())


@cache
def checked(template: str) -> Compilation:
    """Derive and prove a template, once."""
    return check(ROOM / f"{template}.cm", {})


def test_the_command_offers_what_is_there() -> None:
    assert sorted(TEMPLATES) == sorted(path.stem for path in ROOM.glob("*.cm"))


@pytest.mark.parametrize("template", TEMPLATES)
def test_everything_is_proved(template: str) -> None:
    assert checked(template).warnings == ()
    assert checked(template).certificate.verdicts


@pytest.mark.parametrize("backend", ["torch", "jax"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_it_compiles_to_a_module_that_can_be_imported(template: str, backend: str) -> None:
    model = load(package(checked(template), find(backend))["model.py"])
    assert bool(model.OBJECTIVES) == (template != "blank")


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_name_is_the_one_given_and_all_else_the_template(run: Run, template: str) -> None:
    done = run("new", "σ_model", "--from", template)
    assert (done.code, done.out, done.err) == (0, "sigma_model.cm\n", "")
    written, original = (p.read_text(encoding="utf-8") for p in (Path("sigma_model.cm"), ROOM / f"{template}.cm"))
    assert re.findall(r"^model (.*)$", written, re.MULTILINE) == ["sigma_model"]
    assert written == re.sub(r"^model .*$", "model sigma_model", original, flags=re.MULTILINE)
    assert run("check", "sigma_model.cm").out.startswith("sigma_model  ")


def test_the_hints_of_the_blank_spec_are_a_spec(run: Run) -> None:
    text = (ROOM / "blank.cm").read_text(encoding="utf-8")
    Path("whole.cm").write_text(re.sub(r"^#   ", "", text, flags=re.MULTILINE), encoding="utf-8")
    done = run("check", "whole.cm")
    assert (done.code, done.err) == (0, "")
    assert len(re.findall(r"^  proved ", done.out, re.MULTILINE)) >= 10


def test_it_may_be_written_elsewhere(run: Run) -> None:
    assert run("new", "flow", "--from", "path", "-o", "some where/flow.cm").out == "some where/flow.cm\n"
    assert "model flow\n" in Path("some where/flow.cm").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [["mine"], ["other", "-o", "mine.cm"]])
def test_a_file_that_is_there_is_left_alone(run: Run, words: list[str]) -> None:
    Path("mine.cm").write_text("mine", encoding="utf-8")
    done = run("new", *words)
    assert (done.code, done.out) == (1, "")
    assert "error[CM404]: mine.cm is there already" in done.err
    assert Path("mine.cm").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    "name", ["", "a b", "2fast", "a-b", "../x", "a/b", "x # y", "x\nparam q = 2", "x\n", "time t in [0, 1]", "a\0"]
)
def test_a_name_that_is_none_is_refused(run: Run, name: str) -> None:
    done = run("new", name)
    assert (done.code, done.out) == (2, "")
    assert f"cmdsl new: error: {name!a} can't be the name of a model" in done.err
    assert not list(Path().iterdir())


@pytest.mark.parametrize("place", ["taken/new.cm", "/proc/new.cm", ".", "n" * 300 + ".cm", "a\0b.cm"])
def test_a_place_that_cannot_be_written_is_named(run: Run, place: str) -> None:
    Path("taken").write_text("mine", encoding="utf-8")
    done = run("new", "mine", "-o", place)
    assert (done.code, done.out) == (1, "")
    assert "error[CM404]" in done.err


def test_a_template_that_is_none_is_refused(run: Run) -> None:
    done = run("new", "mine", "--from", "edm")
    assert done.code == 2
    assert "invalid choice: 'edm'" in done.err
