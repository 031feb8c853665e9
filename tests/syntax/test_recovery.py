"""Each broken statement gets one diagnostic, at its place; what stands beside it is read."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from cmdsl.diagnostics import Diagnostic, SpecError
from cmdsl.syntax import parse
from cmdsl.syntax.brackets import MOST
from cmdsl.syntax.parse import parser
from cmdsl.syntax.scan import tokens


def found(text: str) -> list[Diagnostic]:
    try:
        parse("a.cm", text)
    except SpecError as refused:
        return list(refused.diagnostics)
    return []


def places(text: str) -> list[tuple[int, int, str]]:
    return [(d.span.line, d.span.column, d.code) for d in found(text) if d.span]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model\nparam a =\ntime t [0, 1]\n", [(1, 6, "CM002"), (2, 10, "CM002"), (3, 8, "CM002")]),
        ("a = 1 +\nb = 2 2\nc = 3\nd = = 4\n", [(1, 8, "CM002"), (2, 7, "CM007"), (4, 5, "CM002")]),
        ("time t in\nsde { drift = 0 diffusion = }\n", [(1, 10, "CM002"), (2, 29, "CM002")]),
        (
            "define solver s {\n order =\n step(D, x, t, r) {\n  a = 1 2\n  return\n }\n q q\n}\nmodel\n",
            [(2, 9, "CM002"), (4, 9, "CM007"), (5, 9, "CM002"), (7, 4, "CM002"), (9, 6, "CM002")],
        ),
        ("sde {\n drift 0\n diffusion = )\n}\nmodel 3\n", [(2, 8, "CM002"), (3, 14, "CM005"), (5, 7, "CM002")]),
        ("define m { d(a, b) = 1 }\nmodel 3\n", [(1, 8, "CM002"), (2, 7, "CM002")]),
        ("sde\n{\n drift = 0\n}\nmodel 3\n", [(1, 4, "CM010"), (5, 7, "CM002")]),
        ("a = if t > 1\n    then 2\n    else 3\nb = 2\nmodel 3\n", [(1, 13, "CM010"), (5, 7, "CM002")]),
        ("a = (1,\n 2 3\n)\nb = ;\n", [(2, 4, "CM007"), (4, 5, "CM001")]),
        ("param q = 1e999\nparam r = \nassert a\n", [(1, 11, "CM003"), (2, 10, "CM002"), (3, 8, "CM002")]),
        ("model x x", [(1, 9, "CM002")]),
        ("= 1\n", [(1, 1, "CM002")]),
        ("define metric m { d(a, b) = 1 } 2", [(1, 33, "CM002")]),
        ("define solver s { step(D, x) { return x } 2\n}\nmodel\n", [(1, 43, "CM002"), (3, 6, "CM002")]),
        ("define metric m\n    d(a, b) = a\n    e = = 1\n}\nmodel\n", [(1, 16, "CM002"), (5, 6, "CM002")]),
        ("a = = 1 *\n    2\n    3\nmodel\n", [(1, 5, "CM002"), (4, 6, "CM002")]),
        ("assert f(t^2 + g(t) = 1", [(1, 24, "CM005")]),
        ("for\n" * 3, [(1, 1, "CM006"), (2, 1, "CM006"), (3, 1, "CM006")]),
    ],
)
def test_a_statement_has_one_mistake(text: str, expected: list[tuple[int, int, str]]) -> None:
    assert places(text) == expected


@pytest.mark.parametrize(
    ("text", "place", "opened"),
    [
        ("a = (1 + 2\nb = 3\n", (1, 11), (1, 5)),
        ("a = f(x,\n  y\nb = g(2)\n", (2, 4), (1, 6)),
        ("a = f(x, [1, 2)\nb = 3\n", (1, 15), (1, 10)),
        ("sde {\n    drift = 0\n    diffusion = 1\n\nboundary 0\ndata shape [2]\n", (3, 18), (1, 5)),
        ("define solver s {\n    step(D, x) {\n        return x\n}\n\nmodel m\n", (4, 2), (1, 17)),
        ("define metric m { d(a, b) = (a }\nmodel m\n", (1, 32), (1, 29)),
        ("a = [1, 2", (1, 10), (1, 5)),
        ("path { alpha = 1", (1, 17), (1, 6)),
    ],
)
def test_a_bracket_that_is_left_open_is_one_mistake(text: str, place: tuple[int, int], opened: tuple[int, int]) -> None:
    (diagnostic,) = found(text)
    assert diagnostic.code == "CM005"
    assert diagnostic.span
    assert (diagnostic.span.line, diagnostic.span.column) == place
    (label,) = diagnostic.secondary
    assert label.text == "opened here"
    assert (label.span.line, label.span.column) == opened


def test_what_stands_beside_an_open_bracket_is_read() -> None:
    assert places("a = (1\nb = 2 2\nsde {\n drift = 0\nmodel\n") == [
        (1, 7, "CM005"),
        (2, 7, "CM007"),
        (4, 11, "CM005"),
        (5, 6, "CM002"),
    ]


def test_a_bracket_that_closes_nothing_is_one_mistake() -> None:
    assert places("a = 1)\n}\nb = 2\n") == [(1, 6, "CM005"), (2, 1, "CM005")]


def test_mistakes_are_bounded() -> None:
    assert len(found("a = 1 2\n" * 1000)) == MOST


HOSTILE = [
    *("{" * 60, "-" * 99_000, "a = 1 +\n" * 12_000, "-\n" * 40_000, "a = (" * 100, "}\n" * 40_000, "(a\n" * 30_000),
    *("a " * 49_000, "a = (1}\n" * 12_000, ")" * 99_000, "$" * 99_000, '"' * 99_000, "=" * 99_000, "1*" * 49_000),
    *(
        "a = " + "if a then " * 9000,
        "a = f(" + "f(" * 110 + "1," * 20_000,
        "a = [\n" * 16_000,
        "x ~ " * 20_000,
        "a = = 1" + "\n" * 90_000 + "  b",
    ),
    *("a = = 1\n" + "  b = 2\n" * 12_000, "(" + "\n" * 90_000 + "[", "a = 1 +" + "\n" * 90_000 + "b = 1 1"),
    *("# c\n" * 20_000 + "a = = 1\n" + " # c\n" * 3000 + " b", "sde {\n" * 100 + " a = 1 1\n" * 9000),
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[-8:]))
def test_what_is_no_spec_is_refused_soon(text: str) -> None:
    started = time.process_time()
    assert 1 <= len(found(text)) <= MOST
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "text", ["model 3 (\n", "model x (3\n", "a = $ [1\n", "sde {\n drift = \n", "a = b) c\n", "a = 1 2)\n"]
)
def test_a_statement_with_an_open_bracket_has_one_mistake_too(text: str) -> None:
    assert len(found(text)) == 1


def test_a_mistake_in_a_block_that_is_left_open_is_found_too() -> None:
    assert places("sde {\n drift 0\n\nboundary 0\n") == [(2, 8, "CM002"), (2, 9, "CM005")]


@pytest.mark.parametrize("ends", ["(0, 2]", "[0, 2)", "(0, 2)", "[0, 2]"])
def test_a_range_may_be_open_at_one_end(ends: str) -> None:
    text = f"param q = 1 in {ends}\ntime t in {ends}\n"
    assert found(text) == []
    assert [(line, code) for line, _, code in places(f"{text}a = (1\n{text}")] == [(3, "CM005")]


@pytest.mark.parametrize("ends", ["(0, 2]", "[0, 2)"])
def test_nothing_else_may(ends: str) -> None:
    assert {code for _, _, code in places(f"a = {ends}\n")} == {"CM005"}


TEXTS = [
    path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parents[2] / "cmdsl/library").glob("*.cm"))
]
WORDS = [*"( ) [ ] { } = == + * ^ , ~ if then else for in x 2 $ ; . param model define".split(), "\n", "# c\n"]


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_what_comes_of_a_slip_is_a_module_or_diagnostics_at_different_places(data: st.DataObject) -> None:
    words = [str(token) for token in tokens(parser(), data.draw(st.sampled_from(TEXTS)))]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(words) - 1))
        words[place : place + data.draw(st.integers(0, 2))] = [f" {data.draw(st.sampled_from(WORDS))} "]
    diagnostics = found("".join(words))
    assert len(diagnostics) < 12
    assert len({d.span for d in diagnostics}) == len(diagnostics)
