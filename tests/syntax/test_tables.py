"""The parser that is read from its tables is the one that the grammar makes."""

import json
from pathlib import Path

import pytest
from lark import Lark

from cmdsl.syntax import tables
from cmdsl.syntax.automaton import automaton
from cmdsl.syntax.reader import Reader
from cmdsl.syntax.scan import significant, tokens

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.cm"))


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with the grammar and its tables, which the parser is read from."""
    (tmp_path / "grammar.lark").write_text(tables.grammar(), encoding="utf-8")
    (tmp_path / tables.TABLES).write_text(tables.tables(), encoding="utf-8")
    monkeypatch.setattr(tables, "files", lambda package: tmp_path)
    return tmp_path


def refuse(text: str) -> Lark:
    raise AssertionError("the parser is made anew")


def tree(parser: Lark, text: str) -> object:
    return Reader(significant(tokens(parser, text)), automaton(parser)).read()


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_it_parses_alike(spec: Path, stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = spec.read_text(encoding="utf-8")
    expected = tree(tables.made(tables.grammar()), text)
    monkeypatch.setattr(tables, "made", refuse)
    assert tree(tables.parser(), text) == expected


@pytest.mark.parametrize("change", ["other grammar", "other tables", "no tables", "damaged"])
def test_other_tables_are_none(change: str, stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = stored / tables.TABLES
    kept = json.loads(place.read_text(encoding="utf-8"))
    match change:
        case "other grammar":
            (stored / "grammar.lark").write_text(tables.grammar() + "\n", encoding="utf-8")
        case "other tables":
            place.write_text(json.dumps(kept | {"made_from": "another"}), encoding="utf-8")
        case "no tables":
            place.unlink()
        case "damaged":
            place.write_text(json.dumps(kept | {"data": {}}), encoding="utf-8")
    monkeypatch.setattr(tables, "made", refuse)
    with pytest.raises(AssertionError, match="anew"):
        tables.parser()
