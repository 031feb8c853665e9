"""The pages of `docs/errors` as tests: each example is files, then what is said of them.

A fence is a file (`cm`, or `cm file=parts/metrics.cm`, `py file=…`), the diagnostics of the spec (`text`), or commands
with all that they print (`console`, each command after `$ `). The first file after a `text` or `console` begins the
next example, and a `cm` without a name is the spec, `model.cm`. A spec with neither after it is to pass without a word.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from attrs import field, frozen

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "errors"
PAGES = sorted(FOLDER.glob("CM*.md"))
SPEC = "model.cm"
FENCE = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@frozen
class Said:
    """What is said of an example: the diagnostics (`text`), or what commands print (`console`), and where it stands.

    `number` counts what is said on a page.
    """

    number: int
    form: str
    text: str
    start: int
    end: int

    @property
    def commands(self) -> tuple[str, ...]:
        """Give the commands of a console."""
        return tuple(line.removeprefix("$ ") for line in self.text.splitlines() if line.startswith("$ "))


@frozen
class Example:
    """Files by their names, and what is said of them."""

    page: Path
    line: int
    files: dict[str, str] = field(factory=dict)
    said: list[Said] = field(factory=list)

    @property
    def spec(self) -> str:
        """Give the text of the spec."""
        return self.files.get(SPEC, "")

    def __str__(self) -> str:
        return f"{self.page.stem}:{self.line}"


def examples(page: Path) -> Iterator[Example]:
    """Give the examples of a page in order."""
    text = page.read_text(encoding="utf-8")
    example: Example | None = None
    count = 0
    for fence in FENCE.finditer(text):
        kind, name, inner = fence[1], fence[2], fence[3]
        said = kind in ("text", "console")
        if example is None or (not said and (example.said or (name or SPEC) in example.files)):
            if example is not None:
                yield example
            example = Example(page, text.count("\n", 0, fence.start()) + 1)
        if said:
            example.said.append(Said(count, kind, inner, fence.start(3), fence.end(3)))
            count += 1
        else:
            example.files[name or SPEC] = inner
    if example is not None:
        yield example


def rewritten(page: Path, found: dict[int, str]) -> None:
    """Put what was found in place of what is said, by its number on the page."""
    text = page.read_text(encoding="utf-8")
    said = [s for example in examples(page) for s in example.said]
    for place in sorted(said, key=lambda s: s.start, reverse=True):
        text = text[: place.start] + found.get(place.number, place.text) + text[place.end :]
    page.write_text(text, encoding="utf-8")
