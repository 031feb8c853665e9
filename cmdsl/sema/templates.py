"""Specs to start from: each checks and compiles as it stands, under any name."""

from __future__ import annotations

from importlib.resources import files

from cmdsl.diagnostics import SpecError
from cmdsl.syntax import ast, parse

ROOM = "templates"


def started(template: str, name: str) -> str:
    """Give the text of a template with the name of a model in it."""
    text = files("cmdsl").joinpath(ROOM, f"{template}.cm").read_text(encoding="utf-8")
    (model,) = (s for s in parse(template, text).statements if isinstance(s, ast.Model))
    lines = text.split("\n")
    lines[model.span.line - 1] = f"model {name}"
    return "\n".join(lines)


def model_name(text: str) -> str | None:
    """Give the name that a model of this name has, in ASCII; None where the language has no such name."""
    try:
        statements = parse("NAME", f"model {text}\n").statements
    except SpecError:
        return None
    (model,) = statements if len(statements) == 1 else (None,)
    return model.name if isinstance(model, ast.Model) and text.strip() == text and "#" not in text else None
