"""The syntax tree of `.cm`: frozen nodes, each with its span; `at` is that of the name which it binds or gives."""

from __future__ import annotations

from typing import TypeAlias

from attrs import field, frozen

from cmdsl.diagnostics import Span
from cmdsl.syntax.expressions import (
    Argument as Argument,
    Attribute as Attribute,
    Binary as Binary,
    Call as Call,
    Conditional as Conditional,
    Expr as Expr,
    Index as Index,
    Name as Name,
    Number as Number,
    Range as Range,
    Sequence as Sequence,
    Unary as Unary,
)


@frozen
class Equation:
    """`NAME = EXPR`."""

    name: str
    value: Expr
    span: Span = field(eq=False)
    at: Span = field(eq=False)


@frozen
class FunctionDefinition:
    """`NAME(args) = EXPR`, or with a sequential body `NAME(args) { … }`."""

    name: str
    parameters: tuple[str, ...]
    body: Expr | tuple[Statement, ...]
    span: Span = field(eq=False)
    at: Span = field(eq=False)


@frozen
class Draw:
    """`NAME ~ EXPR`."""

    name: str
    distribution: Expr
    span: Span = field(eq=False)
    at: Span = field(eq=False)


@frozen
class Learned:
    """`learned u(t)`."""

    name: str
    parameters: tuple[str, ...]
    span: Span = field(eq=False)
    at: Span = field(eq=False)


@frozen
class Minimize:
    """`minimize EXPR`."""

    value: Expr
    span: Span = field(eq=False)


@frozen
class Return:
    """`return EXPR`."""

    value: Expr
    span: Span = field(eq=False)


@frozen
class LoopRange:
    """`from a to b`, `from a downto b`, both ends included."""

    start: Expr
    stop: Expr
    down: bool
    span: Span = field(eq=False)


@frozen
class For:
    """`for n from N downto 2 { … }`, `for s in times { … }`."""

    variable: str
    source: LoopRange | Expr
    body: tuple[Statement, ...]
    span: Span = field(eq=False)


@frozen
class Derive:
    """`derive c_skip, c_out from variance(target) = 1 minimizing c_out^2`."""

    names: tuple[str, ...]
    left: Expr
    right: Expr
    minimizing: Expr | None
    span: Span = field(eq=False)


@frozen
class Assert:
    """`assert a = b for t in [0, 1]`; `relation` is one of `= < <= > >=`."""

    left: Expr
    relation: str
    right: Expr
    domain: tuple[str, Range] | None
    span: Span = field(eq=False)


@frozen
class Model:
    """`model NAME`."""

    name: str
    span: Span = field(eq=False)


@frozen
class Param:
    """`param NAME = EXPR in RANGE`."""

    name: str
    value: Expr
    range: Range | None
    span: Span = field(eq=False)
    at: Span = field(eq=False)


@frozen
class Time:
    """`time t in [0, T]`."""

    name: str
    range: Range
    span: Span = field(eq=False)
    at: Span = field(eq=False)


@frozen
class Sde:
    """`sde { drift = … diffusion = … variance = … }`."""

    equations: tuple[Equation, ...]
    span: Span = field(eq=False)


@frozen
class Path:
    """`path { alpha = … sigma = … }`."""

    equations: tuple[Equation, ...]
    span: Span = field(eq=False)


@frozen
class Boundary:
    """`boundary EXPR by shift|none`."""

    value: Expr
    method: str | None
    span: Span = field(eq=False)


@frozen
class Prior:
    """`prior normal(0, EXPR)`."""

    distribution: Expr
    span: Span = field(eq=False)


@frozen
class Use:
    """A definition used: `precondition NAME(args) { c_noise = 999*t }`, `objective ALIAS = NAME`, `curriculum NAME`.

    `reference` is None for an inline precondition; `body` holds the overrides.
    """

    kind: str
    alias: str | None
    reference: Name | Call | None
    body: tuple[Statement, ...]
    span: Span = field(eq=False)

    @property
    def called(self) -> str:
        """The name that this use goes by: its alias, else its definition's."""
        reference = self.reference.function if isinstance(self.reference, Call) else self.reference
        return self.alias or (reference.id if isinstance(reference, Name) else "")


@frozen
class Network:
    """`network mlp(width = 256)`, or a dotted path."""

    path: str
    arguments: tuple[Argument, ...]
    span: Span = field(eq=False)


@frozen
class Data:
    """`data shape [3, 32, 32]`."""

    shape: Sequence
    span: Span = field(eq=False)


@frozen
class Import:
    """`import "path/to/other.cm"`."""

    path: str
    span: Span = field(eq=False)


@frozen
class Parameter:
    """A parameter of a definition: `rho = 7`, `weight(t, r) = 1`, `sigma_data`."""

    name: str
    parameters: tuple[str, ...] | None
    default: Expr | None
    span: Span = field(eq=False)
    at: Span = field(eq=False)


@frozen
class Definition:
    """`define KIND NAME[(parameters)] { … }`, or `= NAME(args)` in `reference`."""

    kind: str
    name: str
    parameters: tuple[Parameter, ...]
    body: tuple[Statement, ...]
    reference: Name | Call | None
    span: Span = field(eq=False)
    at: Span = field(eq=False)


@frozen
class Extern:
    """`extern metric NAME = "module:attribute"`."""

    kind: str
    name: str
    target: str
    span: Span = field(eq=False)


Statement: TypeAlias = (
    Equation
    | FunctionDefinition
    | Draw
    | Learned
    | Minimize
    | Return
    | For
    | Derive
    | Assert
    | Model
    | Param
    | Time
    | Sde
    | Path
    | Boundary
    | Prior
    | Use
    | Network
    | Data
    | Import
    | Definition
    | Extern
)


@frozen
class Module:
    """A source file: its path, its text and its statements."""

    path: str
    text: str
    statements: tuple[Statement, ...]
