"""What is wrong, where, and what to do about it."""

from collections.abc import Mapping
from enum import Enum

from attrs import field, frozen

from cmdsl.diagnostics.span import Span


class Severity(Enum):
    """How bad a diagnostic is: an error stops the compilation."""

    ERROR = "error"
    WARNING = "warning"


@frozen
class Label:
    """A further place that a diagnostic speaks of."""

    span: Span
    text: str


@frozen
class Diagnostic:
    """One message: the text alone, its place, facts (notes) and a way out (help)."""

    code: str
    message: str
    span: Span | None = None
    label: str = ""
    secondary: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str = ""
    severity: Severity = Severity.ERROR


@frozen
class SpecError(Exception):
    """Carries the diagnostics for which a spec is refused; as text, they are written for people."""

    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str] = field(factory=dict, repr=False, eq=False)  # by path, in place of what the files hold

    def __str__(self) -> str:
        from cmdsl.diagnostics.people import for_people

        return for_people(self.diagnostics, self.texts)


def error(
    code: str,
    message: str,
    span: Span | None = None,
    *,
    label: str = "",
    secondary: tuple[Label, ...] = (),
    notes: tuple[str, ...] = (),
    help: str = "",
) -> SpecError:
    """Give the exception that carries one error, ready to raise."""
    return SpecError((Diagnostic(code, message, span, label, secondary, notes, help),))


def warning(
    code: str, message: str, span: Span | None = None, *, notes: tuple[str, ...] = (), help: str = ""
) -> Diagnostic:
    """Give a warning."""
    return Diagnostic(code, message, span, "", (), notes, help, Severity.WARNING)
