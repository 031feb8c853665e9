"""The data of a stage as it is dumped: for people, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping

from cmdsl.ir.dump import dump, dump_function
from cmdsl.ir.nodes import Function, Program
from cmdsl.report.data import plain
from cmdsl.report.outline import outline


def json_text(data: object) -> str:
    """Write the data of a stage as JSON."""
    return json.dumps(plain(data), indent=2, ensure_ascii=False) + "\n"


def text(data: object) -> str:
    """Write the data of a stage for people: programs as pseudo-code, files as they are, all else as an outline."""
    if isinstance(data, Program):
        return dump(data)
    if isinstance(data, Mapping):
        return "\n".join(part(name, value) for name, value in data.items())
    return "\n".join(outline(plain(data))) + "\n"


def part(name: str, value: object) -> str:
    """Write one of the functions, or one of the files, that a stage gives."""
    return f"{dump_function(value)}\n" if isinstance(value, Function) else f"==> {name} <==\n{value}"
