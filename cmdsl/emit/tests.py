"""The text of `test_model.py`: the properties that a program has, and reference values computed when it is compiled."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from cmdsl.emit.layout import INDENT, WIDTH
from cmdsl.emit.module import Import, import_lines, used_texts
from cmdsl.emit.properties import AGREEMENT, HELPERS, LOADING, PROPERTIES
from cmdsl.emit.prose import docstring, quoted
from cmdsl.emit.reference import Row, Table, tables
from cmdsl.ir.nodes import Program

ULPS = 8  # of float32, on the scale that rounding the arguments and parameters once sets
IMPORTS = (
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
    """What the properties need of a framework: its imports, and the text that defines the adapters."""

    imports: tuple[Import, ...]
    text: str


def test_module(program: Program, adapters: Adapters) -> str:
    """Give the text of `test_model.py`."""
    reference = tables(program)
    tests = [_filled(p.text, program) for p in PROPERTIES if p.needs(program)]
    tests += [_filled(AGREEMENT, program)] if reference else []
    body = "\n\n\n".join(t.strip() for t in tests)
    helpers = used_texts(HELPERS, body)
    loaded = f"{LOADING.strip()}\n\n\n{adapters.text.strip()}"
    listing = ["\n".join(_reference(reference))] if reference else []
    everything = "\n".join([loaded, *helpers, body])
    head = "\n".join([*_title(), "", *import_lines((*IMPORTS, *adapters.imports), everything)])
    return "\n\n\n".join([f"{head}\n\n\n{loaded}", *helpers, *listing, body]) + "\n"


def _title() -> list[str]:
    return docstring(
        [quoted("Properties of the model.py beside this file; run `pytest` on this file, from anywhere.")], ""
    )


def _filled(text: str, program: Program) -> str:
    solvers = ", ".join(f'("{name}", {order})' for name, order in program.solvers)
    return text.replace("$solvers", f"[{solvers}]").replace("$ulps", str(ULPS))


def _reference(found: Iterable[Table]) -> list[str]:
    """Give the reference values as a mapping, a row a line."""
    return [
        "# By function: which arguments are scalars (t) and states (x); then arguments, value and scale, row by row.",
        "# Values are computed at fifty digits; the scale is what relative errors of arguments and parameters come to.",
        "REFERENCE = {",
        *(line for table in found for line in _table(table)),
        "}",
    ]


def _table(table: Table) -> list[str]:
    rows = [line for row in table.rows for line in _row(row)]
    return [f'    "{table.name}": (', f'        "{table.kinds}",', "        [", *rows, "        ],", "    ),"]


def _row(row: Row) -> list[str]:
    rounded = float(f"{row.scale:.2e}")
    numbers = [repr(v).replace("e+", "e") for v in (*row.arguments, row.value, rounded)]
    indent = 3 * INDENT
    line = f"{indent}({', '.join(numbers)}),"
    return [line] if len(line) <= WIDTH else [f"{indent}(", *(f"{indent}{INDENT}{n}," for n in numbers), f"{indent}),"]
