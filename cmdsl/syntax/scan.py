"""Cut a text into tokens: words, numbers, operators, line ends, comments, and characters that are none of these."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from lark import Lark, Token
from lark.lexer import TerminalDef

BAD = "BAD"  # a character that no token of the language starts with
TRIVIA = frozenset(["BLANK", "COMMENT"])


@cache
def pattern(parser: Lark) -> re.Pattern[str]:
    """Give what cuts a text by the terminals; a word is a NAME until the parser takes it for a keyword."""
    terminals = [t for t in parser.terminals if not keyword(t)]
    terminals.sort(key=lambda t: (t.pattern.type != "re", -len(t.pattern.value)))
    parts = [f"(?P<{t.name}>{t.pattern.to_regexp()})" for t in terminals]
    return re.compile("|".join([*parts, f"(?P<{BAD}>(?s:.))"]))


def keyword(terminal: TerminalDef) -> bool:
    """Tell whether a terminal is a word of the language."""
    return terminal.pattern.type == "str" and terminal.pattern.value.isidentifier()


def tokens(parser: Lark, text: str) -> list[Token]:
    """Give all the tokens of a text, comments and blanks too, that joined are the text; the last is the file's end."""
    line, start, found = 1, 0, []
    for match in pattern(parser).finditer(text):
        kind, value, column = match.lastgroup or BAD, match.group(), match.start() - start + 1
        end = (line + 1, 1) if kind == "_NL" else (line, column + len(value))
        found.append(Token(kind, value, match.start(), line, column, *end, match.end()))
        if kind == "_NL":
            line, start = line + 1, match.end()
    column = len(text) - start + 1
    return [*found, Token("$END", "", len(text), line, column, line, column, len(text))]


def significant(tokens: Sequence[Token]) -> list[Token]:
    """Give the tokens that mean something."""
    return [token for token in tokens if token.type not in TRIVIA]
