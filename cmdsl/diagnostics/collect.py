"""Go on after a mistake, so that all of them are said at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from attrs import define, field

from cmdsl.diagnostics.diagnostic import Diagnostic, SpecError

T = TypeVar("T")


@define
class Collector:
    """Keeps what is wrong with each of several pieces of work, and lets the others go on."""

    found: list[Diagnostic] = field(factory=list)

    def attempt(self, work: Callable[[], T]) -> T | None:
        """Do a piece of work; None where it is refused."""
        try:
            return work()
        except SpecError as refused:
            self.found += refused.diagnostics
            return None

    def raise_all(self) -> None:
        """Raise all that was found, each once, if anything was."""
        if self.found:
            raise SpecError(tuple(dict.fromkeys(self.found)))


def in_order(diagnostics: Iterable[Diagnostic], path: str) -> tuple[Diagnostic, ...]:
    """Sort diagnostics by place, those in the file at `path` first; what is the same is said once.

    What speaks of a place at which the same is wrong already follows from that, and is not said.
    """
    once: dict[object, Diagnostic] = {}
    for diagnostic in diagnostics:
        further = diagnostic.secondary[0].span if diagnostic.secondary else None
        once.setdefault((diagnostic.code, diagnostic.span or diagnostic.message, further), diagnostic)
    refused = {(d.code, d.span) for d in once.values() if d.span is not None}
    chief = [d for d in once.values() if not any((d.code, label.span) in refused for label in d.secondary)]
    return tuple(sorted(chief, key=lambda d: place(d, path)))


def place(diagnostic: Diagnostic, path: str) -> tuple[int, str, int, int]:
    """Give where a diagnostic is listed."""
    span = diagnostic.span
    return (0, "", 0, 0) if span is None else (1 + (span.path != path), span.path, span.line, span.column)
