"""`cmdsl new`: write a spec to start from."""

from __future__ import annotations

import argparse
from pathlib import Path

from cmdsl.commands.mistake import mistaken
from cmdsl.commands.say import refuse, unwritten

HELP = "write a commented spec to start from"
ROOM = Path(__file__).parents[1] / "templates"
EXAMPLES = """examples:
  cmdsl new my_model                          write my_model.cm
  cmdsl new my_flow --from path -o specs/my_flow.cm
"""


def add(command: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    about = templates()
    first, *_ = about
    listed = ", ".join(f"{name}: {what}" for name, what in about.items())
    command.add_argument("name", metavar="NAME", help="the name of the model")
    command.add_argument(
        "--from",
        dest="template",
        choices=tuple(about),
        default=first,
        metavar="TEMPLATE",
        help=f"{listed} (default: {first})",
    )
    command.add_argument("-o", "--out", type=Path, metavar="FILE", help="where to write (default: NAME.cm)")


def templates() -> dict[str, str]:
    """Give the templates, by name, and what each is; the first is the default."""
    lines = (ROOM / "list.txt").read_text(encoding="utf-8").splitlines()
    return {name: what.strip() for name, _, what in (line.partition(" ") for line in lines)}


def run(arguments: argparse.Namespace) -> int:
    """Write the spec, and say where; a file that is there is left alone."""
    from cmdsl.sema.templates import model_name, started

    name = model_name(arguments.name)
    if name is None:
        what = "letters, digits and `_`, and begins with no digit"
        return mistaken("new", f"{arguments.name!a} can't be the name of a model: a name has {what}")
    path = arguments.out or Path(f"{name}.cm")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(started(arguments.template, name))
    except (OSError, ValueError) as problem:
        return refuse(unwritten(path, problem).diagnostics)
    print(path)
    return 0
