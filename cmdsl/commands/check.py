"""`cmdsl check`: derive and prove a spec; what was printed for an unchanged one is remembered."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cmdsl.commands.dump import add_dump, dumped
from cmdsl.commands.say import FORMATS, coloured, refuse, written
from cmdsl.commands.spec import add_spec

if TYPE_CHECKING:
    from cmdsl.cache import Report

HELP = "derive and prove a spec, and print the derivation and the verdicts"
EXAMPLES = """examples:
  cmdsl check my_model.cm
  cmdsl check "my models/a.cm" -D sigma_data=1 -D T=40
  cmdsl check my_model.cm --format concise           diagnostics in a line each
  cmdsl check my_model.cm --dump lower               the program before it is printed, as pseudo-code
  cmdsl check my_model.cm --dump parse --format json
"""


def add(command: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    add_spec(command)
    add_dump(command)


def run(arguments: argparse.Namespace) -> int:
    """Print the derivation and the verdicts of a spec."""
    if arguments.dump:
        return dumped(arguments, backend="torch")
    from cmdsl.cache import recall

    overrides = dict(arguments.overrides)
    found = recall(arguments.spec, overrides)
    if found is None:
        from cmdsl.diagnostics import SpecError

        try:
            found = checked_report(arguments.spec, overrides)
        except SpecError as refused:
            return refuse(refused.diagnostics, arguments.form)
    print(found.coloured_report if coloured(sys.stdout) else found.report)
    colour = arguments.form == "human" and coloured(sys.stderr)
    print(found.coloured_warnings if colour else found.warnings[arguments.form], end="", file=sys.stderr)
    return 0


def checked_report(spec: Path, overrides: dict[str, str]) -> Report:
    """Derive and prove a spec, and keep what is printed of it."""
    from cmdsl.cache import Report, remember
    from cmdsl.driver import check, imports, report

    checked = check(spec, overrides)
    found = Report(
        report=report(checked),
        coloured_report=report(checked, True),
        warnings={form: written(checked.warnings, form) for form in FORMATS},
        coloured_warnings=written(checked.warnings, colour=True),
    )
    remember(spec, overrides, imports(checked), found)
    return found
