"""What the symbolic stages hand over to those that lower bodies."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import frozen

from cmdsl.diagnostics import Span
from cmdsl.ir import nodes as ir

Differentiate = Callable[[ir.Expr, ir.Var, Span], ir.Expr]
Integrate = Callable[[ir.Expr, ir.Var, ir.Expr, ir.Expr, Span], ir.Expr]


@frozen
class Derived:
    """Coefficients, those emitted under their names, constants, and calculus on expressions without a network."""

    coefficients: Mapping[str, ir.Function]
    public: frozenset[str]
    constants: tuple[ir.Constant, ...]
    differentiate: Differentiate
    integrate: Integrate
