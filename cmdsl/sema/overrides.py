"""Replace the values of params in the text of a spec, as `-D` asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, cast

from attrs import evolve, fields, has

from cmdsl.diagnostics import Diagnostic, Span, SpecError, error
from cmdsl.diagnostics.suggest import did_you_mean
from cmdsl.syntax import ast, parse

T = TypeVar("T")


def override(module: ast.Module, overrides: Mapping[str, str]) -> ast.Module:
    """Give the module with the values of some params replaced, in its text too; they keep their places in the file."""
    if not overrides:
        return module
    params = {s.name: s for s in module.statements if isinstance(s, ast.Param)}
    values = {name: literal(name, text) for name, text in overrides.items() if found(name, params)}
    lines = module.text.split("\n")
    edits = [(params[name].value.span, overrides[name].strip()) for name in values]
    for span, text in sorted(edits, key=lambda edit: (edit[0].line, edit[0].column), reverse=True):
        before, after = lines[span.line - 1][: span.column - 1], lines[span.end_line - 1][span.end_column - 1 :]
        lines[span.line - 1 : span.end_line] = [before + text + after, *[""] * (span.end_line - span.line)]
    statements = tuple(
        evolve(s, value=placed(values[s.name], s.value.span)) if isinstance(s, ast.Param) and s.name in values else s
        for s in module.statements
    )
    return ast.Module(module.path, "\n".join(lines), statements)


def placed(node: T, span: Span) -> T:
    """Give an expression with the place of another."""
    if isinstance(node, Span):
        return cast("T", span)
    if isinstance(node, tuple):
        return cast(T, tuple(placed(part, span) for part in node))
    kind: Any = type(node)
    if not has(kind):
        return node
    return cast(T, kind(*(placed(getattr(node, f.name), span) for f in fields(kind))))


def noted(diagnostics: Iterable[Diagnostic], module: ast.Module, overrides: Mapping[str, str]) -> list[Diagnostic]:
    """Say of what is wrong with the value of a param that it is not the one in the file."""
    given = {s.value.span: s.name for s in module.statements if isinstance(s, ast.Param) and s.name in overrides}
    notes = {span: f"the value is that of `-D {name}={overrides[name]}`" for span, name in given.items()}
    return [evolve(d, notes=(*d.notes, notes[d.span])) if d.span in notes else d for d in diagnostics]


def found(name: str, params: Mapping[str, ast.Param]) -> ast.Param:
    """Give the param that `-D` names."""
    if name in params:
        return params[name]
    raise error(
        "CM115",
        f"the spec has no param `{name}` to set",
        help=did_you_mean(name, params, f"its params: {', '.join(params) or 'none'}"),
    )


def literal(name: str, text: str) -> ast.Expr:
    """Read the value given by `-D`, which is one expression."""
    try:
        statements = parse("-D", f"param {name} = {text}\n").statements
    except SpecError as unparsed:
        why = unparsed.diagnostics[0].message
        raise error("CM115", f"the value for `{name}` is not one expression: {text!r}", notes=(why,)) from None
    match statements:
        case (ast.Param(_, value, None),) if "\n" not in text and "#" not in text:
            return value
    raise error("CM115", f"the value for `{name}` is not one expression: {text!r}")
