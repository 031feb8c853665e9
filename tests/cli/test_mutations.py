"""Specs with tokens and lines lost, doubled, moved and mixed: a diagnostic with its place, or a spec."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from cmdsl.diagnostics import SpecError
from cmdsl.driver import check
from cmdsl.sema import resolve
from cmdsl.syntax import parse
from tests.cli.command import ROOT, SPECS

LIBRARY = sorted((ROOT / "cmdsl" / "library").glob("*.cm"))
TEXTS = [path.read_text(encoding="utf-8") for path in SPECS]
HEAD = "model m\ntime t in [0, 1]\nsde { drift = 0  diffusion = 1 }\n"
SOURCES = [*TEXTS, *(HEAD + path.read_text(encoding="utf-8") for path in LIBRARY)]
TOKEN = re.compile(r"\s+|\w+|.", re.DOTALL)
STRANGE = [
    "√(",
    "²",
    "∞",
    "٣",
    "\r\n",
    "\x0c",
    "\u2028",
    "1e400",
    "0/0",
    '"',
    "~",
    "#",
    "for",
    "if",
    "learned u(t)",
    "x",
]


def tokens(text: str) -> list[str]:
    return TOKEN.findall(text)


VOCABULARY = sorted({token for text in SOURCES for token in tokens(text)} | set(STRANGE))
Edit = tuple[str, int, str, int]
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["delete", "double", "replace", "insert", "cut line", "move line"]),
        st.integers(0, 10**6),
        st.sampled_from(VOCABULARY),
        st.integers(0, 10**6),
    ),
    min_size=1,
    max_size=4,
)


def mutated(text: str, edits: list[Edit]) -> str:
    """Give the text with these edits made, one after the other."""
    for kind, place, token, target in edits:
        parts = text.splitlines(keepends=True) if kind.endswith("line") else tokens(text)
        if not parts:
            return text
        where = place % len(parts)
        if kind in ("delete", "replace", "cut line", "move line"):
            taken = parts.pop(where)
            parts[where:where] = [token] if kind == "replace" else []
            if kind == "move line":
                parts.insert(target % (len(parts) + 1), taken)
        else:
            parts.insert(where, parts[where] if kind == "double" else token)
        text = "".join(parts)
    return text


def refusal(path: str, text: str) -> SpecError | None:
    """Parse and resolve a text; give its refusal, if it is refused."""
    try:
        resolve(parse(path, text))
    except SpecError as refused:
        return refused
    return None


def assert_placed(refused: SpecError, text: str) -> None:
    """Assert that each diagnostic has a code, a message and a place that exists, in this text or in the library."""
    lines = text.split("\n")
    for diagnostic in refused.diagnostics:
        assert re.fullmatch(r"CM\d{3}", diagnostic.code)
        assert diagnostic.message
        span = diagnostic.span
        assert span is not None
        if span.path == "m.cm":
            assert 1 <= span.line <= len(lines)
            assert 1 <= span.column <= len(lines[span.line - 1]) + 1


@settings(max_examples=250, deadline=None, derandomize=True)
@given(source=st.sampled_from(SOURCES), edits=EDITS)
def test_a_broken_spec_is_parsed_and_resolved_or_refused(source: str, edits: list[Edit]) -> None:
    text = mutated(source, edits)
    refused = refusal("m.cm", text)
    if refused is not None:
        assert_placed(refused, text)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(pieces=st.lists(st.sampled_from([*'atx1 =+-*/^(),[]{}.\n~#"', "model ", "in ", "define "]), max_size=40))
def test_any_text_is_parsed_or_refused(pieces: list[str]) -> None:
    text = "".join(pieces)
    refused = refusal("m.cm", text)
    if refused is not None:
        assert_placed(refused, text)


def check_or_refuse(folder: Path, text: str) -> None:
    """Derive, prove and lower a text; nothing but a refusal may come of it."""
    path = folder / "m.cm"
    path.write_text(text, encoding="utf-8", newline="")
    with suppress(SpecError):
        check(path, {})


SHARED = [HealthCheck.function_scoped_fixture]  # the folder: each example writes its file anew


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=SHARED)
@given(source=st.sampled_from(TEXTS), edits=EDITS)
def test_a_broken_spec_is_derived_and_lowered_or_refused(tmp_path: Path, source: str, edits: list[Edit]) -> None:
    check_or_refuse(tmp_path, mutated(source, edits))


@pytest.mark.slow
@settings(max_examples=400, deadline=None, suppress_health_check=SHARED)
@given(source=st.sampled_from(TEXTS), edits=EDITS)
def test_many_broken_specs_are_derived_and_lowered_or_refused(tmp_path: Path, source: str, edits: list[Edit]) -> None:
    check_or_refuse(tmp_path, mutated(source, edits))
