"""`cmdsl library`: list the definitions that a spec can use by name."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cmdsl.commands.mistake import mistaken, near

if TYPE_CHECKING:
    from cmdsl.sema.catalogue import Entry

HELP = "list the definitions of the library, with their formulas and sources"
EXAMPLES = """examples:
  cmdsl library                       everything, by kind
  cmdsl library solver                the solvers
  cmdsl library solver NAME           one of them
  cmdsl library objective --json      as data
"""


def add(command: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    command.add_argument(
        "kind", nargs="?", metavar="KIND", help="precondition, grid, solver, objective, … (default: all)"
    )
    command.add_argument("name", nargs="?", metavar="NAME", help="one definition of that kind (default: all)")
    command.add_argument("--json", action="store_true", help="print JSON: a list with an object for each definition")


def run(arguments: argparse.Namespace) -> int:
    """Print the definitions that are asked for, kind by kind."""
    from cmdsl.sema.catalogue import KINDS, catalogue

    entries, kind, name = catalogue(), arguments.kind, arguments.name
    if kind is not None and kind not in KINDS:
        return mistaken("library", f"there is no kind `{kind}`{near_kind(kind, KINDS, entries)}")
    of_kind = [e for e in entries if kind in (None, e.kind)]
    found = [e for e in of_kind if name in (None, e.name)]
    if not found:
        return mistaken("library", f"there is no {kind} `{name}`{near(name, [e.name for e in of_kind])}")
    print(as_json(found) if arguments.json else "\n\n".join(map(for_people, found)))
    return 0


def near_kind(word: str, kinds: Sequence[str], entries: Sequence[Entry]) -> str:
    """Offer what may have been meant by a word that is no kind: a definition of that name, or a kind."""
    named = next((f"{e.kind} {e.name}" for e in entries if e.name == word), None)
    return f"; did you mean `cmdsl library {named}`?" if named else near(word, kinds)


def for_people(entry: Entry) -> str:
    """Write a definition as it is called, where it comes from, and what it says."""
    head = [f"{entry.kind} {entry.signature}", *([f"  {entry.source}"] if entry.source else [])]
    return "\n".join([*head, *(f"    {line}" for line in entry.formulas)])


def as_json(entries: Sequence[Entry]) -> str:
    """Write definitions as data."""
    from attrs import asdict

    return json.dumps([{**asdict(e), "signature": e.signature} for e in entries], indent=2, ensure_ascii=False)
