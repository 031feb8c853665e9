"""The command line: `cmdsl check`, `cmdsl compile`, `cmdsl backends`; stages are imported inside the commands."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from cmdsl import __version__

if TYPE_CHECKING:
    from cmdsl.cache import Report
    from cmdsl.diagnostics import Diagnostic

DESCRIPTION = "Compile the mathematics of a consistency model, declared in a .cm spec, to checked PyTorch or JAX."
MOST = 50  # diagnostics that are shown
EPILOG = """examples:
  cmdsl check specs/ve_edm.cm                        derive and prove, and print both
  cmdsl compile specs/ve_edm.cm --backend torch      write build/ve_edm_torch/
  cmdsl compile specs/ve_edm.cm -D sigma_data=1 -o out/ve_edm_unit
"""


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
    check = commands.add_parser("check", help="derive and prove a spec, and print the derivation and the verdicts")
    add_spec(check)
    check.set_defaults(run=run_check)
    build = commands.add_parser("compile", help="write the package that a spec compiles to")
    add_spec(build)
    build.add_argument(
        "-b",
        "--backend",
        default="torch",
        metavar="NAME",
        help="torch, jax, an installed backend, or my.module:BACKEND (default: torch)",
    )
    build.add_argument("-o", "--out", type=Path, metavar="DIR", help="where to write (default: build/NAME_BACKEND)")
    build.add_argument(
        "--scaffold",
        action="store_true",
        help="rewrite network.py, train.py and sample.py, which are yours once written",
    )
    build.add_argument("--force", action="store_true", help="overwrite generated files that have been edited since")
    build.set_defaults(run=run_compile)
    backends = commands.add_parser("backends", help="list the backends that are installed")
    backends.set_defaults(run=run_backends)
    return top


def add_spec(command: argparse.ArgumentParser) -> None:
    """Add what every command on a spec takes."""
    command.add_argument("spec", type=Path, metavar="SPEC", help="a .cm file")
    command.add_argument(
        "-D",
        dest="overrides",
        action="append",
        default=[],
        type=override,
        metavar="NAME=VALUE",
        help="set a param of the spec (again for more)",
    )


def override(text: str) -> tuple[str, str]:
    """Read `name=value`."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name.strip(), value.strip()


def run_check(arguments: argparse.Namespace) -> int:
    """Print the derivation and the verdicts of a spec; those of an unchanged one are remembered."""
    from cmdsl.cache import recall

    overrides = dict(arguments.overrides)
    found = recall(arguments.spec, overrides)
    if found is None:
        from cmdsl.diagnostics import SpecError

        try:
            found = checked_report(arguments.spec, overrides)
        except SpecError as refused:
            return refuse(refused.diagnostics)
    print(found.coloured_report if coloured(sys.stdout) else found.report)
    print(found.coloured_warnings if coloured(sys.stderr) else found.warnings, end="", file=sys.stderr)
    return 0


def checked_report(spec: Path, overrides: dict[str, str]) -> Report:
    """Derive and prove a spec, and keep what is printed of it."""
    from cmdsl.cache import Report, remember
    from cmdsl.driver import check, imports, report

    checked = check(spec, overrides)
    texts = [(report(checked, colour), written(checked.warnings, colour)) for colour in (False, True)]
    found = Report(*texts[0], *texts[1])
    remember(spec, overrides, imports(checked), found)
    return found


def run_compile(arguments: argparse.Namespace) -> int:
    """Write the package of a spec, and say where."""
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
        return refuse(refused.diagnostics)
    say(checked.warnings)
    print(f"{folder}/")
    return 0


def run_backends(arguments: argparse.Namespace) -> int:
    """List the installed backends."""
    from cmdsl.emit.registry import installed

    for name, target in installed():
        print(f"{name:12} {target}")
    return 0


def refuse(diagnostics: Sequence[Diagnostic]) -> int:
    """Say why a spec is refused."""
    say(diagnostics)
    count = sum(d.severity.value == "error" for d in diagnostics)
    print(f"{count} error{'s' if count != 1 else ''}; nothing was written", file=sys.stderr)
    return 1


def say(diagnostics: Sequence[Diagnostic]) -> None:
    """Write diagnostics to the standard error."""
    print(written(diagnostics, coloured(sys.stderr)), end="", file=sys.stderr)


def written(diagnostics: Sequence[Diagnostic], colour: bool) -> str:
    """Write diagnostics for people, each with the lines that it speaks of."""
    from cmdsl.diagnostics.render import human

    texts = sources(diagnostics)
    shown = [f"{human(diagnostic, texts, colour)}\n\n" for diagnostic in diagnostics[:MOST]]
    more = len(diagnostics) - len(shown)
    return "".join(shown) + (f"... and {more} more\n\n" if more > 0 else "")


def coloured(stream: TextIO) -> bool:
    """Tell whether to colour what goes to a stream: only on a terminal, and unless NO_COLOR is set."""
    return stream.isatty() and "NO_COLOR" not in os.environ


def sources(diagnostics: Sequence[Diagnostic]) -> dict[str, str]:
    """Read the files that diagnostics point to, where they can be read."""
    paths = {s.path for d in diagnostics for s in (d.span, *(label.span for label in d.secondary)) if s is not None}
    return {path: text for path in paths if (text := source(path)) is not None}


def source(path: str) -> str | None:
    """Read a spec, or a file of the library."""
    from importlib.resources import files

    try:
        if path.startswith("library/"):
            return files("cmdsl").joinpath(path).read_text(encoding="utf-8")
        return Path(path).read_text(encoding="utf-8").removeprefix("\ufeff")
    except (OSError, ValueError):
        return None
