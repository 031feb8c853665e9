"""`cmdsl fmt`: lay out specs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cmdsl.commands.say import coloured, say

if TYPE_CHECKING:
    from cmdsl.diagnostics import SpecError

HELP = "lay out specs: blanks, indentation and alignment"
EXAMPLES = """examples:
  cmdsl fmt specs/*.cm                        rewrite those that change
  cmdsl fmt --check specs/*.cm                name those that would, and write nothing
  cmdsl fmt - < model.cm                      from the standard input to the standard output
"""


def add(command: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    command.add_argument("files", nargs="+", metavar="FILE", help="a .cm file, or - for the standard input")
    command.add_argument("--check", action="store_true", help="write nothing; 1 where a file would change")


def run(arguments: argparse.Namespace) -> int:
    """Lay out files; 1 where one can't be, or, to be checked alone, isn't."""
    check = arguments.check
    return max(standard_input(check) if file == "-" else laid_out(file, check) for file in arguments.files)


def laid_out(file: str, check: bool) -> int:
    """Lay out a file, and name it where it changes; one that can't be read is left as it is."""
    from cmdsl.diagnostics import SpecError
    from cmdsl.sema.imports import read
    from cmdsl.syntax.reformat import reformat

    try:
        after = reformat(file, read(Path(file), file))
    except SpecError as refused:
        say(refused.diagnostics)
        return 1
    if after.encode() == Path(file).read_bytes():
        return 0
    return named(file) if check else written(Path(file), after)


def named(file: str) -> int:
    """Name a file that would change."""
    print(f"{file} would change")
    return 1


def written(path: Path, text: str) -> int:
    """Put the text in place of the file's, behind links too."""
    from cmdsl.diagnostics import error
    from cmdsl.emit.files import replace

    try:
        replace(path.resolve(), text)
    except OSError as problem:
        say(error("CM404", f"can't write to {path}: {problem.strerror}").diagnostics)
        return 1
    print(path)
    return 0


def standard_input(check: bool) -> int:
    """Lay out the standard input to the standard output."""
    from cmdsl.diagnostics import SpecError, error
    from cmdsl.sema.imports import LARGEST
    from cmdsl.syntax.reformat import reformat

    raw = sys.stdin.buffer.read(LARGEST)
    before = raw.decode(errors="replace")
    try:
        if before.encode() != raw:
            raise error("CM001", "<stdin> is not UTF-8")
        after = reformat("<stdin>", before.removeprefix("\ufeff").replace("\r\n", "\n"))
    except SpecError as refused:
        return unread(refused, before)
    if check:
        return named("<stdin>") if after != before else 0
    print(after, end="")
    return 0


def unread(refused: SpecError, text: str) -> int:
    """Say why the standard input can't be laid out."""
    from cmdsl.diagnostics.people import for_people

    print(for_people(refused.diagnostics, {"<stdin>": text}, coloured(sys.stderr)), file=sys.stderr)
    return 1
