"""Plain data as an outline: a line for what is small, an indented block for what is not."""

from __future__ import annotations

import json
from collections.abc import Iterator

from attrs import fields

from cmdsl.diagnostics import Span
from cmdsl.report.data import NODE, Plain

WIDEST = 100
INDENT = "  "
PLACE = {a.name for a in fields(Span)}
EMPTY: tuple[Plain, ...] = (None, "", [], {})


def outline(value: Plain, label: str = "", indent: str = "") -> Iterator[str]:
    """Yield the lines of plain data under a label; what is empty is left out."""
    head = f"{indent}{label} " if label else indent
    short = line(value)
    if (short is not None and len(head) + len(short) <= WIDEST) or not isinstance(value, dict | list):
        yield f"{head}{short}"
        return
    yield f"{head}{named(value)}".rstrip()
    for name, part in parts(value):
        yield from outline(part, name, indent + INDENT)


def parts(value: dict[str, Plain] | list[Plain]) -> list[tuple[str, Plain]]:
    """Give what stands below a head: the fields by name, or the items of a list."""
    if isinstance(value, list):
        return [("-", item) for item in value]
    return [(name, part) for name, part in value.items() if name not in (NODE, "span") and part not in EMPTY]


def line(value: Plain) -> str | None:
    """Give what is small as part of a line: numbers, texts, nodes and lists of those alone."""
    if not isinstance(value, dict | list):
        return scalar(value)
    if isinstance(value, dict) and value.keys() == PLACE:
        return "{path}:{line}:{column}".format_map(value)
    if isinstance(value, list):
        items = [line(item) for item in value]
        return f"[{', '.join(i for i in items if i is not None)}]" if None not in items else None
    below = parts(value)
    if not all(is_flat(part) for _, part in below):
        return None
    return " ".join([*([named(value)] if NODE in value else []), *(f"{name}={line(part)}" for name, part in below)])


def is_flat(value: Plain) -> bool:
    """Tell whether a value holds no node."""
    return all(is_flat(item) for item in value) if isinstance(value, list) else not isinstance(value, dict)


def scalar(value: Plain) -> str:
    """Write a number or a text; a text of several lines by its size."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if "\n" in text:
        return f"<{len(text)} characters>"
    return text if text.isprintable() else json.dumps(text)


def named(value: Plain) -> str:
    """Write a node's class and where it stands in its file."""
    if not isinstance(value, dict) or NODE not in value:
        return ""
    span = value.get("span")
    place = f" {span['line']}:{span['column']}" if isinstance(span, dict) else ""
    return f"{value[NODE]}{place}"
