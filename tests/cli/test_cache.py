"""What `check` remembers: the same bytes at once while nothing has changed, and no more than that."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve, frozen

from cmdsl import cache
from cmdsl.commands import check as command
from tests.cli.command import ROOT, VE, Done, Run, shell

CHECK = """import sys
from cmdsl.cli import main
code = main(["check", *sys.argv[1:]])
print(sorted({"sympy", "lark", "mpmath", "flint"} & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""


@frozen
class Checked:
    """What was printed, and whether it was derived or remembered."""

    done: Done
    came: str


Check = Callable[..., Checked]


def small(folder: Path) -> None:
    """Write a spec and what it imports."""
    (folder / "small.cm").write_text(VE + 'import "part.cm"\n', encoding="utf-8")
    (folder / "part.cm").write_text("define metric near { d(a, b) = sqnorm(a - b) }\n", encoding="utf-8")


@pytest.fixture
def check(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Give a function that checks a spec, with a cache in the test's folder."""
    small(tmp_path)
    derived: list[Path] = []
    real = command.checked_report

    def counted(spec: Path, overrides: dict[str, str]) -> cache.Report:
        derived.append(spec)
        return real(spec, overrides)

    monkeypatch.setattr(command, "checked_report", counted)

    def call(*words: str, place: str | Path = tmp_path / "cache") -> Checked:
        monkeypatch.setenv("CMDSL_CACHE", str(place))
        derived.clear()
        done = run("check", "small.cm", *words)
        return Checked(done, "derived" if derived else "remembered")

    return call


def test_an_unchanged_spec_is_remembered_to_the_byte_and_nothing_is_loaded(tmp_path: Path) -> None:
    small(tmp_path)
    env = {**os.environ, "CMDSL_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    first, second = (shell("-c", CHECK, "small.cm", cwd=tmp_path, env=env) for _ in range(2))
    assert [first.err, second.err] == ["['flint', 'lark', 'mpmath', 'sympy']\n", "[]\n"]
    assert (first.code, first.out) == (second.code, second.out)
    assert first.out


def test_any_change_is_seen(check: Check, tmp_path: Path) -> None:
    assert [check().came, check().came] == ["derived", "remembered"]
    assert [check("-D", "T=40").came, check("-D", "T=40").came] == ["derived", "remembered"]
    for path, text in ((tmp_path / "part.cm", "unit = 1\n"), (tmp_path / "small.cm", "# more\n")):
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
        assert [check().came, check().came] == ["derived", "remembered"]


def test_another_compiler_remembers_nothing(check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "cmdsl"
    shutil.copytree(ROOT / "cmdsl", other, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(cache, "__file__", str(other / "cache.py"))
    assert [check().came, check().came] == ["derived", "remembered"]
    for path in (other / "library" / "weights.cm", other / "syntax" / "grammar.lark", other / "driver.py"):
        path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        assert [check().came, check().came] == ["derived", "remembered"]
    monkeypatch.setattr(cache, "version", lambda library: "0")
    assert check().came == "derived"


DAMAGED = ("", "{", "[]", "null", '{"imports": {}}', '{"imports": 1, "report": 2}', "\x00\xff")


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_entry_is_no_entry(check: Check, tmp_path: Path, damage: str) -> None:
    whole = check()
    (entry,) = (tmp_path / "cache").iterdir()
    entry.write_text(damage, encoding="latin-1")
    assert check() == whole
    assert check() == evolve(whole, came="remembered")


def test_a_cache_that_cannot_be_written_is_left_alone(check: Check, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    for place in (tmp_path / "taken", "/proc/cache"):
        found = [check(place=place) for _ in range(2)]
        assert [(f.done.code, f.done.err, f.came) for f in found] == [(0, "", "derived")] * 2
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "mine"


def test_the_cache_can_be_off(check: Check, tmp_path: Path) -> None:
    assert [check(place="off").came for _ in range(2)] == ["derived", "derived"]
    assert not (tmp_path / "off").exists()


def test_a_refused_spec_is_not_remembered(check: Check, tmp_path: Path) -> None:
    assert check("-D", "T=-1").done.code == 1
    assert not list(tmp_path.glob("cache/*"))


def test_what_can_be_read_once_is_read_once(tmp_path: Path) -> None:
    env = {**os.environ, "CMDSL_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "cmdsl", "check", "/dev/stdin"]
    done = subprocess.run(command, input=VE, capture_output=True, text=True, env=env, cwd=tmp_path, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


def test_runs_at_the_same_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    small(tmp_path)
    env = {**os.environ, "CMDSL_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "cmdsl", "check", "small.cm"]
    runs = [
        subprocess.Popen(command, cwd=tmp_path, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    printed = {run.communicate(timeout=120) for run in runs}
    assert {run.returncode for run in runs} == {0}
    assert len(printed) == 1
    (entry,) = (tmp_path / "cache").iterdir()
    assert json.loads(entry.read_text(encoding="utf-8"))["report"]["report"] + "\n" == printed.pop()[0]
