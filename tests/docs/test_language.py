"""The reference of the language is true: its examples compile, its tables name what there is, and all of it."""

import ast as python
import re
from pathlib import Path

import pytest

from cmdsl.diagnostics import SpecError
from cmdsl.driver import Compilation, package
from cmdsl.emit.registry import find
from cmdsl.sema.bodies import PLACES
from cmdsl.sema.catalogue import KINDS
from cmdsl.sema.crowds import MOST as MOST_ALIKE
from cmdsl.sema.evaluate import FUNCTIONS
from cmdsl.sema.imports import MOST
from cmdsl.sema.reserved import RESERVED
from cmdsl.symbolic.model import Status
from cmdsl.symbolic.prove import CODES
from cmdsl.syntax import ast
from cmdsl.syntax.brackets import DEEPEST
from cmdsl.syntax.parse import LARGEST_SOURCE
from tests.docs.fences import ROOT, Example, examples

PAGE = ROOT / "docs" / "language.md"
TEXT = PAGE.read_text(encoding="utf-8")
WORDS = set(re.findall(r"[a-zA-Z_]\w*", " ".join(re.findall(r"`([^`\n]+)`", TEXT))))


def section(heading: str) -> str:
    """Give what stands below a heading, up to the next of its level."""
    marks = heading.partition(" ")[0]
    return re.split(rf"^#{{1,{len(marks)}}} ", TEXT.partition(f"\n{heading}\n")[2], flags=re.MULTILINE)[0]


def words(cell: str) -> list[str]:
    """Give what stands in a cell as code."""
    return re.findall(r"`(\w+)`", cell)


def named(heading: str) -> list[str]:
    """Give the names in the first column of the tables below a heading."""
    cells = re.findall(r"^\| (`[^|]*`) \|", section(heading), re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([\w.]+)", cell)]


@pytest.mark.parametrize("backend", ["torch", pytest.param("jax", marks=pytest.mark.slow)])
@pytest.mark.parametrize("example", list(examples(PAGE)), ids=str)
def test_an_example_compiles_or_is_refused_as_it_says(example: Example, backend: str, tmp_path: Path) -> None:
    for name, text in example.files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = Compilation(str(tmp_path / "example.cm"), example.text, {})
    if example.refused:
        with pytest.raises(SpecError) as refused:
            package(found, find(backend))
        assert {d.code for d in refused.value.diagnostics} == {example.refused}
        return
    python.parse(package(found, find(backend))["model.py"])
    assert [d.message for d in found.warnings] == []


PLACED = {ast.Learned: "learned", ast.Draw: "~", ast.Minimize: "minimize", ast.Derive: "derive", ast.For: "for"}


@pytest.mark.parametrize("statement", PLACED)
def test_what_may_stand_in_a_body_is_what_the_compiler_takes(statement: type[ast.Statement]) -> None:
    rows = [r.split(" | ") for r in section("### What bodies are made of").splitlines() if r.startswith("| `")]
    found = {kind for row in rows if PLACED[statement] in re.findall(r"[~\w]+", row[0]) for kind in words(row[1])}
    assert found == {kind for kind, places in PLACES.items() if statement in places}


def test_every_word_of_the_grammar_is_there() -> None:
    grammar = (ROOT / "cmdsl" / "syntax" / "grammar.lark").read_text(encoding="utf-8")
    assert set(re.findall(r'"([a-z]+)"', grammar)) <= WORDS


def test_every_function_is_there() -> None:
    assert sorted(named("## Functions")) == sorted([*FUNCTIONS, "diff", "integral"])


def test_every_name_of_the_language_is_there() -> None:
    names = [*named("## Names that every body sees"), *named("## Distributions"), *named("## Functions")]
    assert {n.partition(".")[0] for n in names} == RESERVED


def test_every_kind_has_its_section() -> None:
    headings = re.findall(r"^### (.*)$", section("## Definitions"), re.MULTILINE)
    assert {kind for h in headings for kind in h.split(" and ")} >= set(KINDS)


def test_the_limits_are_those_of_the_code() -> None:
    found = re.findall(r"^\| .* \| ([\d ]+) \|$", section("## Limits"), re.MULTILINE)
    assert [int(n.replace(" ", "")) for n in found] == [LARGEST_SOURCE, DEEPEST, MOST_ALIKE, MOST]


def test_every_obligation_and_every_verdict_is_there() -> None:
    assert named("## What is verified") == [name.split("-")[0] for name in CODES]
    assert re.findall(r"^\| \*\*(.*)\*\* \|", TEXT, re.MULTILINE) == [s.value for s in Status]
