"""Texts of modules, imported."""

from __future__ import annotations

import importlib.util
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from uuid import uuid4


def load(source: str) -> ModuleType:
    """Import the text of a module under a name of its own."""
    name = f"numbers_{uuid4().hex}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.py"
        path.write_text(source, encoding="utf-8")
        found = importlib.util.spec_from_file_location(name, path)
        assert found is not None
        assert found.loader is not None
        loaded = importlib.util.module_from_spec(found)
        sys.modules[name] = loaded
        found.loader.exec_module(loaded)
    return loaded


def with_constants(source: str, values: Mapping[str, float]) -> ModuleType:
    """Import the text of a module with other values of its constants."""
    for name, value in values.items():
        source, count = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value!r}", source)
        assert count == 1, name
    return load(source)
