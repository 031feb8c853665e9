"""What is wrong, where, and what to do about it."""

from enum import Enum

from attrs import frozen

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
    """Carries the diagnostics for which a spec is refused."""

    diagnostics: tuple[Diagnostic, ...]

    def __str__(self) -> str:
        return "; ".join(f"{d.span or '-'}: {d.code} {d.message}" for d in self.diagnostics)


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
