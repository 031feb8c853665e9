"""The definitions of the library as data: signature, formulas, and the source that the comment beside them names."""

from __future__ import annotations

from attrs import frozen

from cmdsl.sema.instantiate import KINDS
from cmdsl.sema.resolve import library
from cmdsl.syntax import ast
from cmdsl.syntax.format import expression


@frozen
class Parameter:
    """A parameter as a signature shows it: `weight(t, r)`, and its default if it has one."""

    name: str
    default: str | None

    def __str__(self) -> str:
        return self.name if self.default is None else f"{self.name} = {self.default}"


@frozen
class Entry:
    """A definition: what it is called with, what it says, and where it comes from."""

    kind: str
    name: str
    parameters: tuple[Parameter, ...]
    formulas: tuple[str, ...]
    source: str
    path: str
    line: int

    @property
    def signature(self) -> str:
        """Write the name with the parameters."""
        inner = ", ".join(str(p) for p in self.parameters)
        return f"{self.name}({inner})" if inner else self.name


__all__ = ["KINDS", "Entry", "Parameter", "catalogue"]


def catalogue() -> tuple[Entry, ...]:
    """Give every definition of the library, kind by kind, in the order of its file."""
    found = (entry(module, s) for module in library() for s in module.statements if isinstance(s, ast.Definition))
    return tuple(sorted(found, key=lambda e: KINDS.index(e.kind)))


def entry(module: ast.Module, definition: ast.Definition) -> Entry:
    """Give what stands in a file of the library about one definition."""
    lines = module.text.split("\n")
    return Entry(
        definition.kind,
        definition.name,
        tuple(parameter(p) for p in definition.parameters),
        formulas(definition, lines),
        source(definition, lines),
        module.path,
        definition.span.line,
    )


def parameter(given: ast.Parameter) -> Parameter:
    """Write a parameter in the notation of the language."""
    name = given.name + (f"({', '.join(given.parameters)})" if given.parameters else "")
    return Parameter(name, None if given.default is None else expression(given.default))


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
