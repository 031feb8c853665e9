"""What every command on a spec takes."""

from __future__ import annotations

import argparse
from pathlib import Path

from cmdsl.commands.say import FORMATS


def add_spec(command: argparse.ArgumentParser) -> None:
    """Add the file, the values of params, and how diagnostics are written."""
    command.add_argument("spec", type=Path, metavar="SPEC", help="a spec: a .cm file")
    command.add_argument(
        "-D",
        dest="overrides",
        action="append",
        default=[],
        type=override,
        metavar="NAME=VALUE",
        help="set a param of the spec; may be given again, for others",
    )
    add_format(command)


def add_format(command: argparse.ArgumentParser) -> None:
    """Add how diagnostics are written."""
    command.add_argument(
        "--format",
        dest="form",
        choices=FORMATS,
        default=FORMATS[0],
        help="how diagnostics are written: for people, in one line each, or as a JSON array (default: human)",
    )


def override(text: str) -> tuple[str, str]:
    """Read `name=value`."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name.strip(), value.strip()
