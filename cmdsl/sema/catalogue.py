"""Definitions as data: signature, formulas, what the comment above one says, the source that a comment beside it names.

In the comment above a definition a line `# NAME: …` is about its parameter of that name; further lines of the same
are indented.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen

from cmdsl.sema.instantiate import KINDS
from cmdsl.sema.resolve import library
from cmdsl.syntax import ast
from cmdsl.syntax.format import expression
from cmdsl.syntax.walk import every


@frozen
class Parameter:
    """A parameter as a signature shows it: `weight(t, r)`, its default if it has one, and what is said about it."""

    name: str
    default: str | None
    about: str = ""

    def __str__(self) -> str:
        return self.name if self.default is None else f"{self.name} = {self.default}"


@frozen
class Entry:
    """A definition: what it is called with, what it says, and where it comes from."""

    kind: str
    name: str
    parameters: tuple[Parameter, ...]
    formulas: tuple[str, ...]
    about: str
    source: str
    path: str
    line: int
    code: str = field(repr=False)
    principled: bool

    @property
    def signature(self) -> str:
        """Write the name with the parameters."""
        inner = ", ".join(str(p) for p in self.parameters)
        return f"{self.name}({inner})" if inner else self.name

    @property
    def place(self) -> str:
        """Write where the definition stands."""
        return f"{self.path}:{self.line}"


__all__ = ["KINDS", "Entry", "Parameter", "catalogue", "entry"]


def catalogue(modules: Iterable[ast.Module] = ()) -> tuple[Entry, ...]:
    """Give every definition of the library and of these modules, kind by kind, in the order of its file."""
    everything = (*library(), *modules)
    found = (entry(module, s) for module in everything for s in module.statements if isinstance(s, ast.Definition))
    return tuple(sorted(found, key=lambda e: KINDS.index(e.kind)))


def entry(module: ast.Module, definition: ast.Definition) -> Entry:
    """Give what stands in a file about one definition."""
    lines = module.text.split("\n")
    about, of_parameters = described(definition, lines)
    return Entry(
        definition.kind,
        definition.name,
        tuple(parameter(p, of_parameters.get(p.name, "")) for p in definition.parameters),
        formulas(definition, lines),
        about,
        source(definition, lines),
        module.path,
        definition.span.line,
        "\n".join(lines[definition.span.line - 1 : definition.span.end_line]),
        any(every(ast.Derive, definition.body)),
    )


def parameter(given: ast.Parameter, about: str) -> Parameter:
    """Write a parameter in the notation of the language."""
    name = given.name + (f"({', '.join(given.parameters)})" if given.parameters else "")
    return Parameter(name, None if given.default is None else expression(given.default), about)


def formulas(definition: ast.Definition, lines: list[str]) -> tuple[str, ...]:
    """Give the lines of the body as they are written, without the comments."""
    if definition.reference is not None:
        return (expression(definition.reference),)
    if not definition.body:
        return ()
    first, last = definition.body[0].span, definition.body[-1].span
    text = [*lines[first.line - 1 : last.end_line - 1], lines[last.end_line - 1][: last.end_column - 1]]
    indent = first.column - 1
    return tuple(code for line in text if (code := line[indent:].partition("#")[0].rstrip()))


def source(definition: ast.Definition, lines: list[str]) -> str:
    """Give the first comment beside a definition: on its first line, else on the next that has one."""
    span = definition.span
    comments = (line.partition("#")[2].strip() for line in lines[span.line - 1 : span.end_line])
    return next((c for c in comments if c), "")


def described(definition: ast.Definition, lines: list[str]) -> tuple[str, dict[str, str]]:
    """Give what the comment above a definition says of it, and of its parameters."""
    first = last = definition.span.line - 1
    while first > 0 and lines[first - 1].startswith("#"):
        first -= 1
    names, said = {p.name for p in definition.parameters}, {"": ""}
    about = ""
    for line in (comment.removeprefix("#") for comment in lines[first:last]):
        name, colon, rest = line.strip().partition(":")
        if colon and name in names:
            about, line = name, rest
        elif not line.startswith("  "):
            about = ""
        said[about] = f"{said.get(about, '')} {line.strip()}".strip()
    return said.pop(""), said
