"""Reference values as Python displays: on one line where they fit, or an item a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cmdsl.emit.code import Name, string
from cmdsl.emit.layout import INDENT, WIDTH

BRACKETS = {tuple: ("(", ")"), list: ("[", "]"), dict: ("{", "}")}


def display(prefix: str, value: Any, suffix: str = "", indent: str = "") -> list[str]:
    """Give the lines of nested tuples, lists and mappings of numbers and strings; a Name stands for itself."""
    line = f"{indent}{prefix}{literal(value)}{suffix}"
    if len(line) <= WIDTH or not isinstance(value, tuple | list | dict):
        return [line]
    opened, closed = BRACKETS[type(value)]
    inner = [line for head, item in _items(value) for line in display(head, item, ",", indent + INDENT)]
    return [f"{indent}{prefix}{opened}", *inner, f"{indent}{closed}{suffix}"]


def literal(value: Any) -> str:
    """Give the text of a value on one line."""
    if isinstance(value, tuple | list | dict):
        opened, closed = BRACKETS[type(value)]
        items = [head + literal(item) for head, item in _items(value)]
        return f"{opened}{', '.join(items)}{',' if isinstance(value, tuple) and len(items) == 1 else ''}{closed}"
    if isinstance(value, Name):
        return value.text
    return string(value) if isinstance(value, str) else repr(value).replace("e+", "e")


def _items(value: Mapping[str, Any] | Sequence[Any]) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [(f"{string(key)}: ", item) for key, item in value.items()]
    return [("", item) for item in value]
