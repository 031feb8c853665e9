"""Samplers: sequential bodies with loops, elaborated until the types of what the loops carry are stable."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import takewhile

import attrs
from attrs import define, field

from cmdsl.diagnostics import error
from cmdsl.ir import nodes as ir
from cmdsl.ir.nodes import Role, Type
from cmdsl.ir.walk import binds, expressions, free, fresh, rewrite_statement, statements as inside, substitute
from cmdsl.lower.algebra import EXPRESSIONS, RANKS, SOME_STATE, expression
from cmdsl.lower.functions import IMPLICIT, OWN, Body, Functions, implicit, source
from cmdsl.lower.numbers import number
from cmdsl.sema.evaluate import Evaluator
from cmdsl.sema.values import Env, Instance, Thunk
from cmdsl.syntax import ast
from cmdsl.syntax.format import expression as written

NOISE = ir.Var("z", Type.STATE)
NUMBERS = (Type.STATIC, Type.LOOP, Type.UNIFORM)
MOST_ROUNDS = 4
MOST_LOOPS = 4


@define(eq=False)
class Sampler:
    """A sampler of a spec while it is lowered."""

    name: str
    use: ast.Use
    instance: Instance
    functions: Functions
    prior: ir.Expr
    body: Body = field(init=False)
    evaluator: Evaluator = field(init=False)
    noises: list[tuple[ir.Var, ir.Expr | None]] = field(factory=list)
    started: bool = False
    depth: int = 0
    defaults: dict[str, ir.Constant] = field(factory=dict)

    def sample(self) -> ir.Function:
        """Give the function from prior noise to a sample."""
        self.body = Body(self.functions)
        self.evaluator = self.functions.evaluator(self.body)
        params = self.parameters()
        result = self.steps(self.instance.definition.body, self.instance.env)
        if result is None:
            raise error(
                "CM206",
                f"the sampler `{self.instance.name}` returns nothing",
                self.instance.definition.at,
                help="its last statement is `return x`",
            )
        statements = self.closed((*self.body.statements, ir.Return(result)))
        used = implicit(statements, {p.name for p in params})
        network = ir.Param("network", Type.NETWORK)
        others = [ir.Param(v.name, v.type, True) for v in used if v.name != "network"]
        noises = [ir.Param(v.name, v.type, True) for v, _ in self.noises]
        return ir.Function(
            f"sample_{self.name}",
            (network, ir.Param("z", Type.STATE), *others, *noises, *params),
            statements,
            Type.STATE,
            Role.SAMPLER,
            f"sampler {written(self.use.reference)}" if self.use.reference else "",
            source(self.use.span),
        )

    def draw(self, sample: ir.Function) -> ir.Function:
        """Give the function that draws the prior noise and whatever else the sampler needs."""
        like = ir.Var("x", Type.STATE)
        draws = [
            ir.Draw("z", "normal_like", (like,), Type.STATE),
            *(
                ir.Draw(v.name, "normal_like", (like, turns) if turns else (like,), Type.STATE)
                for v, turns in self.noises
            ),
        ]
        names = tuple(d.name for d in draws)
        needed = {v.name for _, turns in self.noises if turns for v in free(turns)}
        params = tuple(p for p in sample.params if p.name in needed)
        return ir.Function(
            f"draw_{sample.name}",
            (ir.Param("x", Type.STATE), *params),
            (*draws, ir.ReturnDraws(names)),
            Type.STATE,
            Role.DRAW,
            ", ".join(f"{name} ~ normal" for name in names),
            sample.source,
        )

    def closed(self, statements: tuple[ir.Stmt, ...]) -> tuple[ir.Stmt, ...]:
        """Put the noise where some state is needed for its shape."""
        return tuple(rewrite_statement(s, lambda e: substitute(e, {SOME_STATE.name: NOISE})) for s in statements)

    def parameters(self) -> list[ir.Param]:
        """Make the numbers and lists among the definition's parameters arguments with defaults."""
        params = []
        taken = {*self.functions.constants, *IMPLICIT, *OWN, NOISE.name} - {"N"}
        for parameter in self.instance.definition.parameters:
            bound = self.instance.env.bindings[parameter.name]
            value = self.evaluator.force(bound, parameter.span) if isinstance(bound, Thunk) else bound
            default = constant(value, self.functions.constants)
            if default is None:
                continue
            kind = Type.SEQUENCE if isinstance(default, tuple) else Type.STATIC
            local = ir.Var(f"{parameter.name}_" if parameter.name in taken else parameter.name, kind)
            self.instance.env.bindings[parameter.name] = local
            params.append(ir.Param(local.name, kind, True, default))
            if isinstance(default, Fraction):
                self.defaults[local.name] = ir.Constant(local.name, parameter.name, default)
        return params

    def steps(self, statements: tuple[ast.Statement, ...], env: Env) -> ir.Expr | None:
        """Run statements in order; give the value of `return`."""
        for statement in statements:
            match statement:
                case ast.Draw():
                    self.drawn(statement, env)
                case ast.Equation(name, value):
                    env.bindings[name] = self.assign(name, self.evaluator.value(value, env), value)
                case ast.For():
                    self.loop(statement, env)
                case ast.Return(value):
                    return self.sampled(expression(self.evaluator.value(value, env), value.span), value)
                case ast.FunctionDefinition() | ast.Assert():
                    continue
                case _:
                    raise error(
                        "CM206",
                        "this can't stand in a sampler",
                        statement.span,
                        help="a sampler has draws, equations, loops and one `return`",
                    )
        return None

    def sampled(self, result: ir.Expr, at: ast.Expr) -> ir.Expr:
        """Refuse a scalar where a sample is returned."""
        if result.type is Type.STATE:
            return result
        raise error("CM204", f"`{self.instance.name}` returns a scalar, and a sample is a state", at.span)

    def assign(self, name: str, value: object, at: ast.Expr) -> object:
        """Bind a name, again or for the first time."""
        if not isinstance(value, ir.Var | ir.Num | ir.Const):
            return self.body.let(name, value, at.span)
        local = self.functions.parameter(name, value.type)
        self.body.locals[local] = None
        self.body.statements.append(ir.Let(local.name, value))
        return local

    def drawn(self, draw: ast.Draw, env: Env) -> None:
        """Start from the prior."""
        called = draw.distribution.id if isinstance(draw.distribution, ast.Name) else ""
        if called == "prior":
            scaled = self.evaluator.algebra.operate("mul", (self.prior, self.prior_noise(draw.name)), draw.span)
            env.bindings[draw.name] = self.assign(draw.name, scaled, draw.distribution)
        elif called == "normal":
            noise = ir.Var(self.fresh(draw.name), Type.STATE)
            self.noises.append((noise, None))
            env.bindings[draw.name] = noise
        else:
            raise error("CM212", "a sampler draws from `prior` or `normal`", draw.distribution.span)

    def prior_noise(self, name: str) -> ir.Var:
        """Give the noise of a draw from the prior: the sampler's own for the first, further arguments for others."""
        if not self.started:
            self.started = True
            return NOISE
        noise = ir.Var(self.fresh(name), Type.STATE)
        self.noises.append((noise, None))
        return noise

    def fresh(self, name: str) -> str:
        """Give a name for an argument of noise that no other has."""
        given = {p.name for p in self.instance.definition.parameters}
        return fresh(name, {NOISE.name, *given, *(v.name for v, _ in self.noises)})

    def loop(self, statement: ast.For, env: Env) -> None:
        """Lower a loop, again until the types of what it carries are stable."""
        if self.depth == MOST_LOOPS:
            raise error("CM121", f"loops are nested more than {MOST_LOOPS} deep", statement.span)
        self.depth += 1
        carried = {
            name: value for name in assigned(statement.body) if isinstance(value := env.lookup(name), EXPRESSIONS)
        }
        types = {name: max(value.type, Type.UNIFORM, key=RANKS.index) for name, value in carried.items()}
        noises = list(self.noises)
        for _ in range(MOST_ROUNDS):
            self.noises = list(noises)
            loop, after = self.turn(statement, env.child(), types)
            joined = {name: max(types[name], after[name], key=RANKS.index) for name in types}
            if joined == types:
                break
            types = joined
        self.depth -= 1
        for name, value in carried.items():
            self.enter(name, value, types[name])
        self.body.statements.append(loop)
        env.bindings.update({name: ir.Var(self.local(name, t), t) for name, t in types.items()})

    def turn(self, statement: ast.For, env: Env, types: dict[str, Type]) -> tuple[ir.Loop, dict[str, Type]]:
        """Lower a loop once, with these types of what it carries; give the types after one turn."""
        variables = {name: ir.Var(self.local(name, t), t) for name, t in types.items()}
        counter = ir.Var(self.local(statement.variable, Type.LOOP), Type.LOOP)
        env.bindings |= {**variables, statement.variable: counter}
        start, stop, items, turns = self.bounds(statement, env)
        zipped = [self.zipped(draw, env, turns) for draw in statement.body if isinstance(draw, ast.Draw)]
        with self.body.within() as inner:
            returned = self.steps(tuple(s for s in statement.body if not isinstance(s, ast.Draw)), env)
            after = {name: expression(env.bindings[name], statement.span) for name in types}
            for name, value in after.items():
                self.enter(name, value, types[name])
        if returned is not None:
            raise error("CM206", "`return` can't stand in a loop", statement.span, help="return after the loop")
        down = isinstance(statement.source, ast.LoopRange) and statement.source.down
        loop = ir.Loop(counter.name, start, stop, down, items, tuple(zipped), tuple(variables.values()), tuple(inner))
        return loop, {name: value.type for name, value in after.items()}

    def bounds(self, statement: ast.For, env: Env) -> tuple[ir.Expr | None, ir.Expr | None, ir.Expr | None, ir.Expr]:
        """Give a loop's ends or its items, and how many turns it takes."""
        if not isinstance(statement.source, ast.LoopRange):
            items = self.evaluator.value(statement.source, env)
            if not isinstance(items, ir.Var) or items.type is not Type.SEQUENCE:
                raise error(
                    "CM213",
                    "a loop goes over a list that is a parameter of the sampler",
                    statement.source.span,
                    help="write `for s in times`, or `for n from 1 to N`",
                )
            return None, None, items, ir.Length(items)
        source, span = statement.source, statement.source.span
        start, stop = (
            expression(self.evaluator.value(e, env), span, "a whole number") for e in (source.start, source.stop)
        )
        if start.type is not Type.STATIC or stop.type is not Type.STATIC:
            way_out = "its ends are numbers, params, or parameters of the sampler such as `N`"
            raise error("CM213", "a loop's ends are known before it starts", span, help=way_out)
        for end in (start, stop):
            value = number(end, {**self.functions.constants, **self.defaults})
            if value is not None and value.denominator != 1:
                way_out = "round it: `floor(…)` or `ceil(…)`"
                raise error(
                    "CM213", f"a loop goes over whole numbers, and {float(value):g} is none", span, help=way_out
                )
        low, high = (stop, start) if source.down else (start, stop)
        extent = self.evaluator.algebra.operate("sub", (high, low), span)
        turns = number(extent, {**self.functions.constants, **self.defaults})
        if turns is not None and turns < -1:
            way_out = f"write `from … {'to' if source.down else 'downto'} …` to count the other way"
            raise error("CM213", "this loop makes no turn", span, help=way_out)
        return (
            start,
            stop,
            None,
            expression(self.evaluator.algebra.operate("add", (extent, ir.Num(Fraction(1))), span), span),
        )

    def zipped(self, draw: ast.Draw, env: Env, turns: ir.Expr) -> tuple[str, ir.Var]:
        """Give a draw in a loop: an argument with one state for each turn."""
        if not isinstance(draw.distribution, ast.Name) or draw.distribution.id != "normal":
            raise error("CM212", "in a sampler's loop, draws are from `normal`", draw.distribution.span)
        array = ir.Var(self.fresh(f"{draw.name}s"), Type.STATE)
        self.noises.append((array, turns))
        local = self.local(draw.name, Type.STATE)
        env.bindings[draw.name] = ir.Var(local, Type.STATE)
        return local, array

    def local(self, name: str, type_: Type) -> str:
        """Give a local's name, other than those of the module and of implicit parameters."""
        return self.functions.parameter(name, type_).name

    def enter(self, name: str, value: ir.Expr, type_: Type) -> None:
        """Give a number the form that a loop makes of it: where it is bound, if nothing asks for it in between."""
        if value.type not in NUMBERS or value.type is type_:
            return
        local, statements = self.local(name, type_), self.body.statements
        unread = list(takewhile(lambda s: local not in spoken_of(s), reversed(statements)))
        bound = statements[-1 - len(unread)] if len(unread) < len(statements) else None
        if isinstance(bound, ir.Let) and bound.name == local and ir.Var(local, value.type) not in free(bound.value):
            statements[-1 - len(unread)] = attrs.evolve(bound, value=ir.Fill(bound.value, NOISE, type_))
        else:
            statements.append(ir.Let(local, ir.Fill(value, NOISE, type_)))


def spoken_of(statement: ir.Stmt) -> set[str]:
    """Give the names that a statement binds or asks for."""
    asked = {v.name for s in inside((statement,)) for e in expressions(s) for v in free(e)}
    return asked | set(binds(statement))


def assigned(body: tuple[ast.Statement, ...]) -> tuple[str, ...]:
    """Give the names that a loop's body binds, those of inner loops too, in order."""
    names = [
        n
        for s in body
        for n in ((s.name,) if isinstance(s, ast.Equation) else assigned(s.body) if isinstance(s, ast.For) else ())
    ]
    return tuple(dict.fromkeys(names))


def constant(value: object, constants: Mapping[str, ir.Constant]) -> Fraction | tuple[Fraction, ...] | None:
    """Give a number or a list of numbers as the default of an argument."""
    if not isinstance(value, tuple):
        return number(value, constants)
    items = [n for v in value if (n := number(v, constants)) is not None]
    return tuple(items) if len(items) == len(value) else None
