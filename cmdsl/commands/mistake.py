"""Mistakes on the command line: said as argparse says them, with the nearest word that is there."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from typing import NoReturn

CHOICE = re.compile(r"invalid choice: '(.*?)' \(choose from (.*)\)$")
OPTION = re.compile(r"unrecognized arguments: .*?(--?[\w-]+)")


class Parser(argparse.ArgumentParser):
    """A parser that offers the nearest of its words for one that it doesn't know."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end with 2."""
        choice, option = CHOICE.search(message), OPTION.search(message)
        if choice:
            message += meant(choice[1], re.findall(r"[\w.-]+", choice[2]))
        elif option:
            message += meant(option[1], self._option_string_actions)
        super().error(message)


def mistaken(command: str, message: str) -> int:
    """Say what is wrong with the words of a command."""
    print(f"cmdsl {command}: error: {message} (see `cmdsl {command} --help`)", file=sys.stderr)
    return 2


def near(word: str, words: Iterable[str]) -> str:
    """Offer the nearest of the words that are there, else all of them."""
    known = sorted(words)
    return meant(word, known) or f"; there are: {', '.join(known) or 'none'}"


def meant(word: str, words: Iterable[str]) -> str:
    """Offer the nearest of the words, if one is near."""
    found = get_close_matches(word, list(words), 1)
    return f"; did you mean `{found[0]}`?" if found else ""
