"""Which line ends end a statement: none inside ( ) and [ ], after an operator, or where there is nothing to end."""

from collections.abc import Iterator

from lark import Token

OPENING = frozenset(["LPAR", "LSQB"])
CLOSING = frozenset(["RPAR", "RSQB"])
CONTINUING = frozenset(
    [
        *("SIGN", "TIMES", "CIRCUMFLEX", "COMPARISON", "COMMA", "AND", "OR", "NOT", "THEN", "ELSE", "IF"),
        *("IN", "FROM", "TO", "DOWNTO", "MINIMIZING", "LBRACE", "_NL"),
    ]
)


class Layout:
    """Filters the tokens of a source file: keeps one line end for each that ends a statement."""

    always_accept = ("_NL",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """Give the tokens without the line ends that end nothing."""
        depth, last = 0, "_NL"
        for token in stream:
            depth += (token.type in OPENING) - (token.type in CLOSING)
            if token.type == "_NL" and (depth > 0 or last in CONTINUING):
                continue
            last = token.type
            yield token
