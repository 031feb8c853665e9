"""What expressions are evaluated in: the operations that an algebra gives."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from cmdsl.diagnostics import Span
from cmdsl.sema.values import Closure, External, Learned

if TYPE_CHECKING:
    from cmdsl.sema.evaluate import Evaluator


class Algebra(Protocol):
    """What expressions evaluate to: numbers, operations by their IR names, comparisons, selections."""

    def number(self, value: Fraction, span: Span) -> object:
        """Give an exact number."""

    def constant(self, name: str, span: Span) -> object:
        """Give `pi` or `inf`."""

    def operand(self, value: object, span: Span) -> object:
        """Refuse what can't be computed with."""

    def comparand(self, value: object, span: Span) -> object:
        """Refuse what can't be compared."""

    def truth(self, value: object, span: Span) -> object:
        """Refuse what is no condition."""

    def operate(self, op: str, args: tuple[object, ...], span: Span) -> object:
        """Apply an operation or elementwise function, by its IR name."""

    def compare(self, op: str, left: object, right: object, span: Span) -> object:
        """Compare two scalars."""

    def logic(self, op: str, args: tuple[object, ...], span: Span) -> object:
        """Combine truth values."""

    def select(self, condition: object, then: object, otherwise: object, span: Span) -> object:
        """Choose by a truth value."""

    def apply(self, evaluator: Evaluator, function: Closure, args: tuple[object, ...], span: Span) -> object:
        """Apply a function of the language; `evaluator.inline` substitutes."""

    def unwritten(self, function: Learned | External, args: tuple[object, ...], span: Span) -> object:
        """Apply a function that has no formula: one that is learned, or is written in Python."""
