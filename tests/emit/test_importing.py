"""How a package is imported: from its text as it stands, under the name given, and whole or not at all."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cmdsl.diagnostics import SpecError
from cmdsl.emit.importing import imported, place, unique


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Give a folder; what is imported from it is gone with the test."""
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        del sys.modules[name]


def write(folder: Path, model: str) -> None:
    """Write a package whose files are all of one time."""
    for name, text in (("__init__.py", "from .model import X\n"), ("model.py", model)):
        (folder / name).write_text(text, encoding="utf-8")
        os.utime(folder / name, (10**9, 10**9))


def test_a_change_is_seen_though_time_and_size_are_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    found = []
    for name, model in (("first", "X = 1\n"), ("second", "X = 2\n")):
        write(folder, model)
        found.append(imported(name, folder).X)
    assert found == [1, 2]


def test_it_is_imported_once_for_each_name(folder: Path) -> None:
    write(folder, "X = object()\n")
    assert imported("first", folder) is imported("first", folder)
    assert imported("first", folder).X is not imported("second", folder).X


@pytest.mark.parametrize(("model", "error"), [("import no_such\n", SpecError), ("X = 1/0\n", ZeroDivisionError)])
def test_what_fails_leaves_nothing(folder: Path, model: str, error: type[Exception]) -> None:
    write(folder, model)
    known = set(sys.modules)
    with pytest.raises(error):
        imported("first", folder)
    assert set(sys.modules) == known


def test_a_name_is_by_content_and_by_the_folder_that_was_chosen(tmp_path: Path) -> None:
    names = [
        unique("m_torch", files, folder)
        for files in ({"a": "1"}, {"a": "2"}, {"b": "1"})
        for folder in (None, tmp_path, tmp_path / "other")
    ]
    assert len(set(names)) == len(names)
    assert all(name.startswith("m_torch_") and name.isidentifier() for name in names)
    assert unique("m_torch", {"a": "1", "b": "2"}, None) == unique("m_torch", {"b": "2", "a": "1"}, None)


def test_a_place_of_its_own_is_gone_after_an_error() -> None:
    with pytest.raises(FileExistsError), place(None, "m") as folder:
        folder.parent.mkdir()
    assert not folder.parent.exists()
