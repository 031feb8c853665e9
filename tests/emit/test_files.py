"""Packages on disk: whole files, scaffolds once, and no user's edit lost."""

import os
from pathlib import Path

import pytest

from cmdsl.diagnostics import SpecError
from cmdsl.emit.files import MANIFEST, write

FILES = {"model.py": "a = 1\n", "deep/er.py": "b = 2\n"}
SCAFFOLD = {"train.py": "print()\n"}


def code(raised: pytest.ExceptionInfo[SpecError]) -> set[str]:
    return {d.code for d in raised.value.diagnostics}


def contents(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST}


def test_files_are_written_and_rewritten(tmp_path: Path) -> None:
    target = tmp_path / "new" / "package"
    assert write(target, FILES, SCAFFOLD) == (target / "train.py", target / "model.py", target / "deep/er.py")
    write(target, {**FILES, "model.py": "a = 2\n"}, SCAFFOLD)
    assert contents(target) == {**FILES, **SCAFFOLD, "model.py": "a = 2\n"}


def test_scaffolds_are_the_users_once_written(tmp_path: Path) -> None:
    write(tmp_path, FILES, SCAFFOLD)
    (tmp_path / "train.py").write_text("mine\n")
    write(tmp_path, FILES, {"train.py": "newer\n"})
    assert (tmp_path / "train.py").read_text() == "mine\n"


def test_scaffolds_are_rewritten_when_asked_but_no_edit_is_lost(tmp_path: Path) -> None:
    write(tmp_path, FILES, SCAFFOLD)
    write(tmp_path, FILES, {"train.py": "newer\n"}, rewrite_scaffold=True)
    assert (tmp_path / "train.py").read_text() == "newer\n"
    (tmp_path / "train.py").write_text("mine\n")
    with pytest.raises(SpecError):
        write(tmp_path, FILES, {"train.py": "newest\n"}, rewrite_scaffold=True)
    assert (tmp_path / "train.py").read_text() == "mine\n"


def test_an_edited_file_stops_everything_unless_forced(tmp_path: Path) -> None:
    write(tmp_path, FILES, SCAFFOLD)
    (tmp_path / "model.py").write_text("mine\n")
    before = contents(tmp_path)
    newer = {"model.py": "newer\n", "deep/er.py": "newer\n"}
    with pytest.raises(SpecError) as raised:
        write(tmp_path, newer, SCAFFOLD)
    assert code(raised) == {"CM405"}
    assert "model.py" in str(raised.value)
    assert contents(tmp_path) == before
    write(tmp_path, newer, SCAFFOLD, force=True)
    assert contents(tmp_path) == {**newer, **SCAFFOLD}


def test_a_file_that_was_never_written_here_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("someone's\n")
    with pytest.raises(SpecError) as raised:
        write(tmp_path, FILES, {})
    assert code(raised) == {"CM405"}
    assert contents(tmp_path) == {"model.py": "someone's\n"}


def test_the_same_text_is_no_edit(tmp_path: Path) -> None:
    write(tmp_path, FILES, SCAFFOLD)
    (tmp_path / MANIFEST).write_text("spoilt {")
    write(tmp_path, FILES, SCAFFOLD)


def test_every_edited_file_is_named(tmp_path: Path) -> None:
    write(tmp_path, FILES, {})
    for path in FILES:
        (tmp_path / path).write_text("mine\n")
    with pytest.raises(SpecError) as raised:
        write(tmp_path, dict.fromkeys(FILES, "newer\n"), {})
    assert len(raised.value.diagnostics) == 2


def test_a_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(SpecError) as raised:
        write(tmp_path / "taken", FILES, {})
    assert code(raised) == {"CM404"}
    assert "taken" in str(raised.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_can_not_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(SpecError) as raised:
        write(tmp_path, FILES, {})
    assert code(raised) == {"CM404"}


@pytest.mark.parametrize("path", ["../out.py", "/etc/out.py", "a/../../out.py"])
def test_nothing_is_written_outside_of_the_package(tmp_path: Path, path: str) -> None:
    with pytest.raises(SpecError) as raised:
        write(tmp_path, {path: "text"}, {})
    assert code(raised) == {"CM406"}
    assert contents(tmp_path) == {}


def test_no_temporary_file_is_left(tmp_path: Path) -> None:
    write(tmp_path, FILES, SCAFFOLD)
    assert {p.name for p in tmp_path.iterdir()} == {"model.py", "deep", "train.py", MANIFEST}
