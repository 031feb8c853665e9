"""Mistakes on the command line: said as argparse says them, with the nearest word that is there."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from difflib import get_close_matches


def mistaken(command: str, message: str) -> int:
    """Say what is wrong with the words of a command."""
    print(f"cmdsl {command}: error: {message} (see `cmdsl {command} --help`)", file=sys.stderr)
    return 2


def near(word: str, words: Iterable[str]) -> str:
    """Offer the nearest of the words that are there, else all of them."""
    known = sorted(words)
    found = get_close_matches(word, known, 1)
    return f"; did you mean `{found[0]}`?" if found else f"; there are: {', '.join(known) or 'none'}"
