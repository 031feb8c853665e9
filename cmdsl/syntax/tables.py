"""The parser and its tables, which are made when cmdsl is built: making them takes longer than parsing a spec.

They stand beside the grammar as JSON, with the hash of what they were made from; where that is not this grammar and
this Lark, the parser is made anew.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

TABLES = "tables.json"


def parser() -> Lark:
    """Give the parser of the language: from its tables where they are those of the grammar."""
    text = grammar()
    try:
        kept = json.loads(files("cmdsl.syntax").joinpath(TABLES).read_text(encoding="utf-8"))
        if kept["made_from"] == fingerprint(text):
            return loaded(numbered(kept["data"]), numbered(kept["memo"]))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        pass
    return made(text)


def loaded(data: dict[str, Any], memo: dict[int, Any]) -> Lark:
    """Make the parser from its tables, as the parsers do that Lark writes to stand alone."""
    parser: Lark = Lark._load_from_dict(data, memo)  # type: ignore[no-untyped-call]
    return parser


def made(text: str) -> Lark:
    """Make the parser from its grammar."""
    return Lark(text, parser="lalr", lexer="basic", propagate_positions=True, maybe_placeholders=True)


def tables() -> str:
    """Give the tables as JSON."""
    text = grammar()
    data, memo = made(text).memo_serialize([TerminalDef, Rule])
    return json.dumps({"made_from": fingerprint(text), "data": data, "memo": memo}, separators=(",", ":"))


def grammar() -> str:
    """Read the grammar."""
    return files("cmdsl.syntax").joinpath("grammar.lark").read_text(encoding="utf-8")


def fingerprint(text: str) -> str:
    """Hash what tables are made from: the grammar, by this Lark."""
    return hashlib.sha256(f"{version('lark')}\0{text}".encode()).hexdigest()


def numbered(value: Any) -> Any:
    """Give the keys that are numbers as numbers again, which are texts in JSON."""
    if isinstance(value, dict):
        return {int(key) if key.isdigit() else key: numbered(item) for key, item in value.items()}
    return [numbered(item) for item in value] if isinstance(value, list) else value
