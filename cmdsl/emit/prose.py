"""Text that comes from a spec, made safe to stand in a docstring or a comment, and wrapped."""

from __future__ import annotations

import textwrap
import unicodedata

WIDTH = 120
GREEK = {"ε": "epsilon", "σ": "sigma", "α": "alpha", "β": "beta", "γ": "gamma", "λ": "lambda", "μ": "mu", "π": "pi"}
SIGNS = {
    "√": "sqrt",
    "∞": "inf",
    "·": "*",
    "≤": "<=",
    "≥": ">=",
    "–": "-",
    "—": "-",
    "’": "'",
    "“": '"',
    "”": '"',
    "…": "...",
}


def ascii_text(text: str) -> str:
    """Give one line of printable ASCII: what has no counterpart there becomes a question mark."""
    plain = "".join(GREEK.get(c) or SIGNS.get(c) or c for c in text)
    decomposed = unicodedata.normalize("NFKD", plain)
    kept = "".join(c for c in decomposed if not unicodedata.combining(c))
    printable = "".join(c if c.isascii() and c.isprintable() else " " if c.isspace() else "?" for c in kept)
    return " ".join(printable.split())


def quoted(text: str) -> str:
    """Give text that can stand between triple quotes."""
    return ascii_text(text).replace("\\", "\\\\").replace('"""', "'''")


def docstring(paragraphs: list[str], indent: str) -> list[str]:
    """Give the lines of a docstring from text that is `quoted` already; the first paragraph is its summary."""
    texts = [p for p in paragraphs if p.strip()]
    if not texts:
        return []
    if len(texts) == 1 and len(line := f'{indent}"""{_closed(texts[0])}"""') <= WIDTH:
        return [line]
    quotes = 6 if len(texts) == 1 else 3  # ruff closes what is one line on that line, however long it is
    width = WIDTH - len(indent) - quotes
    wrapped = [textwrap.wrap(t, width, break_on_hyphens=False, break_long_words=False) for t in texts]
    if sum(map(len, wrapped)) == 1:
        return [f'{indent}"""{_closed(texts[0])}"""']
    lines = [f"{indent}{line}" for line in "\n\n".join("\n".join(lines) for lines in wrapped).split("\n")]
    opened = f'{indent}"""{lines[0].strip()}'
    return [line.rstrip() for line in [opened, *lines[1:], f'{indent}"""']]


def _closed(text: str) -> str:
    """Keep a quote at the end of a text apart from the quotes that close it."""
    return f"{text[:-1]}'" if text.endswith('"') else text
