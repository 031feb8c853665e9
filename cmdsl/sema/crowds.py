"""Refuse more statements of a kind than a model has: everything is proved for all params, and emitted for all uses."""

from __future__ import annotations

from collections.abc import Iterator

from cmdsl.diagnostics import Diagnostic, error
from cmdsl.syntax import ast

MOST = 64


def crowds(module: ast.Module) -> Iterator[Diagnostic]:
    """Find the kinds of which a spec has too many statements; those past the last that may be are not looked at."""
    kinds: dict[str, list[ast.Statement]] = {}
    for statement in module.statements:
        if isinstance(statement, ast.Param | ast.Assert):
            kinds.setdefault("params" if isinstance(statement, ast.Param) else "assertions", []).append(statement)
        if isinstance(statement, ast.Use) and statement.kind in ("objective", "sampler"):
            kinds.setdefault(f"{statement.kind}s", []).append(statement)
    for what, statements in kinds.items():
        if len(statements) > MOST:
            message = f"the spec has more than {MOST} {what}"
            yield from error("CM121", message, statements[MOST].span).diagnostics
