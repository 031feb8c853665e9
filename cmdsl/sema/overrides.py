"""Replace the values of params in the text of a spec, as `-D` asks."""

from __future__ import annotations

from collections.abc import Mapping

from cmdsl.diagnostics import SpecError, error
from cmdsl.diagnostics.suggest import did_you_mean
from cmdsl.syntax import ast, parse


def override(module: ast.Module, overrides: Mapping[str, str]) -> ast.Module:
    """Give the module with the values of some params replaced in its text."""
    if not overrides:
        return module
    params = {s.name: s for s in module.statements if isinstance(s, ast.Param)}
    lines = module.text.split("\n")
    edits = [(found(name, params).value.span, literal(name, text)) for name, text in overrides.items()]
    for span, text in sorted(edits, key=lambda edit: (edit[0].line, edit[0].column), reverse=True):
        before, after = lines[span.line - 1][: span.column - 1], lines[span.end_line - 1][span.end_column - 1 :]
        lines[span.line - 1 : span.end_line] = [before + text + after]
    return parse(module.path, "\n".join(lines))


def found(name: str, params: Mapping[str, ast.Param]) -> ast.Param:
    """Give the param that `-D` names."""
    if name in params:
        return params[name]
    raise error(
        "CM115",
        f"the spec has no param `{name}` to set",
        help=did_you_mean(name, params, f"its params: {', '.join(params) or 'none'}"),
    )


def literal(name: str, text: str) -> str:
    """Check that the value given by `-D` is one expression."""
    try:
        statements = parse("-D", f"param {name} = {text}\n").statements
    except SpecError as unparsed:
        why = unparsed.diagnostics[0].message
        raise error("CM115", f"the value for `{name}` is not one expression: {text!r}", notes=(why,)) from None
    alone = len(statements) == 1 and isinstance(statements[0], ast.Param) and not statements[0].range
    if not alone or "\n" in text or "#" in text:
        raise error("CM115", f"the value for `{name}` is not one expression: {text!r}")
    return text.strip()
