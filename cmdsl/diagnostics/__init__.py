"""Spans, diagnostics and their renderers: what every stage says when a spec is wrong."""

from cmdsl.diagnostics.diagnostic import Diagnostic, Label, Severity, SpecError, error, warning
from cmdsl.diagnostics.span import Span

__all__ = ["Diagnostic", "Label", "Severity", "Span", "SpecError", "error", "warning"]
