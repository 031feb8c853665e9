"""Write diagnostics: for people, in one line each, or as data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cmdsl.diagnostics.diagnostic import Diagnostic, Severity
from cmdsl.diagnostics.excerpt import BLUE, Mark, Paint, excerpts, printable
from cmdsl.diagnostics.span import Span

RED, YELLOW, BOLD, RESET = "\x1b[31m", "\x1b[33m", "\x1b[1m", "\x1b[0m"


def human(diagnostic: Diagnostic, sources: Mapping[str, str], colour: bool = False) -> str:
    """Write one diagnostic for people; `sources` are the texts by path."""
    paint = painter(colour)
    tint = RED if diagnostic.severity is Severity.ERROR else YELLOW
    marks = [Mark(diagnostic.span, diagnostic.label, "^", tint)] if diagnostic.span else []
    marks += [Mark(label.span, label.text, "-", BLUE) for label in diagnostic.secondary]
    width = max((len(str(mark.span.end_line)) for mark in marks), default=1)
    facts = [f"note: {note}" for note in diagnostic.notes] + [f"help: {diagnostic.help}"] * bool(diagnostic.help)
    return "\n".join(
        [
            heading(diagnostic, paint, tint),
            *excerpts(marks, width, sources, paint),
            *(f"{' ' * width} {paint('=', BLUE)} {printable(fact)}" for fact in facts),
        ]
    )


def heading(diagnostic: Diagnostic, paint: Paint, tint: str) -> str:
    """Write the place, the code and the message."""
    place = f"{printable(str(diagnostic.span))}: " if diagnostic.span else ""
    code = paint(f"{diagnostic.severity.value}[{diagnostic.code}]", tint)
    return f"{paint(place, BOLD)}{code}: {paint(printable(diagnostic.message), BOLD)}"


def painter(colour: bool) -> Paint:
    """Give a function that colours a text, or leaves it."""
    return (lambda text, tint: f"{tint}{text}{RESET}" if text else text) if colour else (lambda text, tint: text)


def concise(diagnostic: Diagnostic) -> str:
    """Write one diagnostic in one line."""
    return heading(diagnostic, painter(False), "")


def as_json(diagnostics: Sequence[Diagnostic]) -> str:
    """Write diagnostics as a JSON array, one to a line; `docs/errors/README.md` says what the keys are."""
    lines = [f"\n{json.dumps(data(d), ensure_ascii=False)}" for d in diagnostics]
    return f"[{','.join(lines)}\n]" if lines else "[]"


def data(diagnostic: Diagnostic) -> dict[str, Any]:
    """Give a diagnostic as plain data."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "span": place(diagnostic.span),
        "label": diagnostic.label,
        "secondary": [{"span": place(label.span), "label": label.text} for label in diagnostic.secondary],
        "notes": list(diagnostic.notes),
        "help": diagnostic.help,
        "page": f"docs/errors/{diagnostic.code}.md",
    }


def place(span: Span | None) -> dict[str, Any] | None:
    """Give a span as plain data."""
    if span is None:
        return None
    start, end = (span.line, span.column), (span.end_line, span.end_column)
    ends = {name: {"line": at[0], "column": at[1]} for name, at in (("start", start), ("end", end))}
    return {"path": span.path, **ends}
