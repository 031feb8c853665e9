"""Lay out the text of a spec: blanks, indentation, alignment; words, comments and line breaks are the author's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from attrs import define, field
from lark import Token

from cmdsl.syntax.align import Row, aligned
from cmdsl.syntax.parse import parsed, parser, refuse_large
from cmdsl.syntax.scan import tokens
from cmdsl.syntax.spacing import blanks, sign

INDENTATION = 4
PLACES = {"EQUAL": "=", "TILDE": "=", "IN": "in", "FROM": "from"}  # what may be aligned, with what else


def reformat(path: str, text: str) -> str:
    """Give the text of a spec laid out; raises SpecError where it is not in the language."""
    refuse_large(path, text)
    scanned = tokens(parser(), text)
    _, kinds = parsed(path, text, scanned)
    lines = aligned(list(Layout(kinds).rows(scanned)))
    return "".join(f"{line}\n" for line in without_blank_lines(lines))


def without_blank_lines(lines: Sequence[str]) -> Iterator[str]:
    """Leave out blank lines at the ends, inside of brackets at their ends, and next to others."""
    above, blank = "", False
    for line in lines:
        if line:
            opens = above.partition("#")[0].rstrip().endswith(("{", "(", "["))
            if blank and above and not opens and not line.lstrip().startswith(("}", ")", "]")):
                yield ""
            yield line
            above = line
        blank = not line


@define
class Layout:
    """The brackets that are open, each with the number of its line, and the token before."""

    kinds: Mapping[int, str]
    opened: list[tuple[str, int]] = field(factory=list)
    before: str | None = None
    ended: bool = True  # whether the line before has ended its statement

    def rows(self, scanned: Sequence[Token]) -> Iterator[Row]:
        """Give the rows of a text, a line each."""
        for number, line in groupby(scanned, lambda token: token.line):
            yield self.row(number or 1, [token for token in line if token.type not in ("BLANK", "$END")])

    def row(self, number: int, line: Sequence[Token]) -> Row:
        """Give a line."""
        code = [token for token in line if token.type not in ("COMMENT", "_NL")]
        level, first = self.level(code), len(self.opened)
        row = Row(level, [" " * INDENTATION * level if code else ""])
        for index, token in enumerate(code):
            self.add(row, token, number, index == 0, first)
        for token in line:
            if token.type == "COMMENT":
                row.comment, row.comment_column = token.rstrip(), (token.column or 1) - 1
            elif token.type == "_NL":
                self.ended = (token.start_pos or 0) in self.kinds or (self.ended if not code else code[-1] == "{")
        row.comment = row.comment if code or not row.comment else " " * INDENTATION * level + row.comment
        return row

    def level(self, code: Sequence[Token]) -> int:
        """Give how far a line is indented: by the lines above with open brackets, and more if it goes on with one."""
        closing = next((i for i, token in enumerate(code) if token not in (")", "]", "}")), len(code))
        still = self.opened[: len(self.opened) - closing]
        goes_on = not self.ended and not closing and (not still or still[-1][0] == "{")
        return len({number for _, number in still}) + goes_on

    def add(self, row: Row, token: Token, number: int, is_first: bool, depth: int) -> None:
        """Add a token to a line."""
        kind = sign(self.kinds[token.start_pos or 0], self.before)
        if kind in PLACES and len(self.opened) == depth and self.ended and not is_first:
            row.columns.append((PLACES[kind], token.column or 1))
            row.cells.append(token)
        else:
            in_braces = bool(self.opened) and self.opened[-1][0] == "{"
            row.cells[-1] += "" if is_first else blanks(self.before or "", kind, in_braces)
            row.cells[-1] += token
        self.open_or_close(token, number)
        self.before = kind

    def open_or_close(self, token: Token, number: int) -> None:
        """Remember an open bracket, or forget it."""
        if token in ("(", "[", "{"):
            self.opened.append((token, number))
        elif token in (")", "]", "}"):
            self.opened.pop()
