"""Write diagnostics to the standard error, in the format that the command line asks for."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from cmdsl.diagnostics import Diagnostic, SpecError

FORMATS = ("human", "concise", "json")


def refuse(diagnostics: Sequence[Diagnostic], form: str = "human") -> int:
    """Say why a spec is refused."""
    say(diagnostics, form)
    count = sum(d.severity.value == "error" for d in diagnostics)
    if form == "human":
        print(f"{count} error{'s' if count != 1 else ''}; nothing was written", file=sys.stderr)
    return 1


def say(diagnostics: Sequence[Diagnostic], form: str = "human") -> None:
    """Write diagnostics to the standard error."""
    print(written(diagnostics, form, coloured(sys.stderr)), end="", file=sys.stderr)


def written(diagnostics: Sequence[Diagnostic], form: str = "human", colour: bool = False) -> str:
    """Write diagnostics in one of the formats."""
    from cmdsl.diagnostics.people import MOST, for_people
    from cmdsl.diagnostics.render import as_json, concise

    if form == "json":
        return f"{as_json(diagnostics)}\n"
    if form == "human":
        return f"{for_people(diagnostics, {}, colour)}\n\n" if diagnostics else ""
    more = [f"... and {len(diagnostics) - MOST} more"] if len(diagnostics) > MOST else []
    return "".join(f"{line}\n" for line in [*map(concise, diagnostics[:MOST]), *more])


def coloured(stream: TextIO) -> bool:
    """Tell whether to colour what goes to a stream: only on a terminal, and unless NO_COLOR is set."""
    return stream.isatty() and "NO_COLOR" not in os.environ


def unwritten(path: Path, problem: OSError | ValueError) -> SpecError:
    """Say why there is no file."""
    from cmdsl.diagnostics import error

    if isinstance(problem, FileExistsError):
        return error("CM404", f"{problem.filename} is there already", help="give another file with -o")
    reason = getattr(problem, "strerror", None) or "not a file name"
    return error("CM404", f"can't write to {path}: {reason}", help="give another file with -o")
