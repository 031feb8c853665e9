"""A generated package whose scripts the tests run in their own process, since starting torch takes seconds."""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

MODULES = ("checkpoint", "data", "model", "network", "objective", "sample", "teacher", "train")


@dataclass(frozen=True)
class Package:
    """The modules of a generated package, and a folder to work in."""

    path: Path
    modules: dict[str, ModuleType]
    folder: Path
    patch: pytest.MonkeyPatch
    captured: pytest.CaptureFixture[str]

    @property
    def train(self) -> ModuleType:
        """Give the module train.py."""
        return self.modules["train"]

    @property
    def sample(self) -> ModuleType:
        """Give the module sample.py."""
        return self.modules["sample"]

    def script(self, name: str, *words: object) -> str:
        """Run a script with a command line; give what it printed."""
        self.patch.setattr(sys, "argv", [f"{name}.py", *map(str, words)])
        getattr(self, name).main()
        return self.captured.readouterr().out

    def refusal(self, name: str, *words: object) -> str:
        """Run a script that must end itself with a message; give the message."""
        with pytest.raises(SystemExit) as end:
            self.script(name, *words)
        assert end.value.code != 0
        return f"{end.value.code}\n{self.captured.readouterr().err}"

    def start(self, *words: object) -> Any:
        """Set up the run that a command line asks for, without a step made."""
        self.patch.setattr(sys, "argv", ["train.py", *map(str, words)])
        return self.train.start(self.train.arguments())


@contextmanager
def imported(path: Path) -> Iterator[dict[str, ModuleType]]:
    """Import the modules of a package by bare names, as its scripts do; forget them afterwards."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # these networks are small, and tests run side by side
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(path)
            yield {name: importlib.import_module(name) for name in MODULES}
    finally:
        for name in MODULES:
            sys.modules.pop(name, None)
        torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def modules(compiled: Callable[[str, str], Path]) -> Iterator[tuple[Path, dict[str, ModuleType]]]:
    """Give the modules that the VE spec compiles to."""
    path = compiled("ve_edm", "torch")
    with imported(path) as loaded:
        yield path, loaded


@pytest.fixture
def package(
    modules: tuple[Path, dict[str, ModuleType]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Package:
    """Give the package that the VE spec compiles to for torch, and work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    path, loaded = modules
    return Package(path, loaded, tmp_path, monkeypatch, capsys)
