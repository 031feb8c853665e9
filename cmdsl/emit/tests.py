"""The text of `test_model.py`: the properties that a program has, and reference values computed when it is compiled."""

from __future__ import annotations

from attrs import frozen

from cmdsl.emit.agreements import references
from cmdsl.emit.layout import WIDTH
from cmdsl.emit.module import Import, import_lines, used_texts
from cmdsl.emit.properties import PROPERTIES, Property
from cmdsl.emit.property_helpers import HELPERS, LOADING
from cmdsl.emit.prose import docstring, quoted
from cmdsl.ir.nodes import Program

IMPORTS = (
    Import("collections", standard=True),
    Import("importlib.util", standard=True),
    Import("inspect", standard=True),
    Import("itertools", standard=True),
    Import("math", standard=True),
    Import("functools", "partial", standard=True),
    Import("pathlib", "Path", standard=True),
    Import("types", "ModuleType", standard=True),
    Import("pytest"),
    Import("hypothesis", "given"),
    Import("hypothesis", "settings"),
    Import("hypothesis", "strategies", alias="st"),
)


@frozen
class Adapters:
    """What the properties need of a framework: imports, the text that defines the adapters, properties of its own."""

    imports: tuple[Import, ...]
    text: str
    properties: tuple[Property, ...] = ()


def test_module(program: Program, adapters: Adapters) -> str:
    """Give the text of `test_model.py`."""
    found = references(program)
    properties = [p.text for p in (*PROPERTIES, *adapters.properties) if p.needs(program)]
    body = "\n\n\n".join(_filled(text, program).strip() for text in (*properties, *(r.test for r in found)))
    listings = "\n\n".join("\n".join(r.lines()) for r in found)
    helpers = used_texts(HELPERS, f"{listings}\n{body}")
    loaded = f"{LOADING.strip()}\n\n\n{adapters.text.strip()}"
    imports = import_lines((*IMPORTS, *adapters.imports), "\n".join([loaded, *helpers, body]))
    head = "\n".join([*_title(), "", *imports])
    return "\n\n\n".join(filter(None, [head, loaded, *helpers, listings, body])) + "\n"


def _title() -> list[str]:
    summary = "Properties of the model.py beside this file; run `pytest` on this file, from anywhere."
    return docstring([quoted(summary)], "")


def _filled(text: str, program: Program) -> str:
    learned = [f'("{o.name}", "{name}", {count})' for o in program.objectives for name, count in o.learned]
    given = {
        "$solvers": _cases('("solver", "order")', [f'("{name}", {order})' for name, order in program.solvers]),
        "$learned": _cases('("objective", "name", "scalars")', learned),
    }
    for name, value in given.items():
        text = text.replace(name, value)
    return text


def _cases(names: str, rows: list[str]) -> str:
    """Give the arguments of `parametrize`: on one line, or a row a line."""
    line = f"{names}, [{', '.join(rows)}]"
    if len(f"@pytest.mark.parametrize({line})") <= WIDTH:
        return line
    return "\n".join(["", f"    {names},", "    [", *(f"        {row}," for row in rows), "    ],", ""])
