"""The library as a page of Markdown: specs with what they use, definitions with formulas, sources and users."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path

from cmdsl.sema.catalogue import KINDS, Entry
from cmdsl.sema.shelf import Listed, Shelf
from cmdsl.symbolic.general import general

HEAD = """# The library

What a spec can use by name, and the specs that use it, as their `.cm` files have it: `cmdsl library --format markdown`
writes this page."""


def page(shelf: Shelf, folder: Path) -> str:
    """Write the page, with links from the folder that it is to stand in."""
    places = anchors(shelf)
    return "\n\n".join([HEAD, *contents(shelf, places), *specs(shelf, places, folder), *kinds(shelf, folder)]) + "\n"


def anchors(shelf: Shelf) -> dict[Entry, str]:
    """Give where each definition stands on the page; headings that are the same are numbered from the second on."""
    found: dict[Entry, str] = {}
    for entry in shelf.entries:
        name = f"#{entry.kind}-{entry.name}".lower()
        before = sum(re.fullmatch(rf"{name}(-\d+)?", other) is not None for other in found.values())
        found[entry] = f"{name}-{before}" if before else name
    return found


def contents(shelf: Shelf, places: Mapping[Entry, str]) -> Iterator[str]:
    """List what is there, kind by kind."""
    lines = ["- [Specs](#specs)"] if shelf.specs else []
    for kind in KINDS:
        names = (f"[{e.name}]({places[e]})" for e in shelf.entries if e.kind == kind)
        lines.append(f"- [{kind}](#{kind}): {', '.join(names)}")
    yield "\n".join(lines)


def specs(shelf: Shelf, places: Mapping[Entry, str], folder: Path) -> Iterator[str]:
    """Write the table of specs."""
    if shelf.specs:
        rows = [row(spec, places, folder) for spec in shelf.specs]
        yield "## Specs"
        yield "\n".join(["| spec | process | uses |", "| --- | --- | --- |", *rows])


def row(spec: Listed, places: Mapping[Entry, str], folder: Path) -> str:
    """Write the row of a spec."""
    process = "<br>".join(f"`{equation}`" for equation in spec.process)
    uses = "<br>".join(
        f"{kind} {', '.join(f'[{e.name}]({places[e]})' for e in spec.uses if e.kind == kind)}"
        for kind in KINDS
        if any(e.kind == kind for e in spec.uses)
    )
    return f"| {link(spec.name, spec.path, folder)}<br>{escaped(spec.title)} | {process} | {uses} |".replace(
        "<br> |", " |"
    )


def kinds(shelf: Shelf, folder: Path) -> Iterator[str]:
    """Write the section of each kind."""
    for kind in KINDS:
        yield f"## {kind}"
        if shelf.headings[kind]:
            yield escaped(shelf.headings[kind])
        for entry in shelf.entries:
            if entry.kind == kind:
                yield from definition(entry, shelf, folder)


def definition(entry: Entry, shelf: Shelf, folder: Path) -> Iterator[str]:
    """Write a definition: what it is for, how it is written, its parameters, what follows from it, source and users."""
    yield f"### {entry.kind} {entry.name}"
    if entry.about:
        yield escaped(entry.about)
    yield fenced(entry.code)
    if any(p.about for p in entry.parameters):
        yield "\n".join(f"- `{p}`: {escaped(p.about)}" for p in entry.parameters if p.about)
    yield from derived(entry)
    yield origin(entry, folder)
    users = ", ".join(link(spec.name, spec.path, folder) for spec in shelf.users(entry))
    if users:
        yield f"Used by {users}."


def derived(entry: Entry) -> Iterator[str]:
    """Write what a principle determines."""
    formulas = general(entry)
    if formulas:
        yield "From which follows, for every process,"
        yield fenced("\n".join(formulas))


def origin(entry: Entry, folder: Path) -> str:
    """Say where a definition is from: its source, its file and line."""
    place = link(f"{Path(entry.path).name}:{entry.line}", entry.path, folder, f"#L{entry.line}")
    return f"Source: {escaped(entry.source)}; {place}." if entry.source else f"Stands in {place}."


def link(text: str, path: str, folder: Path, line: str = "") -> str:
    """Link to a file; one that lies elsewhere than the page's own files is named only."""
    installed = path.startswith("library/")
    file = Path(str(files("cmdsl"))) / path if installed else Path(path)
    if not file.resolve().is_relative_to(Path.cwd()):
        return f"`{text}`"
    return f"[{text}]({Path(os.path.relpath(file.resolve(), folder.resolve())).as_posix()}{line})"


def escaped(text: str) -> str:
    """Keep signs of mathematics from being read as Markdown, but not those in code."""
    code = text.split("`")
    return "`".join(part if n % 2 else re.sub(r"([*<|])", r"\\\1", part) for n, part in enumerate(code))


def fenced(code: str) -> str:
    """Write a block of code."""
    return f"```cm\n{code}\n```"
