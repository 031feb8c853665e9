"""Functions that are emitted: elaborated at the types of their calls, implicit parameters made explicit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import attrs
from attrs import define, field

from cmdsl.diagnostics import Span, error
from cmdsl.ir import nodes as ir
from cmdsl.ir.nodes import Role, Type
from cmdsl.ir.walk import expressions, free, rewrite_statement, statements, substitute, transform
from cmdsl.lower.algebra import (
    EXPRESSIONS,
    RANKS,
    SOME_STATE,
    Effort,
    IrAlgebra,
    Locals,
    expression,
    per_sample,
    state_variable,
)
from cmdsl.lower.given import Given
from cmdsl.sema.evaluate import Evaluator, sole_function
from cmdsl.sema.values import (
    Applied,
    Builtin,
    Closure,
    Env,
    External,
    Form,
    Instance,
    Learned,
    Namespace,
    Thunk,
)
from cmdsl.syntax import ast
from cmdsl.syntax.format import expression as written

NETWORK = ir.Var("network", Type.NETWORK)
NETWORK_EMA = ir.Var("network_ema", Type.NETWORK)
TEACHER = ir.Var("teacher", Type.DENOISER)
DENOISE = "denoise"
OWN = frozenset([DENOISE, "generator", "key"])  # arguments that emitted functions have of their own
HOST = (Type.STATIC, Type.LOOP, Type.TABLE)
CALLED = (Type.NETWORK, Type.DENOISER, Type.LEARNED)
IMPLICIT = {"network": 0, "network_ema": 1, "teacher": 2, "learned": 3, "k": 4, "K": 5, "N": 6}
PUBLIC_NAMES = {"f": "consistency", "D": "denoise", "flow": "velocity"}
EMITTED_KINDS = {"metric": Role.DEFINITION, "weight": Role.DEFINITION, "solver": Role.SOLVER}
PRELUDE_ROLES = {"f": Role.NETWORK, "D": Role.NETWORK}
Callables = Closure | Applied | Builtin | Learned | External | Form | Namespace


@define(eq=False)
class Functions:
    """The functions emitted so far, by name; equal ones are one. Definitions don't take names that are `promised`."""

    constants: Mapping[str, ir.Constant]
    promised: frozenset[str]
    given: Given
    by_name: dict[str, ir.Function] = field(factory=dict)
    orders: dict[str, int] = field(factory=dict)
    spec_scope: Env | None = None
    effort: Effort = field(factory=Effort)

    def evaluator(self, body: Body | None = None) -> Evaluator:
        """Give an evaluator whose calls become calls of emitted functions, and that knows the locals of `body`."""
        algebra = self.algebra()
        return Evaluator(algebra if body is None else attrs.evolve(algebra, locals=body.locals))

    def algebra(self, inlining: bool = False) -> IrAlgebra:
        """Give the algebra of these functions."""
        return IrAlgebra(self.apply, self.given.unwritten, inlining, self.effort)

    def add(self, function: ir.Function) -> str:
        """Add a function; give the name under which it, or its equal, stands."""
        base, count = function.name, 1
        while True:
            name = base if count == 1 else f"{base}_{count}"
            count += 1
            if function.role is Role.DEFINITION and name in self.promised:
                continue
            present = self.by_name.get(name)
            if present is None:
                self.by_name[name] = attrs.evolve(function, name=name)
                return name
            if (present.params, present.body) == (function.params, function.body):
                return name

    def apply(self, evaluator: Evaluator, function: Closure, args: tuple[object, ...], span: Span) -> object:
        """Inline a function, or call it as an emitted one."""
        role, name = self.home(function)
        values = [v for a in args if isinstance(v := passed_as(a), EXPRESSIONS)]
        passed = len(values) < len(args) and role is not Role.SOLVER
        if role is None or passed or all(v.type in HOST for v in values):
            return evaluator.inline(function, args, span)
        return self.call(name, role, function, args, span)

    def home(self, function: Closure) -> tuple[Role | None, str]:
        """Give where a function is emitted and under which name; None for one that is inlined."""
        if function.owner is not None and function.owner.kind in EMITTED_KINDS:
            own = function.owner.name
            is_given = sole_function(function.owner) is function and function.name != "step"
            return EMITTED_KINDS[function.owner.kind], own if is_given else f"{own}_{function.name}"
        if function.partial:
            return PRELUDE_ROLES.get(function.name, Role.KERNEL), PUBLIC_NAMES.get(function.name, function.name)
        if function.env is self.spec_scope:
            return Role.DEFINITION, function.name
        return None, function.name

    def call(self, name: str, role: Role, function: Closure, args: tuple[object, ...], span: Span) -> ir.Expr:
        """Give the call of an emitted function, elaborated at the types of the arguments."""
        given = args if role is Role.SOLVER else [passed_as(a) for a in args]
        operands = [callable_value(self, a, span) if isinstance(a, Callables) else expression(a, span) for a in given]
        states = [o for o in operands if o.type is Type.STATE]
        like = state_variable(states[0]) or states[0] if states else None
        operands = [per_sample(o, like) for o in operands]
        types = [Type.SAMPLE if o.type is Type.UNIFORM else o.type for o in operands]
        emitted = self.elaborate(name, role, function, types, span)
        implicit = [ir.Var(p.name, p.type) for p in emitted.params if not p.keyword][: -len(operands)]
        named = tuple((p.name, ir.Var(p.name, p.type)) for p in emitted.params if p.keyword)
        return ir.Call(emitted.name, (*implicit, *operands), result_type(emitted, operands), named)

    def elaborate(self, name: str, role: Role, function: Closure, types: Sequence[Type], span: Span) -> ir.Function:
        """Give the emitted function for these types of its parameters."""
        builder = Body(self)
        params = [self.parameter(p, t) for p, t in zip(function.parameters, types, strict=True)]
        outer = function.env.child(with_locals(function.env, builder)) if function.owner else function.env
        env = outer.child({p: self.bound(v) for p, v in zip(function.parameters, params, strict=True)})
        evaluator = self.evaluator(builder)
        evaluator.enter(function, function.name, span)
        result = run(builder, evaluator, function.body, env, function.span)
        emitted = builder.function(
            name, role, params, result, formula=formula(name, function), source=source(function.span)
        )
        final = self.add(emitted)
        if function.owner is not None and role is Role.SOLVER:
            self.orders[final] = claimed_order(evaluator, function.owner)
        return self.by_name[final]

    def bound(self, variable: ir.Var) -> object:
        """Give what a parameter's name stands for in the body: a denoiser or a network is a function."""
        if variable.type is Type.NETWORK:
            return self.given.raw(variable.name, variable)
        return denoiser(variable) if variable.type is Type.DENOISER else variable

    def parameter(self, name: str, type_: Type) -> ir.Var:
        """Give a parameter's variable; a denoiser is `denoise`, and none hides a constant or implicit parameter."""
        if type_ is Type.DENOISER:
            return ir.Var(DENOISE, type_)
        taken = name in self.constants or name in IMPLICIT or name in OWN or name in self.given.externals
        return ir.Var(f"{name}_" if taken else name, type_)


def with_locals(env: Env, body: Body, within: Env | None = None) -> dict[str, object]:
    """Give the quantities of a scope, bound to locals of a function when they are first used, and evaluated there."""

    def bind(thunk: Thunk) -> Thunk:
        seen = within if within is not None and thunk.env is env else thunk.env
        return attrs.evolve(thunk, env=seen, bind=lambda name, value: body.let(name, value, thunk.expression.span))

    return {name: bind(value) for name, value in env.bindings.items() if isinstance(value, Thunk)}


def result_type(function: ir.Function, operands: list[ir.Expr]) -> Type:
    """Give the type of a call: a function of scalars gives what it is given."""
    if function.result is Type.STATE or any(o.type not in RANKS or o.type is Type.STATE for o in operands):
        return function.result
    return max((o.type for o in operands), key=RANKS.index)


def passed_as(value: object) -> object:
    """Give what stands for an argument where it is passed: a network's variable for the network."""
    return value.stands_for if isinstance(value, Builtin) and value.stands_for is not None else value


def denoiser(variable: ir.Var) -> Builtin:
    """Give a denoiser as a function."""

    def denoise(args: tuple[object, ...], span: Span) -> ir.Expr:
        x, t = expression(args[0], span), expression(args[1], span)
        return ir.Call(variable, (x, per_sample(t, state_variable(x) or x)), Type.STATE)

    return Builtin("D", 2, denoise)


def callable_value(functions: Functions, value: object, span: Span) -> ir.Expr:
    """Give a denoiser as a value that is passed: by name, or as a function of (x, t)."""
    x, t = ir.Var("x", Type.STATE), ir.Var("t", Type.SAMPLE)
    body = expression(functions.evaluator().apply(value, (x, t), span), span)
    return ir.Lambda((x, t), body, Type.DENOISER)


def claimed_order(evaluator: Evaluator, solver: Instance) -> int:
    """Give the order of accuracy that a solver claims."""
    span = solver.definition.at
    if "order" not in solver.env.bindings:
        raise error(
            "CM205",
            f"the solver `{solver.name}` claims no order",
            solver.definition.at,
            help="write `order = 1` in it",
        )
    value = evaluator.name(ast.Name("order", solver.definition.span), solver.env)
    if not isinstance(value, ir.Num) or value.value.denominator != 1:
        at = next(
            (s.value.span for s in solver.definition.body if isinstance(s, ast.Equation) and s.name == "order"), span
        )
        raise error("CM205", "a solver's order is a whole number", at, help="write `order = 1`, or 2, 3 …")
    return int(value.value)


def formula(name: str, function: Closure) -> str:
    """Write what a function is, in one line, under the name that it is emitted by."""
    head = f"{name}({', '.join(function.parameters)})"
    if not isinstance(function.body, tuple):
        return f"{head} = {written(function.body)}"
    steps = [f"{s.name} = {written(s.value)}" for s in function.body if isinstance(s, ast.Equation)]
    results = [f"return {written(s.value)}" for s in function.body if isinstance(s, ast.Return)]
    return f"{head}: {'; '.join([*steps, *results])}"


def source(span: Span) -> str:
    """Name the place that a function comes from."""
    return f"{span.path.replace(chr(92), '/').rsplit('/', 1)[-1]}:{span.line}"


def run(
    builder: Body, evaluator: Evaluator, body: ast.Expr | tuple[ast.Statement, ...], env: Env, span: Span
) -> ir.Expr:
    """Evaluate a function's body: an expression, or steps up to `return`."""
    if not isinstance(body, tuple):
        return expression(evaluator.value(body, env), body.span)
    for step in body:
        match step:
            case ast.Equation(name, value):
                env.bindings[name] = builder.let(name, evaluator.value(value, env), value.span)
            case ast.Return(value):
                return expression(evaluator.value(value, env), value.span)
            case _:
                raise error("CM206", "a solver's step is made of equations and one `return`", step.span)
    raise error("CM206", "`return` is missing", span, help="the last step is `return …`")


@define(eq=False)
class Body:
    """The statements of a function that is being elaborated."""

    functions: Functions
    statements: list[ir.Stmt] = field(factory=list)
    locals: Locals = field(factory=dict)

    def let(self, name: str, value: object, span: Span) -> object:
        """Bind a value to a local; names and numbers, and what is no expression, need none."""
        if isinstance(value, Callables | Instance | tuple | ir.Var | ir.Num | ir.Const):
            return value
        computed = expression(value, span)
        local = self.functions.parameter(name, computed.type)
        frozen = isinstance(computed, ir.StopGrad)
        self.locals[local] = None if local in self.locals else computed
        self.statements.append(
            ir.Let(local.name, computed.value if isinstance(computed, ir.StopGrad) else computed, frozen)
        )
        return local

    @contextmanager
    def within(self) -> Iterator[list[ir.Stmt]]:
        """Collect the statements of a loop's body apart."""
        outer, self.statements = self.statements, []
        inner = self.statements
        yield inner
        self.statements = outer

    def function(
        self, name: str, role: Role, params: list[ir.Var], result: ir.Expr, *, formula: str, source: str
    ) -> ir.Function:
        """Close the body with `return`; implicit parameters that it uses go into the signature."""
        body = (*self.statements, ir.Return(result))
        state = next((p for p in params if p.type is Type.STATE), None)
        if state is not None:
            body = shaped_like(state, body)
        used = implicit(body, {p.name for p in params})
        leading = [ir.Param(v.name, v.type) for v in used if v.type in CALLED]
        trailing = [ir.Param(v.name, v.type, True) for v in used if v.type not in CALLED]
        signature = (*leading, *(ir.Param(p.name, p.type) for p in params), *trailing)
        return ir.Function(name, signature, body, result.type, role, formula, source)


def shaped_like(state: ir.Var, body: tuple[ir.Stmt, ...]) -> tuple[ir.Stmt, ...]:
    """Take ranks and batches from one state throughout a body: all its states have one shape."""

    def same(expr: ir.Expr) -> ir.Expr:
        return attrs.evolve(expr, like=state) if isinstance(expr, ir.Spread | ir.Fill | ir.Dim) else expr

    return tuple(rewrite_statement(s, lambda e: transform(substitute(e, {SOME_STATE.name: state}), same)) for s in body)


def implicit(body: tuple[ir.Stmt, ...], own: set[str]) -> list[ir.Var]:
    """Give what a body uses and its function must be given: networks, the teacher, learned functions, k, K, N."""
    used = {v.name: v for s in statements(body) for e in expressions(s) for v in free(e) if v.name not in own}
    return sorted((v for v in used.values() if v.name in IMPLICIT), key=lambda v: IMPLICIT[v.name])
