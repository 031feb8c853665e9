"""The README shows what is there: the spec, the output, the code, the folders."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cmdsl.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)\n```$", README, re.MULTILINE | re.DOTALL)


def blocks(language: str, word: str) -> list[str]:
    """Give the code blocks of a language that hold a word."""
    return [text for kind, text in BLOCKS if kind == language and word in text]


def test_the_spec_is_the_file() -> None:
    assert blocks("", "model ve_edm") == [(ROOT / "specs" / "ve_edm.cm").read_text(encoding="utf-8").rstrip()]


def test_the_derivation_is_what_check_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(ROOT / "specs" / "ve_edm.cm")]) == 0
    assert blocks("", "proved      boundary") == [capsys.readouterr().out.rstrip()]


def test_the_code_is_what_is_emitted(compiled: Callable[[str, str], Path]) -> None:
    (code,) = blocks("python", "def loss_ict")
    emitted = (compiled("ve_edm", "torch") / "model.py").read_text(encoding="utf-8")
    assert all(function in emitted for function in code.split("\n\n\n"))


def test_definitions_are_those_of_the_example() -> None:
    (text,) = blocks("", "define solver midpoint")
    example = (ROOT / "examples" / "cosine_midpoint.cm").read_text(encoding="utf-8")
    assert all(definition in example for definition in text.split("\n\n"))


def test_folders_pages_and_pictures_are_there() -> None:
    named = [*re.findall(r"^\| `([^`]+)` \|", README, re.MULTILINE), *re.findall(r"\[.*?\]\((.*?)\)", README)]
    assert named
    assert all((ROOT / name).exists() for name in named)
