"""From sympy's expressions to the IR, in a reader's order: the last place that has seen sympy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import reduce

import sympy as sp
from attrs import define
from sympy.codegen.cfunctions import expm1, log1p
from sympy.core.function import AppliedUndef

from cmdsl.diagnostics import Span, error
from cmdsl.ir import nodes as ir
from cmdsl.ir.build import RANK, joined, op
from cmdsl.ir.nodes import Type
from cmdsl.ir.walk import free
from cmdsl.symbolic.factors import raised, sorted_factors
from cmdsl.symbolic.model import Coefficient, Model
from cmdsl.symbolic.notation import written
from cmdsl.symbolic.opaque import GAP, plain
from cmdsl.symbolic.tidy import power

UNARY: Mapping[type, str] = {
    sp.exp: "exp",
    expm1: "expm1",
    sp.log: "log",
    log1p: "log1p",
    sp.sin: "sin",
    sp.cos: "cos",
    sp.tan: "tan",
    sp.asin: "asin",
    sp.acos: "acos",
    sp.atan: "atan",
    sp.sinh: "sinh",
    sp.cosh: "cosh",
    sp.tanh: "tanh",
    sp.erf: "erf",
    sp.Abs: "abs",
    sp.floor: "floor",
    sp.ceiling: "ceil",
    sp.sign: "sign",
}
SHORT_CONTENT = 10**6  # a larger one would make the terms large, beyond what float32 holds
REWRITTEN = (sp.cot, sp.sec, sp.csc, sp.coth, sp.sech, sp.csch)
RELATIONS: Mapping[type, str] = {sp.Eq: "==", sp.Ne: "!=", sp.Lt: "<", sp.Le: "<=", sp.Gt: ">", sp.Ge: ">="}
CONNECTIVES: Mapping[type, str] = {sp.And: "and", sp.Or: "or", sp.Not: "not"}


@define(eq=False)
class Freezer:
    """Freezes expressions in these variables; applications of coefficients become calls."""

    variables: Mapping[sp.Symbol, ir.Expr]
    span: Span | None = None

    def freeze(self, e: sp.Basic) -> ir.Expr:
        """Give an expression in IR."""
        match e:
            case sp.Rational():
                return ir.Num(Fraction(int(e.p), int(e.q)))
            case sp.Symbol():
                return self.variables[e]
            case sp.Add():
                return self.addition(e)
            case sp.Mul():
                return self.product(e)
            case sp.exp():
                return self.exponential(e)
            case sp.Pow():
                return self.product(e) if raised(e) and (e.exp < 0 or e.exp == sp.S.Half) else self.power(e)
            case sp.Piecewise():
                return self.selection(e.args)
        return self.other(e)

    def other(self, e: sp.Basic) -> ir.Expr:
        """Freeze constants, functions, calls and truth values."""
        if e in (sp.pi, sp.oo):
            return ir.Const("pi" if e is sp.pi else "inf")
        if e is sp.E:
            return op("exp", ir.Num(Fraction(1)))
        if isinstance(e, AppliedUndef):
            return self.application(e)
        if type(e) in UNARY:
            return op(UNARY[type(e)], self.freeze(e.args[0]))
        if isinstance(e, sp.Min | sp.Max):
            name = "min" if isinstance(e, sp.Min) else "max"
            return reduce(lambda a, b: self.join(name, a, b), [self.freeze(a) for a in self.ordered(e.args)])
        if isinstance(e, sp.Heaviside):
            return self.freeze(sp.Piecewise((sp.S.One, e.args[0] > 0), (sp.S.Zero, True), evaluate=False))
        if isinstance(e, REWRITTEN):
            return self.freeze(
                e.rewrite(sp.tan if isinstance(e, sp.cot) else sp.cos if isinstance(e, sp.sec) else sp.sin)
            )
        return self.truth(e)

    def truth(self, e: sp.Basic) -> ir.Expr:
        """Freeze a condition."""
        relation = next((r for kind, r in RELATIONS.items() if isinstance(e, kind)), None)
        if relation is not None:
            left, right = (self.freeze(a) for a in e.args)
            return ir.Compare(relation, left, right, op("sub", left, right).type)
        connective = next((c for kind, c in CONNECTIVES.items() if isinstance(e, kind)), None)
        if connective is None:
            way_out = "use functions that have a derivative: no `floor` and `ceil` of the time"
            what = f"what follows from this can't be written as code: it has a `{type(e).__name__}`"
            raise error("CM237", what, self.span, help=way_out)
        args = tuple(self.freeze(a) for a in self.ordered(e.args))
        return ir.Logic(connective, args, op("min", *args).type)

    def application(self, e: sp.Expr) -> ir.Expr:
        """Freeze the difference of two times, or the application of a coefficient."""
        args = [self.freeze(a) for a in e.args]
        if e.func == GAP:
            return op("sub", *args)
        return ir.Call(e.func.__name__, tuple(args), op("min", *args).type)

    def join(self, name: str, *args: ir.Expr) -> ir.Expr:
        """Give an operation; scalars that meet states are spread over them."""
        state = next((s for a in args if a.type is Type.STATE and (s := state_of(a)) is not None), None)
        if state is None:
            return op(name, *args)
        return op(name, *(ir.Spread(a, state) if a.type is Type.SAMPLE else a for a in args))

    def ordered(self, args: Iterable[sp.Basic]) -> list[sp.Basic]:
        """Put terms or factors in order: numbers, params, then times, then what is made of them, then states."""
        return sorted(args, key=self.place)

    def place(self, e: sp.Basic) -> tuple[int, int, str]:
        """Give the place of a term or factor."""
        kinds = {self.variables[s].type for s in e.free_symbols}
        rank = 0 if e.is_number else 3 if Type.STATE in kinds else 2 if Type.SAMPLE in kinds else 1
        return rank, int(sp.count_ops(e)), str(sp.default_sort_key(e))

    def addition(self, e: sp.Add) -> ir.Expr:
        """Freeze a sum: its rational content in front, where that is a short number, positive terms first."""
        content, inner = e.primitive()
        if content != 1 and max(abs(int(content.p)), int(content.q)) <= SHORT_CONTENT:
            return self.product(sp.Mul(content, inner, evaluate=False))
        terms = self.ordered(e.args)
        plus = [self.freeze(a) for a in terms if not negative(a)]
        minus = [self.freeze(-a) for a in terms if negative(a)]
        if not plus:
            return op("neg", reduce(lambda a, b: self.join("add", a, b), minus))
        return reduce(lambda a, b: self.join("sub", a, b), minus, reduce(lambda a, b: self.join("add", a, b), plus))

    def product(self, e: sp.Expr) -> ir.Expr:
        """Freeze a product as one fraction; a state is multiplied by its scalar factor as a whole."""
        factors = list(sp.Mul.make_args(e))
        states = [f for f in factors if any(self.variables[s].type is Type.STATE for s in f.free_symbols)]
        scalars = [f for f in factors if f not in states]
        if not states or not scalars:
            return self.fraction(factors)
        if scalars == [sp.S.NegativeOne]:
            return op("neg", self.fraction(states))
        return self.join("mul", self.fraction(scalars), self.fraction(states))

    def fraction(self, factors: list[sp.Expr]) -> ir.Expr:
        """Freeze factors above and below one line."""
        parts = sorted_factors(factors)
        above, below = (self.frozen(side.plain) for side in (parts.above, parts.below))
        for top, bottom, square in (
            (parts.above.squares, parts.below.squares, True),
            (parts.above.roots, parts.below.roots, False),
        ):
            if top or bottom:
                (above if top else below).append(self.under(top or bottom, bottom if top else [], square))
        result = self.quotient(*(sorted(side, key=lambda x: RANK.index(x.type)) for side in (above, below)))
        return op("neg", result) if parts.negative else result

    def frozen(self, factors: list[sp.Expr]) -> list[ir.Expr]:
        """Freeze factors in order."""
        return [self.freeze(f) for f in self.ordered(factors)]

    def under(self, above: list[sp.Expr], below: list[sp.Expr], square: bool) -> ir.Expr:
        """Give a quotient in a common square or under a common root."""
        inner = self.quotient(self.frozen(above), self.frozen(below))
        return self.join("pow", inner, ir.Num(Fraction(2))) if square else op("sqrt", inner)

    def quotient(self, above: list[ir.Expr], below: list[ir.Expr]) -> ir.Expr:
        """Divide a product by a product."""
        top = reduce(lambda a, b: self.join("mul", a, b), above) if above else ir.Num(Fraction(1))
        return self.join("div", top, reduce(lambda a, b: self.join("mul", a, b), below)) if below else top

    def exponential(self, e: sp.exp) -> ir.Expr:
        """Freeze an exponential; of a multiple of one logarithm, a power."""
        plain = power(e.args[0])
        return op("exp", self.freeze(e.args[0])) if isinstance(plain, sp.exp) else self.power(plain)

    def power(self, e: sp.Expr) -> ir.Expr:
        """Freeze a power."""
        return self.join("pow", self.freeze(e.base), self.freeze(e.exp)) if isinstance(e, sp.Pow) else self.freeze(e)

    def selection(self, cases: tuple[sp.Basic, ...]) -> ir.Expr:
        """Freeze a conditional; a last case without a condition is its `else`."""
        (value, test), *rest = cases
        if not rest:
            return self.freeze(value)
        condition, then, otherwise = self.freeze(test), self.freeze(value), self.selection(tuple(rest))
        return ir.Select(condition, then, otherwise, joined(condition.type, then.type, otherwise.type))


def negative(e: sp.Expr) -> bool:
    """Tell whether a term is written with a leading minus."""
    return bool(e.as_coeff_Mul()[0].is_negative)


def state_of(e: ir.Expr) -> ir.Var | None:
    """Give the first state that an expression names."""
    return next((v for v in free(e) if v.type is Type.STATE), None)


def freeze(model: Model) -> Mapping[str, ir.Function]:
    """Give every coefficient of a model as a function of the IR."""
    return {name: function(model, c) for name, c in model.coefficients.items()}


def function(model: Model, c: Coefficient) -> ir.Function:
    """Give a coefficient as a function of the IR."""
    frozen = Freezer(variables(model, c.parameters), c.source).freeze(c.formula)
    return ir.Function(
        name=c.name,
        params=tuple(ir.Param(p.name, Type.SAMPLE) for p in c.parameters),
        body=(ir.Return(frozen),),
        result=Type.SAMPLE,
        role=role(c.name),
        formula=f"{c.name}({', '.join(p.name for p in c.parameters)}) = {written(plain(c.formula))}",
        source=place(c.source),
    )


def place(span: Span | None) -> str:
    """Name a line of a file, wherever the file lies."""
    return f"{span.path.replace(chr(92), '/').rsplit('/', 1)[-1]}:{span.line}" if span else ""


def role(name: str) -> ir.Role:
    """Give a coefficient's place in the module."""
    if name.startswith(("transition_", "gaussian_", "velocity_")):
        return ir.Role.KERNEL
    return ir.Role.PRECONDITION if name.startswith(("c_", "denoiser_", "restart_")) else ir.Role.PROCESS


def variables(model: Model, times: Iterable[sp.Symbol]) -> dict[sp.Symbol, ir.Expr]:
    """Give what params and times are in the IR: constants of the module, and numbers per sample."""
    names: dict[sp.Symbol, ir.Expr] = {s: ir.Var(name.upper(), Type.STATIC) for name, s in model.symbols.items()}
    for name, end in (("EPSILON", model.epsilon), ("T", model.T)):
        if isinstance(end, sp.Symbol):
            names[end] = ir.Var(name, Type.STATIC)
    return names | {t: ir.Var(t.name, Type.SAMPLE) for t in times}
