"""Show the lines that a diagnostic speaks of, with its spans marked and labelled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, groupby
from typing import TypeAlias
from unicodedata import category, east_asian_width

from attrs import evolve, frozen

from cmdsl.diagnostics.span import Span

BLUE = "\x1b[34m"
WIDEST = 120  # cells of a line that are shown
BEFORE = 40  # of them before what is marked, where a line is wider
TAB = 4
Paint: TypeAlias = Callable[[str, str], str]


@frozen
class Mark:
    """A span to be marked: its label, the character that it is underlined with, the colour."""

    span: Span
    label: str
    sign: str
    tint: str


def excerpts(marks: Sequence[Mark], width: int, sources: Mapping[str, str], paint: Paint) -> list[str]:
    """Show the marked lines, file by file; files other than the first are named."""
    shown: list[str] = []
    for path in dict.fromkeys(mark.span.path for mark in marks):
        lines = sources[path].split("\n") if path in sources else []
        here = [part for mark in marks if mark.span.path == path for part in ends(mark, lines)]
        if here:
            at = min(part.span.line for part in here), min(part.span.column for part in here)
            first = path == marks[0].span.path
            named = f"{' ' * width} {paint('-->', BLUE)} {printable(path)}:{at[0]}:{at[1]}"
            shown += [f"{' ' * width} {paint('|', BLUE)}" if first else named, *passage(here, lines, width, paint)]
    return shown


def ends(mark: Mark, lines: Sequence[str]) -> list[Mark]:
    """Give the parts of a mark that are shown: one, or of a span over several lines its first and last line."""
    span = mark.span
    if not 0 < span.line <= len(lines):
        return []
    if span.end_line <= span.line:
        return [mark]
    last = min(span.end_line, len(lines))
    indent = len(lines[last - 1]) - len(lines[last - 1].lstrip())
    end = max(len(lines[span.line - 1].rstrip()) + 1, span.column + 1)
    head = Span(span.path, span.line, span.column, span.line, end)
    tail = Span(span.path, last, indent + 1, last, max(span.end_column, indent + 2))
    return [evolve(mark, span=head, label=""), evolve(mark, span=tail)]


def passage(marks: Iterable[Mark], lines: Sequence[str], width: int, paint: Paint) -> list[str]:
    """Show marked lines in order, with dots for those left out between."""
    shown: list[str] = []
    before = 0
    for number, group in groupby(sorted(marks, key=lambda m: (m.span.line, m.span.column)), lambda m: m.span.line):
        shown += [paint("...", BLUE)] if before and number > before + 1 else []
        bar, blank = paint("|", BLUE), " " * width
        text, rows = drawn(lines[number - 1].rstrip("\r"), list(group), paint)
        shown.append(f"{paint(str(number).rjust(width), BLUE)} {bar} {text}".rstrip())
        shown += [f"{blank} {bar} {row}" for row in rows]
        before = number
    return shown


def drawn(line: str, marks: Sequence[Mark], paint: Paint) -> tuple[str, list[str]]:
    """Give a line as it is shown, and the rows of marks and labels under it."""
    cells = [cell(char) for char in line]
    widths = [columns(text) for text in cells]
    starts = [0, *accumulate(widths)]
    chief = next((mark for mark in marks if mark.sign == "^"), marks[0])
    first, last = window(starts, chief)
    lead = "... " if first else ""
    shown = lead + "".join(cells[first:last]) + (" ..." if last < len(cells) else "")
    seen = [m for m in marks if m is chief or (first < m.span.end_column and m.span.column - 1 <= last)]
    placed = [(span_cells(mark, starts, first, last, len(lead)), mark) for mark in seen]
    return shown, [marked(placed, paint), *labelled(placed, paint)]


def window(starts: Sequence[int], chief: Mark) -> tuple[int, int]:
    """Give the part of a line that is shown: all, or what is round the mark that matters most."""
    end = len(starts) - 1
    if starts[end] <= WIDEST:
        return 0, end
    at = starts[min(chief.span.column - 1, end)]
    first = next(i for i, start in enumerate(starts) if start >= min(at - BEFORE, starts[end] - WIDEST))
    return first, max(i for i, start in enumerate(starts) if start <= starts[first] + WIDEST)


def span_cells(mark: Mark, starts: Sequence[int], first: int, last: int, lead: int) -> tuple[int, int]:
    """Give the cells that a mark takes, within the part of the line that is shown; one at least."""
    start, end = (min(max(c - 1, first), last) for c in (mark.span.column, mark.span.end_column))
    at = starts[start] - starts[first] + lead
    return at, max(starts[end] - starts[first] + lead, at + 1)


Placed: TypeAlias = tuple[tuple[int, int], Mark]


def marked(placed: Sequence[Placed], paint: Paint) -> str:
    """Underline all marks in one row, the primary one above others; the last label stands beside them."""
    row: dict[int, Mark] = {}
    for (start, end), mark in sorted(placed, key=lambda p: p[1].sign == "^"):
        row |= dict.fromkeys(range(start, end), mark)
    signs = [row.get(i) for i in range(max(row) + 1)]
    pieces = ["".join(" " if m is None else m.sign for m in group) for _, group in groupby(signs)]
    tints = [m.tint if m else "" for m, _ in groupby(signs)]
    label = placed[-1][1].label
    drawn = "".join(paint(p, t) if t else p for p, t in zip(pieces, tints, strict=True))
    return f"{drawn} {paint(printable(label), placed[-1][1].tint)}" if label else drawn


def labelled(placed: Sequence[Placed], paint: Paint) -> list[str]:
    """Write the labels before the last, each under its own mark, from right to left."""
    rows = []
    waiting = [(start, mark) for (start, _), mark in placed[:-1] if mark.label]
    while waiting:
        start, mark = waiting.pop()
        row, at = "", 0
        for other, left in waiting:
            if at <= other < start:
                row += " " * (other - at) + paint("|", left.tint)
                at = other + 1
        rows.append(row + " " * (start - at) + paint(printable(mark.label), mark.tint))
    return rows


def cell(char: str) -> str:
    """Give a character as it is shown: a tab as blanks, what can't be printed as its code."""
    return " " * TAB if char == "\t" else printable(char)


def columns(text: str) -> int:
    """Give the columns of a terminal that a text takes."""
    return sum(0 if category(c) in ("Mn", "Me") else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def printable(text: str) -> str:
    """Show control characters, that a spec may hold, without sending them to the terminal; tabs take one column."""
    return "".join(c if c.isprintable() else " " if c == "\t" else ascii(c)[1:-1] for c in text)
