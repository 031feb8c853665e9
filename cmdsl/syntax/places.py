"""Where tokens stand, and how they are shown."""

from __future__ import annotations

from lark import Token

from cmdsl.diagnostics import Span

LONGEST = 40


def place(path: str, token: Token) -> Span:
    """Give the place of a token; a line end is one column wide."""
    line, column = token.line or 1, token.column or 1
    return Span(path, line, column, line, column + max(1, len(token.rstrip("\r\n"))))


def after(path: str, token: Token) -> Span:
    """Give the place just after a token."""
    line, column = token.end_line or 1, token.end_column or 1
    return Span(path, line, column, line, column + 1)


def shown(token: Token) -> str:
    """Give a short printable form of a token, as it is found where something else is expected."""
    if token.type in ("$END", "_NL"):
        return "the end of the file" if token.type == "$END" else "the end of the line"
    return f"`{printable(token)}`"


def printable(text: str) -> str:
    """Give a short printable form of a text."""
    return text if text.isprintable() and len(text) < LONGEST else repr(text[:LONGEST])[1:-1]
