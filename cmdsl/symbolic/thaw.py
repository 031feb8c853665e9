"""From the IR back to sympy's expressions, for calculus on expressions without a network."""

from __future__ import annotations

import sympy as sp
from attrs import define, field

from cmdsl.diagnostics import Span, error
from cmdsl.ir import nodes as ir
from cmdsl.ir.walk import free
from cmdsl.symbolic.algebra import CONNECTIVES, OPERATIONS, RELATIONS
from cmdsl.symbolic.freeze import variables
from cmdsl.symbolic.model import Model
from cmdsl.symbolic.opaque import call


@define(eq=False)
class Thawer:
    """Thaws what depends on one variable; anything else is a symbol that stands for it."""

    model: Model
    variable: ir.Var
    span: Span | None
    what: str = "diff"
    atoms: dict[sp.Symbol, ir.Expr] = field(factory=dict)
    symbols: dict[ir.Expr, sp.Symbol] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        for symbol, expr in variables(self.model, ()).items():
            self.atoms[symbol], self.symbols[expr] = expr, symbol
        self.atom(self.variable)

    def atom(self, e: ir.Expr) -> sp.Symbol:
        """Give the symbol that stands for an expression."""
        if e not in self.symbols:
            name = e.name if isinstance(e, ir.Var) else f"v{len(self.symbols)}"
            symbol = sp.Dummy(name, real=True)
            self.symbols[e], self.atoms[symbol] = symbol, e
        return self.symbols[e]

    def thaw(self, e: ir.Expr) -> sp.Basic:
        """Give an expression; states are elementwise, so that their elements stand for them."""
        if isinstance(e, ir.Num):
            return sp.Rational(e.value.numerator, e.value.denominator)
        if e == self.variable or flat(e) or self.variable not in free(e):
            return self.atom(e)
        match e:
            case ir.Op(name, args):
                return OPERATIONS[name](*(self.thaw(a) for a in args))
            case ir.Spread(value) | ir.Fill(value):
                return self.thaw(value)
            case ir.Compare(relation, left, right):
                return RELATIONS[relation](self.thaw(left), self.thaw(right))
            case ir.Logic(connective, args):
                return CONNECTIVES[connective](*(self.thaw(a) for a in args))
            case ir.Select(test, then, otherwise):
                return sp.Piecewise((self.thaw(then), self.thaw(test)), (self.thaw(otherwise), True))
            case ir.Call(str() as name, args) if name in self.model.coefficients:
                return call(name, *(self.thaw(a) for a in args))
        return self.refuse(e)

    def refuse(self, e: ir.Expr) -> sp.Basic:
        """Refuse what has no derivative in closed form."""
        what = "a network" if isinstance(e, ir.Call | ir.Lambda | ir.Jvp) else f"`{type(e).__name__.lower()}`"
        raise error(
            "CM207",
            f"`{self.what}` is of formulas, and {what} depends on `{self.variable.name.strip('<>')}` here",
            self.span,
            help="`jvp` differentiates networks" if (what, self.what) == ("a network", "diff") else "",
        )


def flat(e: ir.Expr) -> bool:
    """Tell whether an expression counts as a constant: a stopped gradient, or a step function."""
    return isinstance(e, ir.StopGrad) or (isinstance(e, ir.Op) and e.name in ("floor", "ceil", "sign"))
