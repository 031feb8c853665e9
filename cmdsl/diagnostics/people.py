"""Write diagnostics for people, with the lines of the files that they speak of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from cmdsl.diagnostics.diagnostic import Diagnostic
from cmdsl.diagnostics.render import human

MOST = 50  # diagnostics that are shown


def for_people(diagnostics: Sequence[Diagnostic], texts: Mapping[str, str], colour: bool = False) -> str:
    """Write diagnostics one below the other; `texts` are those of files that are not to be read again."""
    known = sources(diagnostics, texts)
    shown = [human(d, known, colour) for d in diagnostics[:MOST]]
    more = len(diagnostics) - len(shown)
    return "\n\n".join([*shown, *([f"... and {more} more"] if more > 0 else [])])


def sources(diagnostics: Sequence[Diagnostic], texts: Mapping[str, str]) -> dict[str, str]:
    """Give the texts that diagnostics point to, where they can be read."""
    paths = {s.path for d in diagnostics for s in (d.span, *(label.span for label in d.secondary)) if s is not None}
    return {path: text for path in paths if (text := texts.get(path, source(path))) is not None}


def source(path: str) -> str | None:
    """Read a spec, or a file of the library."""
    try:
        if path.startswith("library/"):
            return files("cmdsl").joinpath(path).read_text(encoding="utf-8")
        return Path(path).read_text(encoding="utf-8").removeprefix("\ufeff")
    except (OSError, ValueError):
        return None
