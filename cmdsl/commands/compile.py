"""`cmdsl compile`: write the package of a spec."""

from __future__ import annotations

import argparse
from pathlib import Path

from cmdsl.commands.dump import add_dump, dumped
from cmdsl.commands.say import refuse, say
from cmdsl.commands.spec import add_spec

HELP = "write the package that a spec compiles to"
EXAMPLES = """examples:
  cmdsl compile my_model.cm                           write build/my_model_torch/
  cmdsl compile my_model.cm -b jax -o out/my_model
  cmdsl compile my_model.cm -D sigma_data=1 -D T=40   with other values of params
  cmdsl compile my_model.cm -b jax --dump emit        print the files, and write none
"""


def add(command: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    add_spec(command)
    add_dump(command)
    command.add_argument(
        "-b",
        "--backend",
        default="torch",
        metavar="NAME",
        help="torch, jax, an installed backend, or my.module:BACKEND (default: torch)",
    )
    command.add_argument("-o", "--out", type=Path, metavar="DIR", help="where to write (default: build/NAME_BACKEND)")
    command.add_argument(
        "--scaffold",
        action="store_true",
        help="rewrite the network and the scripts, which are yours once written",
    )
    command.add_argument("--force", action="store_true", help="overwrite generated files that have been edited since")


def run(arguments: argparse.Namespace) -> int:
    """Write the package of a spec, and say where."""
    if arguments.dump:
        return dumped(arguments, arguments.backend)
    from cmdsl.diagnostics import SpecError
    from cmdsl.driver import compile_spec

    try:
        checked, folder = compile_spec(
            arguments.spec,
            arguments.backend,
            arguments.out,
            dict(arguments.overrides),
            arguments.scaffold,
            arguments.force,
        )
    except SpecError as refused:
        return refuse(refused.diagnostics, arguments.form)
    say(checked.warnings, arguments.form)
    print(f"{folder}/")
    return 0
