"""The fences of a page, and specs made of them.

A `cm` fence is a whole spec. `cm part` is a part of one: it stands in the base, the first whole spec of the page, in
place of the statements that state the same; an objective takes the place of all objectives, a sampler of all samplers.
`cm file=NAME` is a file that the next fence imports, `cm part refused=CODE` is refused with that code and no other.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from attrs import field, frozen

from cmdsl.sema.resolve import identities
from cmdsl.syntax import ast, parse

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w+)((?: [\w=./]+)*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@frozen
class Fence:
    """A block of code on a page: its language, its words, its text, the line of its head, where its text starts."""

    language: str
    words: frozenset[str]
    text: str
    line: int
    start: int

    def option(self, name: str) -> str | None:
        """Give what stands after `name=`, if it does."""
        return next((w.partition("=")[2] for w in self.words if w.startswith(f"{name}=")), None)


@frozen
class Example:
    """A spec made of a fence, with the files that it imports, and the code that it is refused with, if it is."""

    line: int
    text: str
    files: dict[str, str] = field(factory=dict)
    refused: str | None = None

    def __str__(self) -> str:
        return f"line {self.line}"


def fences(page: Path) -> tuple[Fence, ...]:
    """Give the fences of a page in order."""
    text = page.read_text(encoding="utf-8")
    return tuple(
        Fence(m[1], frozenset(m[2].split()), m[3], text[: m.start()].count("\n") + 1, m.start(3))
        for m in FENCE.finditer(text)
    )


def examples(page: Path) -> Iterator[Example]:
    """Give the specs of a page in order."""
    found = [f for f in fences(page) if f.language == "cm"]
    base = next(f.text for f in found if not f.words)
    files: dict[str, str] = {}
    for fence in found:
        name = fence.option("file")
        if name is not None:
            files[name] = fence.text
            continue
        text = placed(fence.text, base) if "part" in fence.words else fence.text
        yield Example(fence.line, text, dict(files), fence.option("refused"))
        files = {}


def placed(part: str, base: str) -> str:
    """Put statements in a spec, in place of those that state the same."""
    stated = {key for s in parse("part.cm", part).statements for key in places(s)}
    lines = base.split("\n")
    for statement in parse("base.cm", base).statements:
        if stated & set(places(statement)):
            span = statement.span
            lines[span.line - 1 : span.end_line] = [""] * (span.end_line - span.line + 1)
    return "\n".join(lines) + "\n" + part


def places(statement: ast.Statement) -> tuple[str, ...]:
    """Give what a statement states; that of an objective or a sampler is one for all."""
    if isinstance(statement, ast.Use) and statement.kind in ("objective", "sampler"):
        return (statement.kind,)
    return identities(statement)
