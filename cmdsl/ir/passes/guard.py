"""Make values and gradients finite where a formula is not: in the branch that is not taken, and at the root of a norm.

A select computes both branches, and a gradient flows through both: 0 times an infinite derivative is nan. So what a
branch divides by, or takes a root or logarithm of, is 1 wherever the branch is not taken.
"""

from __future__ import annotations

from attrs import evolve

from cmdsl.ir.build import num
from cmdsl.ir.nodes import (
    Compare,
    Const,
    Dim,
    Expr,
    Function,
    Lambda,
    Let,
    Num,
    Op,
    Program,
    Reduce,
    Role,
    Select,
    Spread,
    Stmt,
    StopGrad,
    Type,
    Var,
)
from cmdsl.ir.walk import children, free, rebuild, rewrite_statement

DIFFERENTIATED = (Type.UNIFORM, Type.SAMPLE, Type.STATE)
RISKY = {"div": 1, "pow": 0, "sqrt": 0, "log": 0, "log2": 0, "log1p": 0, "asin": 0, "acos": 0}  # which argument
HARMLESS = {"log1p": num(0), "asin": num(0), "acos": num(0)}
ZERO, ONE = num(0), num(1)
TRAINED = ("network", "learned")


def guard(program: Program) -> Program:
    """Guard every select and every root of a squared norm that may be 0."""
    positive = {c.name for c in program.constants if c.value > 0}
    constants = {c.name for c in program.constants}
    return evolve(program, functions=tuple(_guarded(f, positive, constants) for f in program.functions))


def _guarded(f: Function, positive: set[str], constants: set[str]) -> Function:
    known, still = set(positive), constants | _untrained(f)
    body = []
    for s in f.body:
        frozen = isinstance(s, Let) and (s.frozen or _still(s.value, still))
        body.append(_statement(s, known, frozen))
        if isinstance(s, Let):
            known |= {s.name} if _positive(s.value, known) else set()
            still |= {s.name} if frozen else set()
    return evolve(f, body=tuple(body))


def _untrained(f: Function) -> set[str]:
    """Give the arguments of a loss that nothing is differentiated by: all but what is trained."""
    return {p.name for p in f.params if p.name not in TRAINED} if f.role is Role.LOSS else set()


def _still(e: Expr, names: set[str]) -> bool:
    """Tell whether no derivative is taken through a value: it is made of such values alone."""
    if isinstance(e, StopGrad):
        return True
    if isinstance(e, Var):
        return e.name in names
    return not isinstance(e, Lambda) and all(_still(part, names) for part in children(e))


def _statement(s: Stmt, positive: set[str], frozen: bool) -> Stmt:
    if frozen:
        return rewrite_statement(s, _selects)
    return rewrite_statement(s, lambda e: _roots(_selects(e), positive))


def _selects(e: Expr) -> Expr:
    e = rebuild(e, tuple(_selects(part) for part in children(e)))
    if not (isinstance(e, Select) and e.condition.type in DIFFERENTIATED and e.type in DIFFERENTIATED):
        return e
    return evolve(e, then=_safe(e.then, e.condition, True), otherwise=_safe(e.otherwise, e.condition, False))


def _safe(e: Expr, condition: Expr, taken: bool) -> Expr:
    """Give a branch in forms that stay finite where `condition` is not `taken`."""
    if isinstance(e, Lambda | Select):
        return e
    parts = [_safe(part, condition, taken) for part in children(e)]
    if isinstance(e, Op) and e.name in RISKY and _leaves_domain(e) and _unguarded(parts[RISKY[e.name]], condition):
        at = RISKY[e.name]
        parts[at] = _otherwise(parts[at], condition, taken, HARMLESS.get(e.name, ONE))
    return rebuild(e, tuple(parts))


def _leaves_domain(e: Op) -> bool:
    """Tell whether an operation has arguments at which it is not smooth: a whole power has none."""
    exponent = e.args[1] if e.name == "pow" else None
    return not (isinstance(exponent, Num) and exponent.value.denominator == 1 and exponent.value >= 0)


def _unguarded(e: Expr, condition: Expr) -> bool:
    """Tell whether an argument varies, and is not kept harmless by this condition already."""
    if isinstance(e, Select) and condition in (e.condition, *children(e.condition)):
        return False
    return any(v.type in DIFFERENTIATED for v in free(e))


def _otherwise(e: Expr, condition: Expr, taken: bool, harmless: Num) -> Expr:
    if e.type is Type.STATE and condition.type is Type.SAMPLE:
        condition = Spread(condition, e)
    if e.type is not Type.STATE and isinstance(condition, Spread):
        condition = condition.value
    return Select(condition, e, harmless, e.type) if taken else Select(condition, harmless, e, e.type)


def _roots(e: Expr, positive: set[str]) -> Expr:
    if isinstance(e, StopGrad):
        return e
    e = rebuild(e, tuple(_roots(part, positive) for part in children(e)))
    match e:
        case Op("sqrt", (square,)) if _has_norm(square) and not _positive(square, positive):
            above = Compare(">", square, ZERO, square.type)
            return Select(above, evolve(e, args=(Select(above, square, ONE, square.type),)), ZERO, e.type)
    return e


def _has_norm(e: Expr) -> bool:
    match e:
        case Reduce("sqnorm"):
            return True
        case Op("add" | "mul" | "div", args):
            return any(_has_norm(a) for a in args)
    return False


def _positive(e: Expr, positive: set[str]) -> bool:
    """Tell whether a value is positive whatever the states are; False where that isn't plain to see."""
    match e:
        case Num(value):
            return value > 0
        case Const() | Dim():
            return True
        case Var(name):
            return name in positive
        case Op("exp"):
            return True
        case Op("sqrt" | "square", (a,)) | Op("pow", (a, _)):
            return _positive(a, positive)
        case Op("mul" | "div", (a, b)):
            return _positive(a, positive) and _positive(b, positive)
        case Op("add", (a, b)):
            return any(
                _positive(x, positive) and (_positive(y, positive) or _nonnegative(y)) for x, y in ((a, b), (b, a))
            )
    return False


def _nonnegative(e: Expr) -> bool:
    match e:
        case Reduce("sqnorm") | Op("square"):
            return True
        case Op("pow", (_, Num(value))):
            return value.denominator == 1 and value.numerator % 2 == 0
    return False
