"""The command line: `cmdsl check`, `cmdsl compile`, …; stages are imported inside the commands."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from cmdsl import __version__
from cmdsl.commands import backends, check, compile, explain, fmt, library, new
from cmdsl.commands.mistake import Parser

DESCRIPTION = "Compile the mathematics of a consistency model, declared in a .cm spec, to checked PyTorch or JAX."
EXITS = "exit code: 0 when all is well, 1 when a spec is refused, 2 when the command line is"
EXAMPLES = """examples:
  cmdsl new my_model                                 write my_model.cm, a commented start
  cmdsl check my_model.cm                            derive and prove, and print both
  cmdsl compile my_model.cm --backend torch          write build/my_model_torch/
  cmdsl compile my_model.cm -D sigma_data=1 -o out/my_model_unit
  cmdsl library solver                               what there is by name: formulas, sources
  cmdsl explain CM301                                what a diagnostic means, and the way out
"""


class Command(Protocol):
    """What a module of `cmdsl.commands` has: a line of help, examples, its command line, and what it does."""

    HELP: str
    EXAMPLES: str

    def add(self, command: argparse.ArgumentParser) -> None:
        """Describe the command line."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it, and give the exit code."""


COMMANDS: Mapping[str, Command] = {
    "new": new,
    "fmt": fmt,
    "check": check,
    "compile": compile,
    "library": library,
    "explain": explain,
    "backends": backends,
}


def start() -> int:
    """Run as a program: a short one, that makes much and drops little, so that looking for garbage costs it a tenth."""
    gc.set_threshold(200_000, 50, 50)
    return main()


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 0 when all is well, 1 when the spec is refused, 2 when the command line is."""
    arguments, unknown = parser().parse_known_args(argv)
    if unknown:
        arguments.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    try:
        return int(arguments.run(arguments))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    top = Parser(prog="cmdsl", **described(DESCRIPTION, EXAMPLES))
    top.add_argument("--version", action="version", version=f"cmdsl {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        about = described(f"{module.HELP[:1].upper()}{module.HELP[1:]}.", module.EXAMPLES)
        command = commands.add_parser(name, help=module.HELP, **about)
        module.add(command)
        command.set_defaults(run=module.run, parser=command)
    return top


def described(text: str, examples: str) -> dict[str, Any]:
    """Give what a parser shows around its arguments: a description, examples and the exit codes."""
    epilog = f"{examples}\n{EXITS}"
    return {"description": text, "epilog": epilog, "formatter_class": argparse.RawDescriptionHelpFormatter}
