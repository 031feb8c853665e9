"""Evaluate expressions of the language in any algebra: sympy's expressions to derive, IR to lower."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

from attrs import define, field

from cmdsl.diagnostics import Span, SpecError, error
from cmdsl.sema.algebra import Algebra
from cmdsl.sema.blame import led_from
from cmdsl.sema.instantiate import GIVEN, KINDS, instantiate, is_definition, with_article
from cmdsl.sema.mistakes import (
    WITHOUT_NAMES,
    check_arity,
    circle,
    counted,
    no_argument,
    no_member,
    not_a_function,
    not_defined,
)
from cmdsl.sema.values import (
    Applied,
    Builtin,
    Closure,
    Env,
    External,
    Form,
    Function,
    Instance,
    Learned,
    Namespace,
    Refused,
    Thunk,
)
from cmdsl.syntax import ast

OPERATORS = {"+": "add", "-": "sub", "*": "mul", "/": "div", "^": "pow"}
COMPARISONS = frozenset(["==", "!=", "<", "<=", ">", ">="])
ELEMENTWISE = (
    *("sqrt", "exp", "expm1", "log", "log1p", "log2", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh"),
    *("tanh", "erf", "abs", "floor", "ceil", "sign", "sigmoid", "softplus"),
)
FUNCTIONS = {**dict.fromkeys(ELEMENTWISE, 1), "min": None, "max": None}
DEEPEST = 100


@define(eq=False)
class Evaluator:
    """Evaluates in one algebra; quantities are evaluated once."""

    algebra: Algebra
    forced: dict[Thunk, object] = field(factory=dict)
    active: list[object] = field(factory=list)

    def value(self, expr: ast.Expr, env: Env) -> object:
        """Evaluate an expression in a scope."""
        match expr:
            case ast.Number(text, span):
                return self.algebra.number(Fraction(text), span)
            case ast.Name():
                return self.name(expr, env)
            case ast.Attribute():
                return self.member(expr, env)
            case ast.Sequence(items):
                return tuple(self.value(item, env) for item in items)
            case ast.Call():
                return self.call(expr, env)
            case ast.Conditional(condition, then, otherwise, span):
                test, first, second = (self.value(e, env) for e in (condition, then, otherwise))
                self.algebra.truth(test, condition.span)
                return self.algebra.select(test, first, second, span)
            case ast.Unary(op, operand, span):
                value = self.value(operand, env)
                return (
                    self.algebra.operate("neg", (value,), span)
                    if op == "-"
                    else self.algebra.logic("not", (value,), span)
                )
            case ast.Binary():
                return self.binary(expr, env)
            case ast.Index():
                raise error("CM212", "`index(… for …)` can only stand right of `~`", expr.span)

    def binary(self, expr: ast.Binary, env: Env) -> object:
        """Evaluate an operator with its two operands."""
        left, right = self.value(expr.left, env), self.value(expr.right, env)
        arithmetic, compared = expr.op in OPERATORS, expr.op in COMPARISONS
        check = self.algebra.operand if arithmetic else self.algebra.comparand if compared else self.algebra.truth
        check(left, expr.left.span)
        check(right, expr.right.span)
        if arithmetic:
            return self.algebra.operate(OPERATORS[expr.op], (left, right), expr.span)
        if compared:
            return self.algebra.compare(expr.op, left, right, expr.span)
        return self.algebra.logic(expr.op, (left, right), expr.span)

    def name(self, expr: ast.Name, env: Env) -> object:
        """Give what a name stands for."""
        found = env.lookup(expr.id)
        if isinstance(found, Thunk):
            return self.force(found, expr.span)
        if isinstance(found, Refused):
            raise SpecError(found.diagnostics)
        if found is not None:
            return found
        if expr.id in ("pi", "inf"):
            return self.algebra.constant(expr.id, expr.span)
        raise unknown(expr.id, env, expr.span)

    def force(self, thunk: Thunk, span: Span) -> object:
        """Evaluate a named quantity, once."""
        if thunk not in self.forced:
            with self.within(thunk, thunk.name, span):
                value = self.value(thunk.expression, thunk.env)
            self.forced[thunk] = thunk.bind(thunk.name, value) if thunk.bind else value
        return self.forced[thunk]

    @contextmanager
    def within(self, what: object, name: str, span: Span) -> Iterator[None]:
        """Note that something is being evaluated, while it is."""
        self.enter(what, name, span)
        try:
            yield
        finally:
            self.active.pop()

    def enter(self, what: object, name: str, span: Span) -> None:
        """Note that something is being evaluated; what is defined by itself has no value."""
        if what in self.active:
            raise circle(self.active[self.active.index(what) :], name, span)
        if len(self.active) >= DEEPEST:
            raise error("CM121", f"definitions are nested more than {DEEPEST} deep at `{name}`", span)
        self.active.append(what)

    def member(self, expr: ast.Attribute, env: Env) -> object:
        """Give a member: `D.c_out`, `solver.step`."""
        owner = self.name(expr.value, env)
        members = (
            owner.members if isinstance(owner, Namespace) else owner.env.bindings if isinstance(owner, Instance) else {}
        )
        if expr.name not in members:
            raise no_member(expr, owner, members)
        found = members[expr.name]
        return self.force(found, expr.span) if isinstance(found, Thunk) else found

    def call(self, expr: ast.Call, env: Env) -> object:
        """Evaluate a call."""
        if (
            isinstance(expr.function, ast.Name)
            and expr.function.id in FUNCTIONS
            and env.lookup(expr.function.id) is None
        ):
            return self.elementwise(expr.function.id, expr, env)
        function = (
            self.member(expr.function, env)
            if isinstance(expr.function, ast.Attribute)
            else self.name(expr.function, env)
        )
        if isinstance(function, Namespace):
            function = function.value
        if isinstance(function, Form):
            return function.apply(self, expr, env)
        if not isinstance(sole_function(function), Function):
            raise not_a_function(expr, function)
        return self.apply(function, self.positional(expr, function, env), expr.span)

    def elementwise(self, name: str, expr: ast.Call, env: Env) -> object:
        """Apply one of the language's own functions; `min` and `max` take two or more arguments."""
        args = [self.value(a.value, env) for a in expr.arguments]
        arity = FUNCTIONS[name]
        named = next((a for a in expr.arguments if a.name), None)
        if named is not None:
            raise error("CM107", f"`{name}` has no argument `{named.name}`", named.at, help=WITHOUT_NAMES)
        if len(args) != arity if arity else len(args) < 2:
            raise error("CM106", f"`{name}` takes {counted(arity)}, {len(args)} given", expr.span)
        for value, argument in zip(args, expr.arguments, strict=True):
            self.algebra.operand(value, argument.value.span)
        result = args[0]
        for arg in args[1:]:
            result = self.algebra.operate(name, (result, arg), expr.span)
        return result if arity is None else self.algebra.operate(name, (result,), expr.span)

    def positional(self, call: ast.Call, function: object, env: Env) -> tuple[object, ...]:
        """Evaluate a call's arguments in the order of the function's parameters."""
        given = [a for a in call.arguments if a.name is None]
        named = {a.name: a for a in call.arguments if a.name is not None}
        if not named:
            return tuple(self.value(a.value, env) for a in given)
        target = sole_function(function)
        parameters = target.parameters[len(given) :] if isinstance(target, Closure) else ()
        for name, argument in named.items():
            if name not in parameters:
                raise no_argument(call, name, argument, target)
        rest = [named[n] for n in parameters if n in named]
        return tuple(self.value(a.value, env) for a in (*given, *rest))

    def apply(self, function: object, args: tuple[object, ...], span: Span) -> object:
        """Apply anything that can be called to values."""
        try:
            return self.applied(function, args, span)
        except SpecError as refused:
            raise SpecError(tuple(led_from(span, d) for d in refused.diagnostics)) from None

    def applied(self, function: object, args: tuple[object, ...], span: Span) -> object:
        """Apply a function, whatever it is."""
        match sole_function(function):
            case Builtin(name, arity, body):
                check_arity(name, arity if arity is not None else len(args), len(args), span)
                return body(args, span)
            case Learned(name, parameters) as learned:
                check_arity(name, len(parameters), len(args), span)
                return self.algebra.unwritten(learned, args, span)
            case External(name) as external:
                check_arity(name, 2, len(args), span)
                return self.algebra.unwritten(external, args, span)
            case Applied(inner, first):
                return self.apply(inner, (*first, *args), span)
            case Closure() as closure:
                if closure.partial and 0 < len(args) < len(closure.parameters):
                    return Applied(closure, args)
                check_arity(closure.name, len(closure.parameters), len(args), span, closure)
                return self.algebra.apply(self, closure, args, span)
        raise error("CM105", "this is not a function and can't be called", span)

    def inline(self, function: Closure, args: tuple[object, ...], span: Span) -> object:
        """Apply a function by evaluating its body with its parameters bound."""
        if isinstance(function.body, tuple):
            what = f"`{function.name}` is a sequence of steps, and a formula is needed"
            way_out = "write it as one expression, with equations beside it for its parts"
            raise error("CM111", what, function.span, help=way_out)
        with self.within(function, function.name, span):
            return self.value(function.body, function.env.child(dict(zip(function.parameters, args, strict=True))))

    def instance(self, kind: str, reference: ast.Name | ast.Call, env: Env) -> Instance:
        """Give a definition of a kind with its arguments bound."""
        return instantiate(kind, reference, env)


def sole_function(function: object) -> object:
    """Give what is called when a value is called: a definition is called by its own name for the function it gives."""
    if isinstance(function, Namespace):
        return sole_function(function.value)
    if isinstance(function, Instance):
        given = function.env.bindings.get(GIVEN.get(function.kind, ""))
        if isinstance(given, Closure | External):
            return given
        functions = function.functions()
        return functions[0] if len(functions) == 1 else function
    return function


def unknown(name: str, env: Env, span: Span) -> SpecError:
    """Give the error for a name that stands for nothing, with the nearest one that does."""
    lost = tuple(d for scope in env.chain() for d in scope.lost)
    if lost:
        return SpecError(lost)
    kinds = [kind for kind in KINDS if is_definition(kind, name, env)]
    if kinds:
        way_out = f"give the definition a parameter, `{kinds[0]} = {name}`, and write `{kinds[0]}` here"
        return error("CM103", f"`{name}` is {with_article(kinds[0])}, and no value", span, help=way_out)
    return not_defined(name, {*FUNCTIONS, *(n for scope in env.chain() for n in scope.bindings)}, span)
