"""The page of the library is what is there; `pytest tests/docs/test_library.py --update` writes it anew.

So does `cmdsl library --specs specs --format markdown -o docs/library.md`.
"""

import re
from contextlib import chdir
from functools import cache
from pathlib import Path

import pytest

from cmdsl.report.library import page
from cmdsl.sema.catalogue import KINDS, Entry, catalogue
from cmdsl.sema.shelf import shelf
from tests.docs.fences import ROOT

PAGE = ROOT / "docs" / "library.md"
SPECS = sorted((ROOT / "specs").glob("*.cm"))


@cache
def found() -> str:
    """Give the page as it has to be."""
    with chdir(ROOT):
        return page(shelf([Path("specs")]), Path("docs"))


def section(heading: str) -> str:
    """Give what stands below a heading, up to the next."""
    return re.split(r"^##+ ", found().partition(f"\n{heading}\n")[2], flags=re.MULTILINE)[0]


def test_the_page_is_up_to_date(update: bool) -> None:
    if update:
        PAGE.write_text(found(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == found(), "run `pytest tests/docs/test_library.py --update`"


@pytest.mark.parametrize("entry", catalogue(), ids=lambda e: f"{e.kind} {e.name}")
def test_a_definition_stands_there_with_its_source_and_its_place(entry: Entry) -> None:
    text = section(f"### {entry.kind} {entry.name}")
    assert entry.code in text
    assert f"(../cmdsl/{entry.path}#L{entry.line})" in text
    code = (ROOT / "cmdsl" / entry.path).read_text(encoding="utf-8").splitlines()[entry.line - 1]
    assert code.startswith(f"define {entry.kind} {entry.name}")


@pytest.mark.parametrize("entry", catalogue(), ids=lambda e: f"{e.kind} {e.name}")
def test_what_its_parameters_are_is_said(entry: Entry) -> None:
    """In a line `# NAME: …` of the comment above it; one that is named after a kind is a definition of the kind."""
    assert [p.name for p in entry.parameters if not p.about and p.name.partition("(")[0] not in KINDS] == []


def test_kinds_come_in_order() -> None:
    assert [h for h in re.findall(r"^## (.*)$", found(), re.MULTILINE) if h != "Specs"] == list(KINDS)


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_a_spec_is_listed_and_named_where_it_uses_something(path: Path) -> None:
    (row,) = (line for line in section("## Specs").splitlines() if f"(../specs/{path.name})" in line)
    used = re.findall(r"\]\(#(\w+)-(\w+)\)", row)
    assert used
    for kind, name in used:
        assert f"(../specs/{path.name})" in section(f"### {kind} {name}").rpartition("Used by")[2]


def test_a_principle_stands_beside_what_follows_from_it() -> None:
    text = section("### precondition edm")
    assert "derive c_in " in text
    assert "c_in(t)    = 1/sqrt(sigma_data^2*alpha(t)^2 + sigma(t)^2)" in text
    assert "c_skip(t)  = sigma_data^2*alpha(t)/(sigma_data^2*alpha(t)^2 + sigma(t)^2)" in text
