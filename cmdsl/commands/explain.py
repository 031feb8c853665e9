"""`cmdsl explain`: print the page of a code."""

from __future__ import annotations

import argparse
import sys

from cmdsl.commands.say import coloured

HELP = "explain the code of a diagnostic: what it means, why, the way out, examples"
EXAMPLES = """examples:
  cmdsl explain CM301
  cmdsl explain                                          list the codes
"""


def add(command: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    command.add_argument("code", nargs="?", metavar="CODE", help="such as CM203; without one, all are listed")


def run(arguments: argparse.Namespace) -> int:
    """Print the page of a code, or the list of all; 2 for a code that is none."""
    from cmdsl.diagnostics.pages import code_of, for_terminal, listing, page

    if arguments.code is None:
        print(listing())
        return 0
    text = page(code_of(arguments.code))
    if text is None:
        return unknown(arguments.code)
    print(for_terminal(text, coloured(sys.stdout)))
    return 0


def unknown(code: str) -> int:
    """Say that there is no such code, and which there are."""
    from cmdsl.diagnostics.pages import code_meant, listing

    near = code_meant(code)
    print(f"there is no code {code!a}{f'; did you mean {near}?' if near else ''}", file=sys.stderr)
    print(f"the codes are:\n{listing()}", file=sys.stderr)
    return 2
