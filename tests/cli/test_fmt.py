"""What `cmdsl fmt` rewrites, names and leaves alone."""

import io
import sys
from pathlib import Path

import pytest

from cmdsl.syntax.parse import LARGEST_SOURCE
from tests.cli.command import Run

ROUGH, SMOOTH = "model   m\nparam σ=1  # one\n", "model m\nparam σ = 1  # one\n"
BROKEN = "model\n"


def test_a_file_is_rewritten_in_place_and_keeps_its_mode(run: Run) -> None:
    Path("m.cm").write_text(ROUGH, encoding="utf-8")
    Path("m.cm").chmod(0o640)
    done = run("fmt", "m.cm")
    assert (done.code, done.out, done.err) == (0, "m.cm\n", "")
    assert Path("m.cm").read_text(encoding="utf-8") == SMOOTH
    assert Path("m.cm").stat().st_mode & 0o777 == 0o640
    assert (run("fmt", "m.cm").out, run("fmt", "--check", "m.cm").code) == ("", 0)
    assert [path.name for path in Path().iterdir()] == ["m.cm"]


def test_what_a_link_points_to_is_rewritten(run: Run) -> None:
    Path("m.cm").write_text(ROUGH, encoding="utf-8")
    Path("link.cm").symlink_to("m.cm")
    assert run("fmt", "link.cm").code == 0
    assert Path("link.cm").is_symlink()
    assert Path("m.cm").read_text(encoding="utf-8") == SMOOTH


def test_check_names_what_would_change_and_writes_nothing(run: Run) -> None:
    Path("rough.cm").write_text(ROUGH, encoding="utf-8")
    Path("smooth.cm").write_text(SMOOTH, encoding="utf-8")
    done = run("fmt", "--check", "rough.cm", "smooth.cm")
    assert (done.code, done.out) == (1, "rough.cm would change\n")
    assert Path("rough.cm").read_text(encoding="utf-8") == ROUGH


def test_a_broken_file_is_left_alone_and_the_others_are_not(run: Run) -> None:
    Path("broken.cm").write_text(BROKEN, encoding="utf-8")
    Path("rough.cm").write_text(ROUGH, encoding="utf-8")
    done = run("fmt", "broken.cm", "rough.cm", "none.cm")
    assert (done.code, done.out) == (1, "rough.cm\n")
    assert "broken.cm:1:6: error[CM002]" in done.err
    assert "error[CM004]: none.cm can't be read" in done.err
    assert Path("broken.cm").read_text(encoding="utf-8") == BROKEN
    assert Path("rough.cm").read_text(encoding="utf-8") == SMOOTH


@pytest.mark.parametrize(
    "text", ["\ufeff" + SMOOTH, SMOOTH.replace("\n", "\r\n"), SMOOTH.replace("\n", "\r"), SMOOTH.rstrip()]
)
def test_marks_and_line_ends_of_other_systems_are_rewritten(run: Run, text: str) -> None:
    Path("m.cm").write_bytes(text.encode())
    assert run("fmt", "--check", "m.cm").code == 1
    assert run("fmt", "m.cm").code == 0
    assert Path("m.cm").read_bytes() == SMOOTH.encode()


@pytest.mark.parametrize(
    ("words", "text", "code", "out", "err"),
    [
        (["-"], ROUGH, 0, SMOOTH, ""),
        (["-"], "\ufeff" + ROUGH.replace("\n", "\r\n"), 0, SMOOTH, ""),
        (["--check", "-"], ROUGH, 1, "<stdin> would change\n", ""),
        (["--check", "-"], SMOOTH, 0, "", ""),
        (["-"], BROKEN, 1, "", "<stdin>:1:6: error[CM002]"),
        (["-"], "a" * (LARGEST_SOURCE + 1), 1, "", "error[CM001]"),
        (["-"], "", 0, "", ""),
    ],
)
def test_the_standard_input_is_laid_out_to_the_standard_output(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: list[str], text: str, code: int, out: str, err: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))
    done = run("fmt", *words)
    assert (done.code, done.out) == (code, out)
    assert err in done.err
    assert bool(err) == bool(done.err)


def test_bytes_that_are_no_text_are_refused(run: Run) -> None:
    Path("m.cm").write_bytes(b"\xff\xfe\x00")
    assert "is not UTF-8" in run("fmt", "m.cm").err
    assert Path("m.cm").read_bytes() == b"\xff\xfe\x00"


def test_bytes_that_are_no_text_are_refused_from_the_standard_input_too(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"# \xff\nmodel m\n"), encoding="utf-8"))
    done = run("fmt", "-")
    assert (done.code, done.out) == (1, "")
    assert "<stdin> is not UTF-8" in done.err
