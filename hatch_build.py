"""Make the parser's tables when cmdsl is built, for an editable install too."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Tables(BuildHookInterface):
    """Writes the tables beside the grammar."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write them before the files are collected."""
        sys.path.insert(0, self.root)
        from cmdsl.syntax.tables import TABLES, tables

        Path(self.root, "cmdsl", "syntax", TABLES).write_text(tables(), encoding="utf-8")
