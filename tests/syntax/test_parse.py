"""What the grammar takes, where statements end, and where a wrong text is refused."""

from pathlib import Path

import pytest

from cmdsl.diagnostics import SpecError
from cmdsl.syntax import ast, parse
from cmdsl.syntax.format import expression
from cmdsl.syntax.parse import parser

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.cm"))


def value(text: str) -> ast.Expr:
    """Parse one expression."""
    statement = parse("a.cm", f"a = {text}\n").statements[0]
    assert isinstance(statement, ast.Equation)
    return statement.value


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_every_spec_parses(path: Path) -> None:
    module = parse(str(path), path.read_text(encoding="utf-8"))
    assert any(isinstance(s, ast.Model) and s.name == path.stem for s in module.statements)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("-t^2", "-(t^2)"),
        ("2^-t^2", "2^(-(t^2))"),
        ("a - b - c", "(a - b) - c"),
        ("a/b*c", "(a/b)*c"),
        ("a^b^c", "a^(b^c)"),
        ("not a < b and c < d", "(not (a < b)) and (c < d)"),
        ("if a < b then 1 else 2 + 3", "if (a < b) then 1 else (2 + 3)"),
        ("σ_data² + ε·x₀", "(sigma_data^2) + (epsilon*x0)"),
        ("√(2*t)", "sqrt(2*t)"),
        ("t⁻¹²", "t^(-12)"),
        ("a ≤ ∞", "a <= inf"),
        ("(a +\n b)", "a + b"),
        ("a +\n b", "a + b"),
        ("f(a,\n b)", "f(a, b)"),
    ],
)
def test_an_expression_means(text: str, meaning: str) -> None:
    assert value(text) == value(meaning)


@pytest.mark.parametrize(
    "text",
    [
        "-t^2",
        "(-t)^2",
        "a - (b - c)",
        "(a^b)^c",
        "a^b^c",
        "a/(b*c)",
        "not a < b",
        "-(a + b)",
        "f(a, n = 2, w(t) = 1/t)",
        "D.c_out(t)",
    ],
)
def test_format_keeps_the_meaning_and_the_shortest_form(text: str) -> None:
    assert expression(value(text)) == text


def test_fields_may_share_a_line() -> None:
    module = parse("a.cm", "sde { drift = 0   diffusion = sqrt(2*t) }\n")
    (statement,) = module.statements
    assert isinstance(statement, ast.Sde)
    assert [e.name for e in statement.equations] == ["drift", "diffusion"]


def test_keywords_are_names_where_no_statement_starts() -> None:
    (definition,) = parse("a.cm", "define metric grid(data, time) { d(a, b) = data*a + time*b }").statements
    assert isinstance(definition, ast.Definition)
    assert (definition.kind, definition.name) == ("metric", "grid")


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("param x =\nparam y = 1\n", "a.cm:1:10", "expected a value after `=`, found the end of the line"),
        ("param x = (1 + 2\n", "a.cm:1:17", "expected `)`, found the end of the file"),
        ("param x = 1 $ 2\n", "a.cm:1:13", "`$` is not a character of the language"),
        ("param x = 1 2\n", "a.cm:1:13", "`1` and `2` stand side by side"),
        ("param x = 1e999999\n", "a.cm:1:11", "too long or too large"),
        ("a = " + "(" * 200, "a.cm:1:125", "nested more than"),
        ("a = " + "-" * 400 + "1", "a.cm:1:", "nested more than"),
        ("a = 1\0", "a.cm:1:6", "NUL"),
        ("a = f(1 = 2)", "a.cm:1:7", "left of `=`"),
        ("assert a + b\n", "a.cm:1:8", "needs a relation"),
        ("data [1, 2]\n", "a.cm:1:6", "expected `shape`"),
    ],
)
def test_a_wrong_text_is_refused_where_it_is_wrong(text: str, place: str, message: str) -> None:
    with pytest.raises(SpecError) as refused:
        parse("a.cm", text)
    (diagnostic,) = refused.value.diagnostics
    assert str(diagnostic.span).startswith(place)
    assert message in diagnostic.message


@pytest.mark.parametrize("ends", ["[0, 2)", "(0, 2]", "(0, 2)", "[0, 2]"])
def test_each_end_of_a_range_is_open_or_not(ends: str) -> None:
    (param,) = parse("m.cm", f"param a = 1 in {ends}\n").statements
    assert isinstance(param, ast.Param)
    assert param.range is not None
    assert (param.range.low_open, param.range.high_open) == (ends[0] == "(", ends[-1] == ")")
    with pytest.raises(SpecError):
        parse("m.cm", f"param a = 1 in {ends}\nparam b = ({ends}\n")


KEYWORDS = {t.pattern.value for t in parser().terminals if t.pattern.type == "str"}


@pytest.mark.parametrize("word", sorted({t.name.lower() for t in parser().terminals if t.name.isalpha()} - KEYWORDS))
def test_a_word_is_a_name_though_a_terminal_is_called_so(word: str) -> None:
    (statement,) = parse("spec.cm", f"a = {word}({word})\n").statements
    assert isinstance(statement, ast.Equation)
    assert expression(statement.value) == f"{word}({word})"
