"""Text of a spec in docstrings: whatever it is, the module is ASCII, parses, and says it."""

import ast

import pytest
from hypothesis import given, strategies as st

from cmdsl.emit.prose import ascii_text, docstring, quoted

HOSTILE = [
    '"""',
    "\\",
    'ends in a quote"',
    "a\nb",
    "\\N{BULLET}",
    '\\"""; import os #',
    "\x00\u2028",
    "'''",
    '"' * 7,
    "\\u0041",
]


def said(texts: list[str]) -> str:
    """Give the docstring of a function that has these paragraphs in it."""
    source = "\n".join(["def f():", *docstring([quoted(t) for t in texts], "    "), "    return 0"])
    assert source.isascii()
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert len(function.body) <= 2
    return ast.get_docstring(function) or ""


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    assert said([text]).split() == ascii_text(text).replace('"""', "'''").split() or text.endswith('"')


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_any_text_makes_a_docstring(texts: list[str]) -> None:
    said(texts)


def test_mathematics_is_spelt_out() -> None:
    assert ascii_text("σ_data² ≤ ∞, √ε") == "sigma_data2 <= inf, sqrtepsilon"


def test_long_text_is_wrapped() -> None:
    lines = docstring(["word " * 60, "and more"], "    ")
    assert max(map(len, lines)) <= 120
    assert lines[-1] == '    """'
