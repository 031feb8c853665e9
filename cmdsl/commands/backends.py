"""`cmdsl backends`: list the backends that are installed."""

from __future__ import annotations

import argparse

HELP = "list the backends that are installed"
EXAMPLES = """examples:
  cmdsl backends
  cmdsl compile my_model.cm --backend my.module:BACKEND    use one that is not installed
"""


def add(command: argparse.ArgumentParser) -> None:
    """Describe the command line."""


def run(arguments: argparse.Namespace) -> int:
    """List the installed backends."""
    from cmdsl.emit.registry import installed

    for name, target in installed():
        print(f"{name:12} {target}")
    return 0
