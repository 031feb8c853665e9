"""The command line: `cmdsl check`, `cmdsl compile`, …; stages are imported inside the commands."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence

from cmdsl import __version__
from cmdsl.commands import backends, check, compile, explain, library, new

DESCRIPTION = "Compile the mathematics of a consistency model, declared in a .cm spec, to checked PyTorch or JAX."
EPILOG = """examples:
  cmdsl check specs/ve_edm.cm                        derive and prove, and print both
  cmdsl compile specs/ve_edm.cm --backend torch      write build/ve_edm_torch/
  cmdsl compile specs/ve_edm.cm -D sigma_data=1 -o out/ve_edm_unit
  cmdsl explain CM301                                what a diagnostic means, and the way out
"""
COMMANDS = {
    "new": new,
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
    arguments = parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    top = argparse.ArgumentParser(
        prog="cmdsl", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--version", action="version", version=f"cmdsl {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        command = commands.add_parser(name, help=module.HELP)
        module.add(command)
        command.set_defaults(run=module.run)
    return top
