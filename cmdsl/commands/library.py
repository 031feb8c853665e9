"""`cmdsl library`: list the definitions that a spec can use by name."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cmdsl.commands.mistake import meant, mistaken, near
from cmdsl.commands.say import refuse, unwritten

if TYPE_CHECKING:
    from cmdsl.sema.catalogue import Entry
    from cmdsl.sema.shelf import Shelf

HELP = "list the definitions of the library, with their formulas and sources"
EXAMPLES = """examples:
  cmdsl library                       everything, by kind
  cmdsl library solver                the solvers
  cmdsl library solver NAME           one of them
  cmdsl library NAME                  whatever has that name
  cmdsl library --specs models        everything, with a folder's own definitions, and which of its specs use what
  cmdsl library --specs models --format markdown -o library.md   the same as a page
"""


def add(command: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    command.add_argument(
        "kind", nargs="?", metavar="KIND", help="precondition, grid, solver, objective, … or a name (default: all)"
    )
    command.add_argument("name", nargs="?", metavar="NAME", help="one definition of that kind (default: all)")
    command.add_argument(
        "--format",
        dest="form",
        choices=("human", "json", "markdown"),
        default="human",
        help="for people, as a JSON array with an object for each definition, or as a page with links (default: human)",
    )
    command.add_argument(
        "--specs",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="say which specs use what: a .cm file or a folder, whose own definitions are listed too; may be repeated",
    )
    command.add_argument("-o", "--out", type=Path, metavar="FILE", help="where to write (default: standard output)")


def run(arguments: argparse.Namespace) -> int:
    """Print the definitions that are asked for, kind by kind."""
    from cmdsl.diagnostics import SpecError
    from cmdsl.sema.shelf import shelf

    try:
        everything = shelf(arguments.specs)
    except SpecError as wrong:
        return refuse(wrong.diagnostics)
    found = chosen(everything, arguments.kind, arguments.name)
    if isinstance(found, str):
        return mistaken("library", found)
    text = FORMS[arguments.form](found, arguments.out)
    if arguments.out is None:
        print(text, end="")
        return 0
    try:
        arguments.out.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as problem:
        return refuse(unwritten(arguments.out, problem).diagnostics)
    return 0


def chosen(everything: Shelf, kind: str | None, name: str | None) -> Shelf | str:
    """Give what is asked for, by its kind and name or by its name alone; else say what is not there."""
    from attrs import evolve

    from cmdsl.sema.catalogue import KINDS

    if kind not in (None, *KINDS) and name is None:
        kind, name = None, kind
    of_kind = [e for e in everything.entries if kind in (None, e.kind)]
    found = tuple(e for e in of_kind if name in (None, e.name))
    if found:
        return evolve(everything, entries=found)
    names = {e.name for e in of_kind}
    if kind is None:
        offered = meant(name or "", [*KINDS, *names]) or f"; the kinds are: {', '.join(KINDS)}"
        return f"there is no kind and no definition `{name}`{offered}"
    if kind not in KINDS:
        return f"there is no kind `{kind}`{near(kind, KINDS)}"
    return f"there is no {kind} `{name}`{near(name or '', names)}"


def for_people(found: Shelf, out: Path | None) -> str:
    """Write definitions as they are called, what they are for, where they come from, and what they say."""
    texts = [definition(e, [spec.name for spec in found.users(e)]) for e in found.entries]
    return "\n".join([*texts, *(consequences(found.entries[0]) if len(texts) == 1 else ())])


def consequences(entry: Entry) -> list[str]:
    """Write what follows from a principle."""
    if not entry.principled:
        return []
    from cmdsl.symbolic.general import general

    formulas = general(entry)
    return ["  from which follows, for every process,", *(f"    {line}" for line in formulas), ""] if formulas else []


def definition(entry: Entry, users: Sequence[str]) -> str:
    """Write a definition for people."""
    about = [entry.about, *(f"{p}: {p.about}" for p in entry.parameters if p.about)]
    origin = f"{entry.source}; {entry.place}" if entry.source else entry.place
    used = f"used by {', '.join(users)}" if users else ""
    head = [f"  {line}" for line in (*about, origin, used) if line]
    return "\n".join([f"{entry.kind} {entry.signature}", *head, *(f"    {line}" for line in entry.formulas), ""])


def as_json(found: Shelf, out: Path | None) -> str:
    """Write definitions as data."""
    from attrs import asdict

    data = [
        {**asdict(e), "signature": e.signature, "used_by": [spec.name for spec in found.users(e)]}
        for e in found.entries
    ]
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def as_page(found: Shelf, out: Path | None) -> str:
    """Write a page of definitions and specs, with links from the folder that it is to stand in."""
    from cmdsl.report.library import page

    return page(found, out.parent if out else Path())


FORMS = {"human": for_people, "json": as_json, "markdown": as_page}
