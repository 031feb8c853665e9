"""Every bad spec in `docs/errors` gets what its page says, byte for byte; every code has a page that reaches it.

`pytest tests/diagnostics --update` writes what is found into the pages, to be read before it is kept.
"""

import ast
import re
import shlex
from contextlib import suppress
from pathlib import Path

import pytest

from cmdsl.cli import main
from cmdsl.commands.say import written
from cmdsl.diagnostics import Diagnostic, SpecError
from cmdsl.diagnostics.catalog import TITLES
from cmdsl.driver import check
from tests.diagnostics.pages import FOLDER, PAGES, ROOT, SPEC, Example, examples, rewritten

EXAMPLES = [example for page in PAGES for example in examples(page)]
CODE = re.compile(r"CM\d{3}")
ELSEWHERE = "CM407"  # is reached by packages in Python where a framework is missing: tests/emit/test_importing.py


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder, that commands are run in and Python finds modules in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("CMDSL_CACHE", "off")
    return tmp_path


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_each_example_gets_what_its_page_says(
    example: Example, folder: Path, capsys: pytest.CaptureFixture[str], update: bool
) -> None:
    for name, text in example.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    found = {
        s.number: diagnosed() if s.form == "text" else "".join(ran(command, capsys) for command in s.commands)
        for s in example.said
    }
    if update:
        rewritten(example.page, found)
    elif found:
        assert found == {s.number: s.text for s in example.said}
    else:
        assert diagnosed() == ""


def diagnosed() -> str:
    """Give all that is said of the spec in this folder."""
    return written(diagnostics()).removesuffix("\n")


def diagnostics() -> tuple[Diagnostic, ...]:
    """Give the diagnostics of the spec in this folder."""
    try:
        return check(Path(SPEC), {}).warnings
    except SpecError as refused:
        return refused.diagnostics


def ran(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command; give it with all that it prints."""
    words = shlex.split(command)
    assert words.pop(0) == "cmdsl"
    with suppress(SystemExit):
        main(words)
    printed = capsys.readouterr()
    return f"$ {command}\n{printed.out}{printed.err}".rstrip("\n") + "\n"


def test_the_code_of_the_package_and_the_catalogue_have_the_same_codes() -> None:
    sources = [*(ROOT / "cmdsl").rglob("*.py"), *(ROOT / "backends").rglob("*.py")]
    used = {
        node.value
        for path in sources
        if path.name != "catalog.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    }
    assert used == set(TITLES)


def test_diagnostics_are_made_with_a_code_that_is_written_out() -> None:
    """A code that is computed would be none that the test above finds."""
    for path in [*(ROOT / "cmdsl").rglob("*.py"), *(ROOT / "backends").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("error", "warning"):
                code = node.args[0]
                written_out = isinstance(code, ast.Constant) or ast.unparse(code) == "CODES[verdict.obligation]"
                assert written_out, f"{path}:{node.lineno}"


def test_every_code_has_a_page_and_is_reached_by_it() -> None:
    reached = {page.stem: f"[{page.stem}]" in "".join(said_on(page)) for page in PAGES}
    assert {page for page, right in reached.items() if not right} == {ELSEWHERE}
    assert reached.keys() == set(TITLES)


def said_on(page: Path) -> list[str]:
    """Give what is said on a page."""
    return [s.text for example in EXAMPLES if example.page == page for s in example.said]


def test_every_page_is_headed_by_its_code_and_title() -> None:
    heads = {page.stem: page.read_text(encoding="utf-8").split("\n", 1)[0] for page in PAGES}
    assert heads == {code: f"# {code}: {title}" for code, title in TITLES.items()}


def test_the_index_lists_every_code() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| \[(CM\d{3})\]\(\1\.md\) \| (.*) \|$", index, re.MULTILINE))
    assert listed == dict(TITLES)


def test_there_are_many_bad_specs_and_no_two_are_the_same() -> None:
    bad = [example for example in EXAMPLES if example.said]
    told = [(tuple(e.files.items()), tuple(c for s in e.said for c in s.commands)) for e in bad]
    assert len(set(told)) == len(told) >= 120
