"""`--dump STAGE`, of every command on a spec: write the data of a stage instead of what the command gives."""

from __future__ import annotations

import argparse

from cmdsl.commands.say import refuse

STAGES = ("parse", "resolve", "derive", "prove", "stabilize", "freeze", "lower", "optimize", "emit")


def add_dump(command: argparse.ArgumentParser) -> None:
    """Add the choice of a stage."""
    command.add_argument(
        "--dump",
        choices=STAGES,
        metavar="STAGE",
        help=f"print what a stage made, as text or with --format json as JSON, and stop: {', '.join(STAGES)}",
    )


def dumped(arguments: argparse.Namespace, backend: str) -> int:
    """Print the data of the stage that is asked for."""
    from cmdsl.diagnostics import SpecError
    from cmdsl.driver import compilation, dump

    try:
        found = compilation(arguments.spec, dict(arguments.overrides))
        print(dump(found, arguments.dump, backend, arguments.form == "json"), end="")
    except SpecError as refused:
        return refuse(refused.diagnostics, arguments.form)
    return 0
