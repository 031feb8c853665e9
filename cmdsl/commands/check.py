"""`cmdsl check`: derive and prove a spec; what was printed for an unchanged one is remembered."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cmdsl.commands.dump import add_dump, dumped
from cmdsl.commands.say import coloured, refuse, written
from cmdsl.commands.spec import add_spec

if TYPE_CHECKING:
    from cmdsl.cache import Report

HELP = "derive and prove a spec, and print the derivation and the verdicts"


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
            return refuse(refused.diagnostics)
    print(found.coloured_report if coloured(sys.stdout) else found.report)
    print(found.coloured_warnings if coloured(sys.stderr) else found.warnings, end="", file=sys.stderr)
    return 0


def checked_report(spec: Path, overrides: dict[str, str]) -> Report:
    """Derive and prove a spec, and keep what is printed of it."""
    from cmdsl.cache import Report, remember
    from cmdsl.driver import check, imports, report

    checked = check(spec, overrides)
    texts = [(report(checked, colour), written(checked.warnings, colour)) for colour in (False, True)]
    found = Report(*texts[0], *texts[1])
    remember(spec, overrides, imports(checked), found)
    return found
