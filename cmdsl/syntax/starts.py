"""What a statement starts with."""

from __future__ import annotations

from collections.abc import Sequence

from lark import Token

ONLY_OUTERMOST = frozenset(
    [
        *("model", "param", "time", "sde", "path", "boundary", "prior", "precondition", "objective", "sampler"),
        *("network", "data", "import", "define", "extern"),
    ]
)
OUTERMOST = ONLY_OUTERMOST | frozenset(["grid", "curriculum", "learned", "assert"])
STEPS = frozenset(["minimize", "return", "for", "derive", "learned", "assert"])
ANYWHERE = OUTERMOST | STEPS
CONTINUING_WORDS = frozenset("then else and or in by from to downto minimizing".split())


def starts_statement(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether a statement starts at a token for certain: by its word, or as `name =`, `name ~`, `name(…) =`."""
    words = [token for token in tokens[index : index + 2] if token.type != "_NL"]
    if len(words) < 2 or words[0].type != "NAME":
        return False
    if words[1] == "(":
        end = closing(tokens, index + 1)
        return end is not None and end + 1 < len(tokens) and tokens[end + 1] == "="
    return words[1] in ("=", "~") or (words[0] in ANYWHERE and words[1].type in ("NAME", "LBRACE", "STRING"))


def closing(tokens: Sequence[Token], opening: int, furthest: int = 64) -> int | None:
    """Give the index of the bracket that closes the one at an index, if it stands near."""
    depth = 0
    for index in range(opening, min(len(tokens), opening + furthest)):
        depth += (tokens[index] in ("(", "[", "{")) - (tokens[index] in (")", "]", "}"))
        if depth == 0:
            return index
    return None


def may_start(token: Token) -> bool:
    """Tell whether a line that starts with a token can be a statement, and no rest of the one above."""
    return token.type in ("NAME", "RBRACE", "$END") and token not in CONTINUING_WORDS
