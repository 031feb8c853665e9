"""The library beside the files of a folder: all definitions, and the specs with what they use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from attrs import frozen

from cmdsl.sema.catalogue import KINDS, Entry, entry
from cmdsl.sema.imports import read
from cmdsl.sema.resolve import library, resolve, title
from cmdsl.sema.spec import Spec
from cmdsl.sema.uses import used
from cmdsl.syntax import ast, parse
from cmdsl.syntax.format import expression
from cmdsl.syntax.walk import every


@frozen
class Listed:
    """A spec: its name, its title, its file, its process as it is written, the definitions that it uses."""

    name: str
    title: str
    path: str
    process: tuple[str, ...]
    uses: tuple[Entry, ...]


@frozen
class Shelf:
    """Definitions, kind by kind, with what is said of each kind; and specs."""

    entries: tuple[Entry, ...]
    headings: dict[str, str]
    specs: tuple[Listed, ...]

    def users(self, entry: Entry) -> tuple[Listed, ...]:
        """Give the specs that use a definition, through others too."""
        return tuple(spec for spec in self.specs if entry in spec.uses)


def shelf(paths: Iterable[Path] = ()) -> Shelf:
    """Put the definitions and specs of these files, and of those in these folders, beside the library."""
    own = [parse(str(path), read(path, str(path))) for place in paths for path in sources(place)]
    modules = (*library(), *own)
    found = {s: entry(m, s) for m in modules for s in m.statements if isinstance(s, ast.Definition)}
    entries = sorted(found.values(), key=lambda e: KINDS.index(e.kind))
    specs = (resolve(m) for m in own if any(isinstance(s, ast.Model) for s in m.statements))
    return Shelf(tuple(entries), {kind: heading(kind) for kind in KINDS}, tuple(listed(spec, found) for spec in specs))


def sources(place: Path) -> list[Path]:
    """Give the files of a folder, or a file itself."""
    return sorted(place.rglob("*.cm")) if place.is_dir() else [place]


def listed(spec: Spec, entries: dict[ast.Definition, Entry]) -> Listed:
    """Give what is listed of a spec."""
    stated = [s for s in spec.process.equations if isinstance(s, ast.Equation)]
    process = tuple(equation(s) for s in (*stated, *spoken_of(stated, spec)))
    uses = tuple(entries[d] for d in used(spec) if d in entries)
    return Listed(spec.name, spec.title, spec.module.path, process, uses)


def spoken_of(stated: list[ast.Equation], spec: Spec) -> Iterator[ast.Equation | ast.FunctionDefinition]:
    """Yield the named quantities and functions of a spec that formulas are written in, and those that these are."""
    waiting: list[ast.Equation | ast.FunctionDefinition] = [*stated]
    named = {s.name: s for s in spec.named}
    while waiting:
        for name in every(ast.Name, waiting.pop(0)):
            if (found := named.pop(name.id, None)) is not None:
                waiting.append(found)
                yield found


def equation(statement: ast.Equation | ast.FunctionDefinition) -> str:
    """Write a named quantity or a function."""
    if isinstance(statement, ast.Equation):
        return f"{statement.name} = {expression(statement.value)}"
    body = "{ … }" if isinstance(statement.body, tuple) else expression(statement.body)
    return f"{statement.name}({', '.join(statement.parameters)}) = {body}"


def heading(kind: str) -> str:
    """Give what the library says of a kind: the comment at the head of the file that defines nothing else."""
    kinds = ((m.text, {s.kind for s in m.statements if isinstance(s, ast.Definition)}) for m in library())
    return next((title(text) for text, found in kinds if found == {kind}), "")
