"""Evaluate the language to IR: types are checked and broadcasts written as the expressions are built."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import partial
from typing import TypeAlias, cast, get_args

from attrs import define, field

from cmdsl.diagnostics import Span, error
from cmdsl.ir import nodes as ir
from cmdsl.ir.nodes import Type
from cmdsl.ir.walk import children, free
from cmdsl.lower.fold import fold
from cmdsl.sema.evaluate import Evaluator, sole_function
from cmdsl.sema.mistakes import not_enough
from cmdsl.sema.values import Applied, Builtin, Closure, External, Form, Instance, Learned

RANKS = (Type.STATIC, Type.LOOP, Type.UNIFORM, Type.SAMPLE, Type.STATE)
EXPRESSIONS = get_args(ir.Expr)
CONDITIONS = (ir.Compare, ir.Logic)
MOST_APPLICATIONS = 20_000
LARGEST_EXPRESSION = 20_000  # nodes
# the first state of the function that is being elaborated: filled in when its parameters are known
SOME_STATE = ir.Var("<state>", Type.STATE)
SCALAR_KINDS = frozenset(["metric", "weight"])
SCALAR_OF_STATE = "`sqnorm` and `mean` make a scalar of a state"
CONDITION = "a condition such as `a < b` is expected here"
SMALLER = "name fewer things in terms of others"
Locals: TypeAlias = dict[ir.Expr, ir.Expr | None]  # what locals stand for; None for names bound again
Unwritten: TypeAlias = Callable[[Learned | External, tuple[object, ...], Span], ir.Expr]
Apply: TypeAlias = Callable[[Evaluator, Closure, tuple[object, ...], Span], object]


def number(value: int | Fraction) -> ir.Num:
    """Give an exact number."""
    return ir.Num(Fraction(value))


def expression(value: object, span: Span, what: str = "a scalar or a state") -> ir.Expr:
    """Give a value that is an expression; refuse conditions, functions, definitions and lists."""
    if isinstance(value, EXPRESSIONS) and not isinstance(value, CONDITIONS):
        return cast(ir.Expr, value)
    if isinstance(value, Applied):
        raise not_enough(value, span)
    way_out = f"call it: `{value.name}(…)`" if isinstance(value, Closure | Builtin | Form) else ""
    raise error("CM201", f"{what} is expected here, and this is {kind_of(value)}", span, help=way_out)


def kind_of(value: object) -> str:
    """Say what a value is that is no scalar and no state."""
    if isinstance(value, CONDITIONS):
        return "a condition"
    if isinstance(value, Closure | Builtin | Form):
        return f"the function `{value.name}`"
    return f"a {value.kind}" if isinstance(value, Instance) else "a list" if isinstance(value, tuple) else "a function"


def truth(value: object, span: Span, message: str) -> ir.Compare | ir.Logic:
    """Give a value that is a condition; refuse all others."""
    if isinstance(value, ir.Compare | ir.Logic):
        return value
    raise error("CM203", message, span)


def join(types: list[Type], span: Span) -> Type:
    """Give the type of what is computed from operands of these types."""
    if Type.TABLE in types:
        if all(t in (Type.TABLE, Type.STATIC) for t in types):
            return Type.TABLE
        raise error("CM202", "a weight of `index` can depend on the nodes and on params only", span)
    for t in types:
        if t not in RANKS:
            raise error("CM201", f"a scalar or a state is expected here, and this is a {t.value}", span)
    return max(types, key=RANKS.index)


@define(eq=False)
class Effort:
    """What a spec has asked for so far, so that one that asks without bound is refused."""

    applications: int = 0
    sizes: dict[ir.Expr, int] = field(factory=dict)

    def apply(self, span: Span) -> None:
        """Count an application of a function."""
        self.applications += 1
        if self.applications > MOST_APPLICATIONS:
            raise error("CM121", "too many applications of functions", span, help=SMALLER)

    def bound(self, expr: ir.Expr, span: Span) -> ir.Expr:
        """Refuse an expression that is too large when it is written out."""
        if self.size(expr) > LARGEST_EXPRESSION:
            raise error("CM121", "written out, this expression is too large", span, help=SMALLER)
        return expr

    def size(self, expr: ir.Expr) -> int:
        """Count the nodes of an expression written out in full."""
        if expr not in self.sizes:
            self.sizes[expr] = 1 + sum(self.size(part) for part in children(expr))
        return self.sizes[expr]


def refuse_unwritten(function: Learned | External, args: tuple[object, ...], span: Span) -> ir.Expr:
    """Refuse a function that has no formula."""
    how = "learned" if isinstance(function, Learned) else "written in Python"
    raise error("CM218", f"`{function.name}` is {how}, and a formula is needed here", span)


@define(eq=False)
class IrAlgebra:
    """The algebra of IR expressions; `on_apply` decides what becomes a call of an emitted function."""

    on_apply: Apply
    on_unwritten: Unwritten = field(default=refuse_unwritten)
    inlining: bool = field(default=False)
    effort: Effort = field(factory=Effort)
    locals: Locals = field(factory=dict)

    def number(self, value: Fraction, span: Span) -> ir.Expr:
        """Give an exact number."""
        return ir.Num(value)

    def constant(self, name: str, span: Span) -> ir.Expr:
        """Give `pi` or `inf`."""
        return ir.Const(name)

    def operand(self, value: object, span: Span) -> ir.Expr:
        """Refuse what is neither a scalar nor a state."""
        return expression(value, span)

    def comparand(self, value: object, span: Span) -> ir.Expr:
        """Refuse what is no scalar."""
        return scalars((value,), span, "a comparison")[0]

    def truth(self, value: object, span: Span) -> ir.Expr:
        """Refuse what is no condition."""
        return truth(value, span, CONDITION)

    def operate(self, op: str, args: tuple[object, ...], span: Span) -> ir.Expr:
        """Apply an operation; scalars that meet states are spread over them."""
        operands = [expression(a, span) for a in args]
        result = join([a.type for a in operands], span)
        return self.effort.bound(fold(ir.Op(op, tuple(spread(operands)), result)), span)

    def compare(self, op: str, left: object, right: object, span: Span) -> ir.Expr:
        """Compare two scalars; states can't be compared."""
        operands = scalars((left, right), span, "a comparison")
        return ir.Compare(op, operands[0], operands[1], join([a.type for a in operands], span))

    def logic(self, op: str, args: tuple[object, ...], span: Span) -> ir.Expr:
        """Combine truth values."""
        operands = [truth(a, span, CONDITION) for a in args]
        return ir.Logic(op, tuple(operands), join([a.type for a in operands], span))

    def select(self, condition: object, then: object, otherwise: object, span: Span) -> ir.Expr:
        """Choose by a condition; both branches are of one type."""
        test: ir.Expr = truth(condition, span, CONDITION)
        branches = spread([expression(then, span), expression(otherwise, span)])
        result = join([test.type, *(b.type for b in branches)], span)
        if result is Type.STATE and test.type is Type.SAMPLE:
            test = ir.Spread(test, state_of(branches))
        return ir.Select(test, branches[0], branches[1], result)

    def apply(self, evaluator: Evaluator, function: Closure, args: tuple[object, ...], span: Span) -> object:
        """Apply a function of the language, inlined or as a call of an emitted one."""
        self.effort.apply(span)
        given = evaluator.inline if self.inlining else partial(self.on_apply, evaluator)
        return of_its_kind(function, given(function, args, span))

    def unwritten(self, function: Learned | External, args: tuple[object, ...], span: Span) -> object:
        """Apply a function that has no formula."""
        return self.on_unwritten(function, args, span)


def of_its_kind(function: Closure, result: object) -> object:
    """Refuse a metric or a weight that gives a state."""
    owner = function.owner
    kind = function.name if owner is None else owner.kind if sole_function(owner) is function else ""
    if kind in SCALAR_KINDS and isinstance(result, EXPRESSIONS) and result.type is Type.STATE:
        at = function.span if isinstance(function.body, tuple) else function.body.span
        raise error("CM204", f"a {kind} gives a scalar, and this is a state", at, help=SCALAR_OF_STATE)
    return result


def scalars(args: Iterable[object], span: Span, what: str) -> list[ir.Expr]:
    """Refuse states where scalars are needed."""
    operands = [expression(a, span, "a scalar") for a in args]
    state = next((a for a in operands if a.type is Type.STATE), None)
    if state is not None:
        named = f"`{state.name}`" if isinstance(state, ir.Var) and state.name.isidentifier() else "this"
        raise error("CM204", f"{what} is of scalars, and {named} is a state", span, help=SCALAR_OF_STATE)
    return operands


def per_sample(operand: ir.Expr, like: ir.Expr | None) -> ir.Expr:
    """Fill a number to one for each sample, where there are states to take the batch from."""
    if like is None or operand.type not in (Type.STATIC, Type.LOOP, Type.UNIFORM):
        return operand
    return ir.Fill(operand, like)


def spread(operands: list[ir.Expr]) -> list[ir.Expr]:
    """Give scalars per sample the rank of the states that they meet."""
    if not any(o.type is Type.STATE for o in operands):
        return operands
    like = state_of(operands)
    return [ir.Spread(o, like) if o.type is Type.SAMPLE else o for o in operands]


def state_of(operands: list[ir.Expr]) -> ir.Expr:
    """Give a state among the operands, by a name where one is found within."""
    states = [o for o in operands if o.type is Type.STATE]
    return next((v for s in states if (v := state_variable(s)) is not None), states[0])


def state_variable(expr: ir.Expr) -> ir.Var | None:
    """Give the first variable of type STATE in an expression."""
    return next((v for v in free(expr) if v.type is Type.STATE), None)
