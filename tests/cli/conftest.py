"""The command run in this process, in an empty folder and without the cache."""

from pathlib import Path

import pytest

from cmdsl.cli import main
from tests.cli.command import Done, Run


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a function that runs the command with these words."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CMDSL_CACHE", "off")

    def call(*words: str | Path) -> Done:
        try:
            code = main([str(word) for word in words])
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
        written = capsys.readouterr()
        return Done(code, written.out, written.err)

    return call
