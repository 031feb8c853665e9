"""How the command writes diagnostics, and how it explains them."""

import json
import sys
from pathlib import Path

import pytest

from cmdsl.diagnostics import pages
from cmdsl.diagnostics.catalog import TITLES
from tests.cli.command import VE, Run

BAD = VE.replace("grid karras", "grid karas").replace("curriculum fixed(18)", "curriculum fixt(18)")


def spec(text: str = BAD) -> Path:
    """Write a spec where the command runs."""
    path = Path("small.cm")
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("command", ["check", "compile"])
def test_concise_is_one_line_each(run: Run, command: str) -> None:
    done = run(command, spec(), "--format", "concise")
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[0] == "small.cm:10:6: error[CM102]: there is no grid `karas`"
    assert all(line.startswith("small.cm:") for line in done.err.splitlines())


@pytest.mark.parametrize("command", ["check", "compile"])
def test_json_is_all_that_is_written(run: Run, command: str) -> None:
    done = run(command, spec(), "--format", "json")
    assert (done.code, done.out) == (1, "")
    found = json.loads(done.err)
    assert (found[0]["code"], found[0]["span"]["start"]["line"]) == ("CM102", 10)
    assert json.loads(run(command, spec(VE), "--format", "json").err) == []


def test_remembered_warnings_are_written_as_asked(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CMDSL_CACHE", str(tmp_path / "cache"))
    for form in ("human", "json", "concise"):
        first = run("check", spec(VE), "--format", form)
        assert run("check", spec(VE), "--format", form) == first


def test_a_format_that_is_none_is_a_wrong_command_line(run: Run) -> None:
    done = run("check", spec(), "--format", "xml")
    assert done.code == 2
    assert "invalid choice: 'xml'" in done.err


@pytest.mark.parametrize("code", ["CM204", "cm204", "204"])
def test_a_code_is_explained_by_its_page(run: Run, code: str) -> None:
    done = run("explain", code)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"CM204: {TITLES['CM204']}\n")
    assert "```" not in done.out
    assert "\n    model m\n" in done.out


def test_without_a_code_all_are_listed(run: Run) -> None:
    listed = run("explain")
    assert listed.out.splitlines() == [f"{code}  {title}" for code, title in TITLES.items()]


@pytest.mark.parametrize(("code", "near"), [("CM2O4", "CM"), ("CM2004", "CM004"), ("../../README", ""), ("", "")])
def test_a_code_that_is_none_is_a_wrong_command_line(run: Run, code: str, near: str) -> None:
    done = run("explain", code)
    assert (done.code, done.out) == (2, "")
    assert f"did you mean {near}" in done.err if near else "did you mean" not in done.err
    assert all(f"\n{code}  " in done.err for code in TITLES)


def test_headings_are_bold_on_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert run("explain", "CM204").out.startswith("\x1b[1mCM204: ")


def test_an_installed_package_has_its_own_pages(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pages, "INSTALLED", tmp_path)
    (tmp_path / "CM204.md").write_text("# installed\n", encoding="utf-8")
    assert run("explain", "CM204").out == "installed\n"
