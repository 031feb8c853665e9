"""Say of a mistake that shows in the library, or in an imported file, which statement of the spec led there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from attrs import evolve

from cmdsl.diagnostics import Diagnostic, Label, Span, SpecError
from cmdsl.syntax import ast

T = TypeVar("T")
LIBRARY = "library/"


def blaming(work: Callable[[ast.Use], T], use: ast.Use) -> T:
    """Do something with a use; of what is then wrong in another file, say that it is used here."""
    try:
        return work(use)
    except SpecError as refused:
        raise SpecError(tuple(placed(d, use) for d in refused.diagnostics)) from None


def led_from(call: Span, diagnostic: Diagnostic) -> Diagnostic:
    """Say of a mistake that shows in the library that a call outside of it led there."""
    span = diagnostic.span
    if span is None or not span.path.startswith(LIBRARY) or call.path.startswith(LIBRARY):
        return diagnostic
    own = next((label for label in diagnostic.secondary if label.span.path == call.path), Label(call, ""))
    others = tuple(label for label in diagnostic.secondary if label is not own)
    return evolve(
        diagnostic, span=own.span, label=own.text, secondary=(Label(span, diagnostic.label or "here"), *others)
    )


def placed(diagnostic: Diagnostic, use: ast.Use) -> Diagnostic:
    """Add the place of a use, where a diagnostic speaks of another file; the library itself is not to blame."""
    span = diagnostic.span
    if span is None or span.path == use.span.path:
        return diagnostic
    here = use.reference.span if use.reference is not None else use.span
    if not span.path.startswith(LIBRARY):
        return evolve(diagnostic, secondary=(*diagnostic.secondary, Label(here, "used here")))
    return led_from(here, diagnostic)
