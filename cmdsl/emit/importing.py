"""Import a package that was written: under a name of its own, and from its text as it stands."""

from __future__ import annotations

import atexit
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from importlib.util import cache_from_source, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from cmdsl.diagnostics import SpecError, error


def unique(name: str, files: Mapping[str, str], folder: Path | None) -> str:
    """Name a package by its content, and by where it is if that was chosen."""
    parts = [str(folder.resolve()) if folder else "", *(f"{path}\0{text}" for path, text in sorted(files.items()))]
    return f"{name}_{sha256(chr(0).join(parts).encode()).hexdigest()[:12]}"


def imported(name: str, folder: Path) -> ModuleType:
    """Import the package in a folder under a name, once; what fails to be imported leaves nothing behind."""
    if name in sys.modules:
        return sys.modules[name]
    forget_bytecode(folder)
    found = spec_from_file_location(name, folder / "__init__.py", submodule_search_locations=[str(folder)])
    assert found is not None
    assert found.loader is not None
    module = module_from_spec(found)
    sys.modules[name] = module
    try:
        found.loader.exec_module(module)
    except BaseException as failed:
        for loaded in [m for m in sys.modules if m == name or m.startswith(f"{name}.")]:
            del sys.modules[loaded]
        if isinstance(failed, ImportError):
            raise missing(failed) from failed
        raise
    return module


def forget_bytecode(folder: Path) -> None:
    """Remove compiled files: Python takes one for current whose source changed within a second, at the same size."""
    importlib.invalidate_caches()
    for path in folder.glob("*.py"):
        Path(cache_from_source(path)).unlink(missing_ok=True)


def missing(failed: ImportError) -> SpecError:
    """Say what a package needs and does not find."""
    way_out = f"install {failed.name.partition('.')[0]}" if failed.name else ""
    return error("CM407", f"the package can't be imported: {failed}", help=way_out)


@contextmanager
def place(chosen: Path | None, name: str) -> Iterator[Path]:
    """Give the folder to write to: the one chosen, or one that is removed when this process ends, or on an error."""
    if chosen is not None:
        yield chosen
        return
    above = Path(tempfile.mkdtemp(prefix="cmdsl-"))
    try:
        yield above / name
    except BaseException:
        shutil.rmtree(above, ignore_errors=True)
        raise
    atexit.register(remove, above, os.getpid())


def remove(folder: Path, owner: int) -> None:
    """Remove a folder, if this process made it and is none that was forked from the one that did."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
