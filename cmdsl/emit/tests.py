"""The text of `test_model.py`: the properties that a program has, and reference values computed when it is compiled."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from cmdsl.emit.layout import INDENT, WIDTH
from cmdsl.emit.module import Import, import_lines, used_texts
from cmdsl.emit.properties import AGREEMENT, GRIDS, PROPERTIES, SCHEDULES
from cmdsl.emit.property_helpers import HELPERS, LOADING
from cmdsl.emit.prose import docstring, quoted
from cmdsl.emit.reference import Table, grids, schedules, tables
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
    references = [found for found in _references(program) if found.entries]
    texts = [p.text for p in PROPERTIES if p.needs(program)] + [found.test for found in references]
    body = "\n\n\n".join(_filled(text, program).strip() for text in texts)
    helpers = used_texts(HELPERS, body)
    loaded = f"{LOADING.strip()}\n\n\n{adapters.text.strip()}"
    head = "\n".join([*_title(), "", *import_lines((*IMPORTS, *adapters.imports), "\n".join([loaded, *helpers, body]))])
    listings = "\n\n".join("\n".join(_listing(found)) for found in references)
    return "\n\n\n".join(filter(None, [f"{head}\n\n\n{loaded}", *helpers, listings, body])) + "\n"


def _title() -> list[str]:
    summary = "Properties of the model.py beside this file; run `pytest` on this file, from anywhere."
    return docstring([quoted(summary)], "")


def _filled(text: str, program: Program) -> str:
    learned = [f'("{o.name}", "{name}", {count})' for o in program.objectives for name, count in o.learned]
    given = {
        "$solvers": _cases('("solver", "order")', [f'("{name}", {order})' for name, order in program.solvers]),
        "$learned": _cases('("objective", "name", "scalars")', learned),
        "$ulps": str(ULPS),
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


@frozen
class Reference:
    """A mapping of reference values: its name, what is said of it, its entries, the test that reads it."""

    name: str
    comment: tuple[str, ...]
    entries: tuple[str, ...]
    test: str


def _references(program: Program) -> tuple[Reference, ...]:
    at_times = tuple(line for table in tables(program) for line in _table(table))
    at_steps = tuple(line for s in schedules(program) for line in _entry(s.name, s.rows))
    of_nodes = tuple(line for name, rows in grids(program) for line in _entry(name, rows))
    return (
        Reference("REFERENCE", OF_TIMES, at_times, AGREEMENT),
        Reference("SCHEDULES", ("# By function: step k, of K, and the value.",), at_steps, SCHEDULES),
        Reference("GRIDS", ("# By function: all times of a grid, for a few grids.",), of_nodes, GRIDS),
    )


OF_TIMES = (
    "# Values are computed at fifty digits; the scale is what relative errors of arguments and parameters come to.",
    "# By function: which arguments are scalars (t) and states (x); then arguments, value and scale, row by row.",
)


def _listing(found: Reference) -> list[str]:
    return [*found.comment, f"{found.name} = {{", *found.entries, "}"]


def _entry(name: str, rows: Iterable[tuple[float, ...]]) -> list[str]:
    return [f'    "{name}": [', *(line for row in rows for line in _row(row, 2 * INDENT)), "    ],"]


def _table(table: Table) -> list[str]:
    rows = ((*row.arguments, row.value, float(f"{row.scale:.2e}")) for row in table.rows)
    lines = (line for row in rows for line in _row(row, 3 * INDENT))
    return [f'    "{table.name}": (', f'        "{table.kinds}",', "        [", *lines, "        ],", "    ),"]


def _row(row: tuple[float, ...], indent: str) -> list[str]:
    numbers = [repr(v).replace("e+", "e") for v in row]
    line = f"{indent}({', '.join(numbers)}),"
    return [line] if len(line) <= WIDTH else [f"{indent}(", *(f"{indent}{INDENT}{n}," for n in numbers), f"{indent}),"]
