"""The compiler knows nothing of the library by name: what the field adds is added in `.cm` files alone."""

import ast as python
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from cmdsl.sema.catalogue import KINDS, catalogue
from cmdsl.sema.instantiate import parts
from cmdsl.sema.reserved import PRELUDE, RESERVED
from cmdsl.syntax import ast, parse
from cmdsl.syntax.forms import forms
from tests.cli.test_written import QUICK
from tests.cli.written_specs import WRITTEN

ROOT = Path(__file__).parents[2]
FORMS = ROOT / "cmdsl" / "syntax" / "forms.cm"
GRAMMAR = ROOT / "cmdsl" / "syntax" / "grammar.lark"
SOURCES = sorted(
    p for folder in ("cmdsl", "backends") for p in (ROOT / folder).rglob("*.py") if "scaffold" not in p.parts
)
WORDS = RESERVED | PRELUDE | set(re.findall(r'"([a-z]+)"', GRAMMAR.read_text(encoding="utf-8")))
NAMES = {e.name for e in catalogue()} | {p.stem for p in (ROOT / "specs").glob("*.cm")}
OWN = NAMES - WORDS  # a weight may be called `uniform`, which the language itself has as a distribution
EVERY = WRITTEN / "every_kind.cm"


def spoken(text: str) -> Iterator[tuple[int, str]]:
    """Yield the words of a module's code and texts, with their lines, but not those of comments and docstrings."""
    about = {line for node in python.walk(python.parse(text)) for line in docstring(node)}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        said = token.type == tokenize.COMMENT or (token.type == tokenize.STRING and token.start[0] in about)
        yield from ((token.start[0], word) for word in ([] if said else re.findall(r"\w+", token.string)))


def docstring(node: python.AST) -> range:
    """Give the lines of a module's, class's or function's docstring."""
    if not isinstance(node, python.Module | python.ClassDef | python.FunctionDef) or python.get_docstring(node) is None:
        return range(0)
    first = node.body[0]
    return range(first.lineno, (first.end_lineno or first.lineno) + 1)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_definition_and_no_spec_is_named(path: Path) -> None:
    found = [f"{path.name}:{line}: {word}" for line, word in spoken(path.read_text(encoding="utf-8")) if word in OWN]
    assert not found


def test_words_are_found_where_they_are_and_not_in_comments() -> None:
    text = '"""heun"""\n\n\ndef f(ddim):  # euler\n    """l2"""\n    return g("see edm", l1=f"{x} ict")\n'
    assert [w for _, w in spoken(text) if w in OWN] == ["ddim", "edm", "l1", "ict"]


def test_what_is_a_word_of_the_language_is_left_out_and_hardly_anything_is() -> None:
    assert {"heun", "ve_edm"} <= OWN
    assert NAMES - OWN <= RESERVED | PRELUDE
    assert len(NAMES - OWN) < len(NAMES) / 10


def test_forms_that_help_shows_use_what_is_there() -> None:
    (module,) = [parse(FORMS.name, FORMS.read_text(encoding="utf-8"))]
    uses = [s for s in module.statements if isinstance(s, ast.Use) and s.reference is not None]
    assert {use.kind for use in uses} == set(KINDS) & set(forms())
    known = {(e.kind, e.name) for e in catalogue()}
    assert {(use.kind, parts(use.reference)[0]) for use in uses if use.reference is not None} <= known


def test_a_spec_under_test_for_both_backends_defines_every_kind() -> None:
    defined = [
        s for s in parse(EVERY.name, EVERY.read_text(encoding="utf-8")).statements if isinstance(s, ast.Definition)
    ]
    assert [d.kind for d in defined if d.reference is None] == list(KINDS)
    assert not {d.name for d in defined} & NAMES
    assert EVERY.stem in QUICK
