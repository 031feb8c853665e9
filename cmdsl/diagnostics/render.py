"""Write diagnostics for people: the place, the line with the span marked, the facts and the way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from cmdsl.diagnostics.diagnostic import Diagnostic, Severity
from cmdsl.diagnostics.span import Span

RED, YELLOW, BLUE, BOLD, RESET = "\x1b[31m", "\x1b[33m", "\x1b[34m", "\x1b[1m", "\x1b[0m"
WIDEST = 160
Paint: TypeAlias = Callable[[str, str], str]


def human(diagnostic: Diagnostic, sources: Mapping[str, str], colour: bool = False) -> str:
    """Write one diagnostic; `sources` are the texts by path."""
    paint = painter(colour)
    severity = diagnostic.severity.value
    tint = RED if diagnostic.severity is Severity.ERROR else YELLOW
    place = f"{printable(str(diagnostic.span))}: " if diagnostic.span else ""
    code, message = paint(f"{severity}[{diagnostic.code}]", tint), paint(printable(diagnostic.message), BOLD)
    lines = [f"{paint(place, BOLD)}{code}: {message}"]
    spans = [
        (diagnostic.span, diagnostic.label, "^"),
        *((label.span, label.text, "-") for label in diagnostic.secondary),
    ]
    width = max((len(str(span.line)) for span, _, _ in spans if span), default=1)
    for span, label, mark in spans:
        lines += excerpt(span, label, mark, width, sources, paint, tint if mark == "^" else BLUE)
    lines += [f"{' ' * width} {paint('=', BLUE)} note: {printable(note)}" for note in diagnostic.notes]
    lines += [f"{' ' * width} {paint('=', BLUE)} help: {printable(diagnostic.help)}"] if diagnostic.help else []
    return "\n".join(lines)


def painter(colour: bool) -> Paint:
    """Give a function that colours a text, or leaves it."""
    return (lambda text, tint: f"{tint}{text}{RESET}" if text else text) if colour else (lambda text, tint: text)


def excerpt(
    span: Span | None, label: str, mark: str, width: int, sources: Mapping[str, str], paint: Paint, tint: str
) -> list[str]:
    """Show the line that a span starts on, with the span underlined."""
    lines = sources[span.path].split("\n") if span and span.path in sources else []
    if span is None or not 0 < span.line <= len(lines) or len(lines[span.line - 1]) > WIDEST:
        return []
    line = lines[span.line - 1].rstrip("\r")
    last = span.end_column if span.end_line == span.line else len(line) + 1
    marks = mark * max(1, last - span.column)
    bar = paint("|", BLUE)
    number = paint(str(span.line).rjust(width), BLUE)
    under = " " * (span.column - 1) + paint(f"{marks} {printable(label)}".rstrip(), tint)
    return [f"{' ' * width} {bar}", f"{number} {bar} {printable(line)}", f"{' ' * width} {bar} {under}"]


def printable(text: str) -> str:
    """Show control characters, that a spec may hold, without sending them to the terminal; tabs take one column."""
    return "".join(c if c.isprintable() else " " if c == "\t" else ascii(c)[1:-1] for c in text)
