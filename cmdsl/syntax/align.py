"""Align `=`, `~`, `in`, `from` and comments of lines that follow each other where the author has aligned them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from attrs import define, field

COMMENT_GAP = 2


@define
class Row:
    """A line: its text up to the first place where it may be aligned, the texts after such places, and a comment."""

    level: int
    cells: list[str]
    columns: list[tuple[str, int]] = field(factory=list)  # what stands at each such place, and the column it had
    comment: str = ""
    comment_column: int = 0

    @property
    def is_code(self) -> bool:
        """Tell whether there is more than a comment."""
        return bool(self.cells[0])


def aligned(rows: Sequence[Row]) -> list[str]:
    """Give the texts of rows, aligned where they were, as far left as they can be."""
    code = [row for row in rows if row.is_code]
    for place in range(max((len(row.columns) for row in code), default=0)):
        marks = [(row.level, row.columns[place]) if place < len(row.columns) else None for row in code]
        for group in groups(code, marks):
            join(group, max(len(row.cells[0]) + 1 for row in group))
    for group in groups(code, [row.comment_column or None for row in code]):
        column = max(group[0].comment_column, *(len(row.cells[0]) + COMMENT_GAP for row in group))
        for row in group:
            row.cells[0] = row.cells[0].ljust(column) + row.comment
    return [row.cells[0] or row.comment for row in rows]


def join(rows: Sequence[Row], column: int) -> None:
    """Put the next cell of rows into a column."""
    for row in rows:
        row.cells[:2] = [row.cells[0].ljust(column) + row.cells[1]]


def groups(rows: Sequence[Row], marks: Sequence[object]) -> Iterator[list[Row]]:
    """Give the rows that follow each other with the same mark; those with None stand in no group."""
    for mark, group in groupby(zip(rows, marks, strict=True), lambda pair: pair[1]):
        if mark is not None:
            yield [row for row, _ in group]
