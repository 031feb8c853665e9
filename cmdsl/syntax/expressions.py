"""The nodes of expressions, ranges and arguments: frozen, each with its span."""

from __future__ import annotations

from typing import TypeAlias

from attrs import field, frozen

from cmdsl.diagnostics import Span


@frozen
class Number:
    """A literal, kept as it was written: `0.002` stands for 1/500."""

    text: str
    span: Span = field(eq=False)


@frozen
class Name:
    """A name in ASCII: `σ_data` has become `sigma_data`."""

    id: str
    span: Span = field(eq=False)


@frozen
class Attribute:
    """`D.c_out`, `solver.step`."""

    value: Name
    name: str
    span: Span = field(eq=False)


@frozen
class Argument:
    """An argument: positional, by name, or (with parameters) a function by name."""

    value: Expr
    name: str | None
    parameters: tuple[str, ...] | None
    span: Span = field(eq=False)
    at: Span = field(eq=False)


@frozen
class Call:
    """A call of a function, or a definition with arguments."""

    function: Name | Attribute
    arguments: tuple[Argument, ...]
    span: Span = field(eq=False)


@frozen
class Unary:
    """`-a`, `not a`."""

    op: str
    operand: Expr
    span: Span = field(eq=False)


@frozen
class Binary:
    """`+ - * / ^`, `== != < <= > >=`, `and or`."""

    op: str
    left: Expr
    right: Expr
    span: Span = field(eq=False)


@frozen
class Conditional:
    """`if c then a else b`."""

    condition: Expr
    then: Expr
    otherwise: Expr
    span: Span = field(eq=False)


@frozen
class Sequence:
    """`[a, b]`, or `(a, b)` where `is_tuple`."""

    items: tuple[Expr, ...]
    is_tuple: bool
    span: Span = field(eq=False)


@frozen
class Index:
    """`index(w for i from a to b)`, right of `~`."""

    weight: Expr
    variable: str
    start: Expr
    stop: Expr
    span: Span = field(eq=False)


Expr: TypeAlias = Number | Name | Attribute | Call | Unary | Binary | Conditional | Sequence | Index


@frozen
class Range:
    """`(a, b)`, `[a, b]`, `(a, b]`, `[a, b)`."""

    low: Expr
    high: Expr
    low_open: bool
    high_open: bool
    span: Span = field(eq=False)
