"""How diagnostics are written: marks and labels under lines of any width, one line each, and as data."""

import json
import re

import pytest

from cmdsl.diagnostics import Diagnostic, Label, Severity, Span
from cmdsl.diagnostics.render import as_json, concise, human

TEXT = """model m
grid g(a, b, a)
define metric d {
    d(a, b) = a
    e(a, b) = b
}
"""


def span(line: int, column: int, end: int, end_line: int | None = None, path: str = "m.cm") -> Span:
    """Give a range of columns."""
    return Span(path, line, column, end_line or line, end)


def shown(diagnostic: Diagnostic, text: str = TEXT) -> list[str]:
    """Write a diagnostic without its heading."""
    return human(diagnostic, {"m.cm": text, "library/a.cm": TEXT}).split("\n")[1:]


def test_labels_on_one_line_are_shown_together() -> None:
    labels = (Label(span(2, 8, 9), "first here"), Label(span(2, 6, 7), "of this"))
    assert shown(Diagnostic("CM112", "", span(2, 14, 15), "again", labels)) == [
        "  |",
        "2 | grid g(a, b, a)",
        "  |      - -     ^ again",
        "  |      | first here",
        "  |      of this",
    ]


def test_a_span_over_several_lines_is_shown_by_its_ends() -> None:
    assert shown(Diagnostic("CM112", "", span(3, 1, 2, 6), "this")) == [
        "  |",
        "3 | define metric d {",
        "  | ^^^^^^^^^^^^^^^^^",
        "...",
        "6 | }",
        "  | ^ this",
    ]


def test_places_in_other_files_are_named() -> None:
    assert shown(Diagnostic("CM112", "", span(1, 7, 8), "", (Label(span(4, 5, 6, path="library/a.cm"), "there"),))) == [
        "  |",
        "1 | model m",
        "  |       ^",
        "  --> library/a.cm:4:5",
        "4 |     d(a, b) = a",
        "  |     - there",
    ]


@pytest.mark.parametrize("column", [1, 300, 599])
def test_of_a_wide_line_what_is_round_the_span_is_shown(column: int) -> None:
    line = "".join(str(i % 10) for i in range(1, 601))
    _, text, marks = shown(Diagnostic("CM001", "", span(1, column, column + 1), "here"), line)
    assert len(text) < 140
    assert text[marks.index("^")] == str(column % 10)


@pytest.mark.parametrize("before", ["\t", "σ²", "漢字", "\x1b\x07", "e\u0301"])
def test_marks_stand_under_what_they_mark(before: str) -> None:
    _, text, marks = shown(Diagnostic("CM001", "", span(1, len(before) + 1, len(before) + 2)), before + "!")
    cells = {"漢字": 2, "e\u0301": -1}.get(before, 0)
    assert text.index("!") + cells == marks.index("^")
    assert "\x1b" not in text


def test_facts_come_after_the_lines() -> None:
    assert shown(Diagnostic("CM112", "", None, notes=("one", "two"), help="do")) == [
        "  = note: one",
        "  = note: two",
        "  = help: do",
    ]


@pytest.mark.parametrize("place", [span(9, 1, 2), span(0, 1, 2), span(1, 50, 60), span(1, 7, 1), span(7, 1, 1)])
def test_a_place_that_is_not_in_the_text_is_no_failure(place: Span) -> None:
    assert human(Diagnostic("CM112", "wrong", place), {"m.cm": TEXT}).startswith("m.cm:")
    assert human(Diagnostic("CM112", "wrong", place), {}) == f"{place}: error[CM112]: wrong"


def test_colour_changes_nothing_but_colour() -> None:
    found = Diagnostic("CM112", "wrong", span(2, 14, 15), "again", (Label(span(2, 8, 9), "first"),), ("a",), "b")
    coloured = human(found, {"m.cm": TEXT}, colour=True)
    assert coloured != human(found, {"m.cm": TEXT})
    assert re.sub("\x1b\\[\\d+m", "", coloured) == human(found, {"m.cm": TEXT})


def test_concise_is_one_line() -> None:
    found = Diagnostic("CM203", "wrong\nhere", span(2, 14, 15), "again", notes=("a",), help="b")
    assert concise(found) == "m.cm:2:14: error[CM203]: wrong\\nhere"


def test_json_has_the_keys_that_are_documented() -> None:
    label = Label(span(2, 8, 9), "first")
    found = Diagnostic("CM203", "wrong", span(2, 14, 15), "a", (label,), ("n",), "h", Severity.WARNING)
    assert json.loads(as_json([found, Diagnostic("CM401", "none")])) == [
        {
            "code": "CM203",
            "severity": "warning",
            "message": "wrong",
            "span": {"path": "m.cm", "start": {"line": 2, "column": 14}, "end": {"line": 2, "column": 15}},
            "label": "a",
            "secondary": [
                {
                    "span": {"path": "m.cm", "start": {"line": 2, "column": 8}, "end": {"line": 2, "column": 9}},
                    "label": "first",
                }
            ],
            "notes": ["n"],
            "help": "h",
            "page": "docs/errors/CM203.md",
        },
        {
            "code": "CM401",
            "severity": "error",
            "message": "none",
            "span": None,
            "label": "",
            "secondary": [],
            "notes": [],
            "help": "",
            "page": "docs/errors/CM401.md",
        },
    ]
    assert as_json([]) == "[]"
