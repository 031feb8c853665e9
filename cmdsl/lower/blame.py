"""Say of a mistake that shows in the library, or in an imported file, which statement of the spec led there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from attrs import evolve

from cmdsl.diagnostics import Diagnostic, Label, SpecError
from cmdsl.syntax import ast

T = TypeVar("T")


def blaming(lower: Callable[[ast.Use], T], use: ast.Use) -> T:
    """Lower a use; add its place to diagnostics whose own is in another file."""
    try:
        return lower(use)
    except SpecError as refused:
        raise SpecError(tuple(placed(d, use) for d in refused.diagnostics)) from None


def placed(diagnostic: Diagnostic, use: ast.Use) -> Diagnostic:
    """Add the place of a use, where a diagnostic speaks of another file."""
    if diagnostic.span is not None and diagnostic.span.path == use.span.path:
        return diagnostic
    return evolve(diagnostic, secondary=(*diagnostic.secondary, Label(use.span, "used here")))
