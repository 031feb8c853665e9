"""Write diagnostics to the standard error, in the format that the command line asks for."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from cmdsl.diagnostics import Diagnostic

FORMATS = ("human", "concise", "json")
MOST = 50  # diagnostics that are shown, but in JSON


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
    from cmdsl.diagnostics.render import as_json, concise, human

    if form == "json":
        return f"{as_json(diagnostics)}\n"
    texts = sources(diagnostics) if form == "human" else {}
    shown = [f"{concise(d)}\n" if form == "concise" else f"{human(d, texts, colour)}\n\n" for d in diagnostics[:MOST]]
    more = len(diagnostics) - len(shown)
    end = "\n" if form == "concise" else "\n\n"
    return "".join(shown) + (f"... and {more} more{end}" if more > 0 else "")


def coloured(stream: TextIO) -> bool:
    """Tell whether to colour what goes to a stream: only on a terminal, and unless NO_COLOR is set."""
    return stream.isatty() and "NO_COLOR" not in os.environ


def sources(diagnostics: Sequence[Diagnostic]) -> dict[str, str]:
    """Read the files that diagnostics point to, where they can be read."""
    paths = {s.path for d in diagnostics for s in (d.span, *(label.span for label in d.secondary)) if s is not None}
    return {path: text for path in paths if (text := source(path)) is not None}


def source(path: str) -> str | None:
    """Read a spec, or a file of the library."""
    from importlib.resources import files

    try:
        if path.startswith("library/"):
            return files("cmdsl").joinpath(path).read_text(encoding="utf-8")
        return Path(path).read_text(encoding="utf-8").removeprefix("\ufeff")
    except (OSError, ValueError):
        return None
