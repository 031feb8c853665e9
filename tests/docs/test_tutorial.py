"""The tutorial is what happens: its files are changed, its commands run and its outputs compared, from top to bottom.

`pytest tests/docs/test_tutorial.py --update` writes what is found into the page, to be read before it is kept.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from cmdsl.cli import main
from tests.docs.fences import ROOT, Fence, fences

PAGE = ROOT / "docs" / "tutorial.md"
ENVIRONMENT = {
    **os.environ,
    "CMDSL_CACHE": "off",
    "COLUMNS": "120",
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "backends")]),
}
CHANGING = re.compile(r"^\.+ +\[.*%\]\n|\d+(?= passed)| in [\d.]+s\b", re.MULTILINE)  # how many tests, in what time
LONG = ("pytest ", "python ")  # commands that take some seconds: the package's own tests, training, sampling


def test_what_the_compiler_does_on_the_page_happens(
    tmp_path: Path, update: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMDSL_CACHE", "off")
    kept(followed(tmp_path, whole=False), update)


@pytest.mark.slow
def test_everything_on_the_page_happens(tmp_path: Path, update: bool) -> None:
    kept(followed(tmp_path, whole=True), update)


def kept(found: Iterator[tuple[Fence, str]], update: bool) -> None:
    """Compare what happened with what the page shows, or write it there."""
    if update:
        return rewrite(found)
    for fence, text in found:
        assert CHANGING.sub("", text) == CHANGING.sub("", fence.text), f"{PAGE.name}:{fence.line}"


def followed(folder: Path, whole: bool) -> Iterator[tuple[Fence, str]]:
    """Do what each fence says, and yield it with what it then has to show; the whole page, or all but long commands."""
    before = None
    for fence in fences(PAGE):
        commands = [line[2:] for line in fence.text.splitlines() if line.startswith("$ ")]
        left_out = not whole and any(command.startswith(LONG) for command in commands)
        yield fence, fence.text if left_out else happened(fence, commands, before, folder)
        before = fence


def happened(fence: Fence, commands: list[str], before: Fence | None, folder: Path) -> str:
    """Do what a fence says, and give what it then has to show."""
    match fence.language:
        case "console":
            return "".join(ran(command, folder) for command in commands)
        case "diff":
            change(fence, folder)
        case "cm":
            with (folder / (fence.option("append") or "")).open("a", encoding="utf-8") as file:
                file.write(fence.text)
        case "python" if "run" not in fence.words:
            return excerpt(fence, folder)
        case "text" if before is not None:
            return output([sys.executable, "-c", before.text], folder)
    return fence.text


def ran(command: str, folder: Path) -> str:
    """Run a command; give it with what it prints."""
    words = command.split()
    return f"$ {command}\n{of_compiler(words[1:], folder) if words[0] == 'cmdsl' else output(words, folder)}"


def of_compiler(words: list[str], folder: Path) -> str:
    """Give what the compiler prints, run in this process."""
    out, err = StringIO(), StringIO()
    with chdir(folder), redirect_stdout(out), redirect_stderr(err):
        main(words)
    said = err.getvalue().rstrip("\n")
    return out.getvalue() + (f"{said}\n" if said else "")


def output(words: list[str], folder: Path) -> str:
    """Give what another program prints; its progress bars are on the standard error."""
    done = subprocess.run(words, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def change(fence: Fence, folder: Path) -> None:
    """Replace the lines marked `-`, which a file has once, by those marked `+`."""
    path = folder / (fence.option("file") or "")
    old, new = ("".join(f"{line[1:]}\n" for line in fence.text.splitlines() if line[0] == sign) for sign in "-+")
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, fence.line
    path.write_text(text.replace(old, new), encoding="utf-8")


def excerpt(fence: Fence, folder: Path) -> str:
    """Give the function of a file that begins as the fence does."""
    text = (folder / (fence.option("file") or "")).read_text(encoding="utf-8")
    head = fence.text.splitlines()[0]
    (found,) = (f for f in re.split(r"\n\n\n", text) if f.startswith(head))
    return found.rstrip("\n") + "\n"


def rewrite(found: Iterator[tuple[Fence, str]]) -> None:
    """Write what was found into the page."""
    text = PAGE.read_text(encoding="utf-8")
    for fence, new in reversed(list(found)):
        text = text[: fence.start] + new + text[fence.start + len(fence.text) :]
    PAGE.write_text(text, encoding="utf-8")
