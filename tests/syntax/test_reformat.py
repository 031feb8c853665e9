"""What is laid out means the same, keeps every word and comment, and is laid out once and for all."""

import time
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings, strategies as st

from cmdsl.syntax import ast, parse
from cmdsl.syntax.parse import parser
from cmdsl.syntax.reformat import reformat
from cmdsl.syntax.scan import tokens
from tests.syntax.modules import module

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(path for folder in ("specs", "examples", "cmdsl") for path in (ROOT / folder).rglob("*.cm"))


def laid_out(text: str) -> str:
    return reformat("a.cm", text)


def statements(text: str) -> tuple[ast.Statement, ...]:
    return parse("a.cm", text).statements


def written(text: str, *without: str) -> list[str]:
    """Give the words, operators and comments of a text, as they are written."""
    found = tokens(parser(), text)
    return [token.rstrip() for token in found if token.type not in ("BLANK", "_NL", "$END", *without)]


@given(st.integers(0, 2**64))
@settings(max_examples=200, deadline=None)
def test_generated_modules(seed: int) -> None:
    text = module(Random(seed))
    result = laid_out(text)
    assert statements(result) == statements(text)
    assert written(result) == written(text)
    assert laid_out(result) == result
    assert not any(line != line.rstrip() or "\t" in line.partition("#")[0] for line in result.split("\n"))
    assert "\n\n\n" not in result
    assert not result or (result.endswith("\n") and not result.startswith("\n") and not result.endswith("\n\n"))


@pytest.mark.slow
@given(st.integers(0, 2**64))
@settings(max_examples=2000, deadline=None)
def test_many_generated_modules(seed: int) -> None:
    test_generated_modules.hypothesis.inner_test(seed)  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_shipped_file_is_laid_out_already(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert laid_out(text) == text


def test_generated_modules_have_every_statement() -> None:
    kinds = {type(s) for seed in range(300) for s in statements(module(Random(seed)))}
    assert kinds >= {
        *(ast.Model, ast.Param, ast.Time, ast.Sde, ast.Path, ast.Boundary, ast.Prior, ast.Use, ast.Network, ast.Data),
        *(ast.Import, ast.Definition, ast.Extern, ast.Assert, ast.Learned, ast.Equation, ast.FunctionDefinition),
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("\n\n", ""),
        ("# only", "# only\n"),
        ("a=1", "a = 1\n"),
        ("a = x ² / 2 * - t", "a = x²/2*-t\n"),
        ("σ_data=√ ( 2·t )−1", "σ_data = √(2·t) − 1\n"),
        ("a = f( x,t )+g (-1 , - 2)", "a = f(x, t) + g(-1, -2)\n"),
        ("a = - ( 1 - - 2 ) ^ - 3", "a = -(1 - -2)^-3\n"),
        ("a = if x<=1 and not(y)then 1 else(2)", "a = if x <= 1 and not (y) then 1 else (2)\n"),
        ("time t in( 0,1 ]", "time t in (0, 1]\n"),
        ("sde{drift=0 diffusion=1}", "sde { drift = 0  diffusion = 1 }\n"),
        ("a = 1 # c", "a = 1  # c\n"),
        ("a = 1     # c\nbbbb = 2  # c", "a = 1     # c\nbbbb = 2  # c\n"),
        ("a    = 1\nbb   = 2\nccc  = 3", "a   = 1\nbb  = 2\nccc = 3\n"),
        ("a = 1\nbb = 2\nccc  = 3", "a = 1\nbb = 2\nccc = 3\n"),
        ("define objective o {\n    x0 ~ data\n    z  ~ normal\n    r  = 1\n}\n", None),
        ("param a  = 1   in (0, 1)\nparam bb = 0.5 in (0, 1)\n", None),
        ("a = 1\n\n\n\nb = 2\n\n", "a = 1\n\nb = 2\n"),
        ("sde {\n\n drift = 0\n\n\n diffusion = 1\n\n}", "sde {\n    drift = 0\n\n    diffusion = 1\n}\n"),
        ("a = (1 +\n2)*\n3", "a = (1 +\n    2)*\n    3\n"),
        ("a = f(\nx,\ng(\ny\n)\n)", "a = f(\n    x,\n    g(\n        y\n    )\n)\n"),
        ("a = 1 + # c\n\n2", "a = 1 +  # c\n\n    2\n"),
    ],
)
def test_a_text_is_laid_out(text: str, expected: str | None) -> None:
    assert laid_out(text) == (text if expected is None else expected)


@pytest.mark.parametrize("text", ["\n" * 99_000, "# c\n" * 24_000, "a = 1\n" * 9000, "a = f(" + "1, " * 9000 + "1)"])
def test_a_long_text_is_laid_out_soon(text: str) -> None:
    started = time.process_time()
    laid_out(text)
    assert time.process_time() - started < 10
