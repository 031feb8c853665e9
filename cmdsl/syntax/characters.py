"""Characters that are not of the language, and what is written for them."""

from __future__ import annotations

import unicodedata

from lark import Token

from cmdsl.diagnostics import SpecError, error
from cmdsl.syntax.places import place, printable

INSTEAD = {
    **dict.fromkeys("“”„«»’‘", 'write `"` around a text'),
    "'": 'write `"` around a text, and `diff(e, t)` for a derivative',
    "′": "write `diff(e, t)` for a derivative",
    '"': 'close the text with `"` on the same line',
    ";": "a statement ends with its line; put each on a line of its own",
    "%": "a comment starts with `#`",
    "!": "write `not`, or `!=`",
    "&": "write `and`",
    "|": "write `or`, or `abs(x)` for an absolute value",
    "‖": "write `sqnorm(x)` for a squared norm",
    "@": "write `*` for a product, or `dot(a, b)`",
    "$": "formulas stand without `$`",
    "\\": "write the name of a symbol alone: `sigma`, or `σ`",
    "∂": "write `diff(e, t)` for a derivative",
    "∫": "write `integral(e, s, a, b)` for an integral",
    "∈": "write `in`",
    "∼": "write `~`",
    "∧": "write `and`",
    "∨": "write `or`",
    "¬": "write `not`",
    "÷": "write `/`",
    "≈": "write `=`",
    "…": "write the terms out",
    **dict.fromkeys("–—‐‑", "write `-`"),
    **dict.fromkeys("⋅∙•∗⋆", "write `*`"),
    **dict.fromkeys("←≔", "write `=`"),
    **dict.fromkeys("\u00a0\u2009\u202f\u3000\u2003\u2002", "write a blank"),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff", "it can't be seen; remove it"),
}


def bad_character(path: str, token: Token) -> SpecError:
    """Name a character that is not of the language, and say what to write."""
    message = f"`{printable(token)}` is not a character of the language"
    name = "" if token.isascii() else unicodedata.name(token, f"U+{ord(token):04X}")
    help = INSTEAD.get(token) or alike(token)
    return error("CM001", message, place(path, token), label=name, help=help)


def alike(character: str) -> str:
    """Give the plain form of a character that is one of another shape or place, such as full width."""
    plain = unicodedata.normalize("NFKC", character)
    if plain == character or not plain.isprintable() or plain in INSTEAD:
        return INSTEAD.get(plain, "")
    name = unicodedata.name(character, "")
    mark = "_" if "SUBSCRIPT" in name else "^" if "SUPERSCRIPT" in name or "MODIFIER" in name else ""
    return f"write `{mark}{plain}`"
