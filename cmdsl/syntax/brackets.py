"""Match brackets; where they don't match, say so once, and mend the tokens so that the rest can be read."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field, frozen
from lark import Token

from cmdsl.diagnostics import Diagnostic, Label, SpecError, error
from cmdsl.syntax.places import after, place, shown
from cmdsl.syntax.starts import ONLY_OUTERMOST, starts_statement

CLOSING = {"(": ")", "[": "]", "{": "}"}
TYPES = {")": "RPAR", "]": "RSQB", "}": "RBRACE"}
DEEPEST = 120
MOST = 20  # mistakes of a kind that are reported


@frozen
class Matched:
    """Tokens whose brackets match, and what was wrong with those at an offset in the text."""

    tokens: Sequence[Token]
    mistakes: Sequence[tuple[int, Diagnostic]] = ()


def matched(path: str, tokens: Sequence[Token]) -> Matched:
    """Give tokens whose brackets match."""
    wanted: list[str] = []
    right = True
    before: Token | None = None
    for token in tokens:
        if token in CLOSING:
            wanted.append(closing(token, before))
            if len(wanted) > DEEPEST:
                raise error("CM001", f"brackets are nested more than {DEEPEST} deep", place(path, token))
        elif token in TYPES:
            right = right and bool(wanted) and token in wanted[-1]
            wanted = wanted[:-1]
        before = before if token.type == "_NL" else token
    return Matched(tokens) if right and not wanted else Mender(path, tokens).mend()


def closing(opening: Token, before: Token | None) -> str:
    """Give the brackets that may close one: those of a range, after `in`, need not be of one kind."""
    return ")]" if before == "in" and opening != "{" else CLOSING[opening]


@define
class Mender:
    """Closes what is left open, by indentation, and drops what closes nothing."""

    path: str
    tokens: Sequence[Token]
    opened: list[tuple[Token, int]] = field(factory=list)  # each with the indentation of its line
    closed_by: list[str] = field(factory=list)  # what may close each
    mended: list[Token] = field(factory=list)
    mistakes: list[tuple[int, Diagnostic]] = field(factory=list)

    def mend(self) -> Matched:
        """Go through the tokens once."""
        indentation = 0
        for index, token in enumerate(self.tokens):
            if token.type != "_NL" and (index == 0 or self.tokens[index - 1].type == "_NL"):
                indentation = token.column or 1
                self.close(self.ended(index, indentation), token)
            self.take(token, indentation)
        return Matched(self.mended, self.mistakes)

    def ended(self, index: int, indentation: int) -> int:
        """Count the brackets that a line can't lie inside of: it starts a statement, no further right than they do."""
        count = 0
        for bracket, left in reversed(self.opened):
            starts = self.tokens[index] in ONLY_OUTERMOST or (bracket != "{" and starts_statement(self.tokens, index))
            if not starts or indentation > left:
                break
            count += 1
        return count

    def take(self, token: Token, indentation: int) -> None:
        """Keep a token, and remember what it opens or closes."""
        if token.type == "$END":
            self.close(len(self.opened), token)
        elif token in CLOSING:
            self.opened.append((token, indentation))
            self.closed_by.append(closing(token, next((t for t in reversed(self.mended) if t.type != "_NL"), None)))
        elif token in TYPES:
            depth = next((i for i, wanted in enumerate(reversed(self.closed_by)) if token in wanted), None)
            if depth is None:
                return self.drop(token)
            self.close(depth, token)
            self.opened.pop()
            self.closed_by.pop()
        self.mended.append(token)

    def drop(self, token: Token) -> None:
        """Leave out a bracket that closes nothing."""
        opening = next(left for left, right in CLOSING.items() if right == token)
        help = f"remove it, or open it with `{opening}`"
        self.note(token, error("CM005", f"`{token}` closes nothing", place(self.path, token), help=help))

    def close(self, count: int, found: Token) -> None:
        """Close the innermost brackets after what is read so far, and say that the last of them was left open."""
        if not count:
            return
        end = next(i for i in range(len(self.mended), 0, -1) if self.mended[i - 1].type != "_NL")
        last = self.mended[end - 1]
        self.report(self.opened[-1][0], last, found)
        closing = [CLOSING[bracket] for bracket, _ in self.opened[: -count - 1 : -1]]
        self.mended[end:end] = [absent(bracket, last) for bracket in closing]
        del self.opened[-count:], self.closed_by[-count:]

    def report(self, opening: Token, last: Token, found: Token) -> None:
        """Say that a bracket is not closed."""
        closing = CLOSING[opening]
        same_line = found.line == last.line and found.type != "$END"
        what = shown(found) if same_line or found.type == "$END" else "the end of the statement"
        span = place(self.path, found) if same_line else after(self.path, last)
        opened = (Label(place(self.path, opening), "opened here"),)
        message = f"expected `{closing}`, found {what}"
        self.note(opening, error("CM005", message, span, label=f"expected `{closing}`", secondary=opened))

    def note(self, token: Token, mistake: SpecError) -> None:
        """Keep a mistake with the place of its bracket."""
        if len(self.mistakes) < MOST:
            self.mistakes += ((token.start_pos or 0, diagnostic) for diagnostic in mistake.diagnostics)


def absent(bracket: str, last: Token) -> Token:
    """Give a bracket that does not stand after a token, and should."""
    end = (last.end_line, last.end_column)
    return Token(TYPES[bracket], bracket, last.end_pos, *end, *end, last.end_pos)
