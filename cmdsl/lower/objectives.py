"""Losses and their draws: an objective's equations become locals, its draws the loss's keyword arguments."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from attrs import define, field

from cmdsl.diagnostics import Label, error
from cmdsl.ir import nodes as ir
from cmdsl.ir.nodes import Role, Type
from cmdsl.ir.walk import fresh
from cmdsl.lower.algebra import expression, per_sample, scalars
from cmdsl.lower.functions import IMPLICIT, Body, Functions, implicit, shaped_like, source, with_locals
from cmdsl.sema.evaluate import Evaluator
from cmdsl.sema.instantiate import instantiate
from cmdsl.sema.values import Closure, Env, Instance
from cmdsl.syntax import ast
from cmdsl.syntax.format import expression as written

DATA = ir.Var("x0", Type.STATE)
SCALARS = {
    **dict.fromkeys(("normal", "lognormal", "logitnormal"), ("m", "s")),
    **dict.fromkeys(("uniform", "integers"), ("a", "b")),
    "bernoulli": ("p",),
}


def objective_name(use: ast.Use) -> str:
    """Give the name of an objective or sampler: its alias, else its definition's."""
    reference = use.reference.function if isinstance(use.reference, ast.Call) else use.reference
    return use.alias or (reference.id if isinstance(reference, ast.Name) else "")


def counters() -> dict[str, object]:
    """Give the names that objectives see beside the others: the nodes at this step, the step, how many there are."""
    return {"N": ir.Var("N", Type.STATIC), "k": ir.Var("k", Type.UNIFORM), "K": ir.Var("K", Type.STATIC)}


@define(eq=False)
class Objective:
    """An objective of a spec while it is lowered."""

    name: str
    use: ast.Use
    instance: Instance
    functions: Functions
    time: str
    epsilon: ir.Expr
    last: ir.Expr
    prior: Callable[[], ir.Expr]
    data: ir.Var = field(default=DATA)

    def draws(self) -> tuple[ast.Draw, ...]:
        """Give the draws of the body, in order."""
        return tuple(s for s in self.instance.definition.body if isinstance(s, ast.Draw))

    def loss(self) -> ir.Function:
        """Give the loss: per sample, before the mean over the batch."""
        body = Body(self.functions)
        evaluator = self.functions.evaluator(body)
        params = [self.drawn(draw, evaluator) for draw in self.draws()]
        self.instance.env.bindings.update(with_locals(self.instance.env, body))
        minimized = self.minimized()
        result = expression(evaluator.value(minimized.value, self.instance.env), minimized.span)
        return self.close(body, params, self.per_sample(result, minimized), f"minimize {written(minimized.value)}")

    def minimized(self) -> ast.Minimize:
        """Give the one statement that says what is minimised."""
        found = [s for s in self.instance.definition.body if isinstance(s, ast.Minimize)]
        if len(found) != 1:
            raise error(
                "CM210",
                f"the objective `{self.instance.name}` has {len(found)} `minimize` statements, and needs one",
                found[1].span if found else self.instance.definition.at,
                secondary=(Label(found[0].span, "the first"),) if found else (),
                help="add the terms of a loss in one `minimize`" if found else "its last statement is `minimize …`",
            )
        return found[0]

    def per_sample(self, value: ir.Expr, statement: ast.Minimize) -> ir.Expr:
        """Check that what is minimised is one number per sample."""
        if value.type is Type.STATE:
            raise error(
                "CM204",
                "a state can't be minimised",
                statement.value.span,
                help="make a scalar of it: `mean(e^2)`, `sqnorm(e)` or a metric",
            )
        return per_sample(value, self.data)

    def drawn(self, draw: ast.Draw, evaluator: Evaluator) -> ir.Var:
        """Bind a draw's name to the loss's argument that holds it."""
        if drawn_from(draw) == "data":
            return self.given(draw)
        state = drawn_from(draw) in ("normal", "prior")
        variable = self.functions.parameter(draw.name, Type.STATE if state else Type.SAMPLE)
        self.instance.env.bindings[draw.name] = variable
        return variable

    def given(self, draw: ast.Draw) -> ir.Var:
        """Bind the name of the data; an objective is given one batch of them."""
        first = next(d for d in self.draws() if drawn_from(d) == "data")
        if draw is not first:
            places = (Label(first.span, "first here"),)
            raise error("CM210", "an objective draws from `data` once", draw.span, secondary=places)
        self.data = self.functions.parameter(draw.name, Type.STATE)
        self.instance.env.bindings[draw.name] = self.data
        return self.data

    def close(self, body: Body, params: list[ir.Var], result: ir.Expr, text: str) -> ir.Function:
        """Give the loss with its signature: network, x0; by keyword the other networks, the draws, k, K, N."""
        statements = shaped_like(self.data, (*body.statements, ir.Return(result)))
        used = {v.name: v for v in implicit(statements, set())}
        network = used.pop("network", ir.Var("network", Type.NETWORK))
        keywords = [v for v in used.values() if IMPLICIT[v.name] < IMPLICIT["k"]]
        keywords += [p for p in params if p != self.data]
        keywords += [v for v in used.values() if IMPLICIT[v.name] >= IMPLICIT["k"]]
        signature = (
            ir.Param(network.name, network.type),
            ir.Param(self.data.name, Type.STATE),
            *(ir.Param(v.name, v.type, True) for v in keywords),
        )
        return ir.Function(
            f"loss_{self.name}", signature, statements, Type.SAMPLE, Role.LOSS, text, source(self.use.span)
        )

    def check_network(self, loss: ir.Function) -> None:
        """Refuse a loss that the network has no part in."""
        if all(v.name != "network" for v in implicit(loss.body, set())):
            raise error(
                "CM210",
                f"the objective `{self.instance.name}` never uses the network, so it can't train one",
                self.minimized().value.span,
                help="minimise something of `f(x, t)`, `D(x, t)` or `F(x, c)`; `f_ema` and `teacher` are not trained",
            )

    def draw(self) -> ir.Function:
        """Give the function that makes the draws of one evaluation of the loss."""
        body = Body(self.functions)
        evaluator = self.functions.evaluator(body)
        names = [name for draw in self.draws() if (name := self.make(draw, body, evaluator)) is not None]
        statements = shaped_like(self.data, (*body.statements, ir.ReturnDraws(tuple(names))))
        extra = tuple(ir.Param(v.name, v.type, True) for v in implicit(statements, set()))
        return ir.Function(
            f"draw_{self.name}",
            (ir.Param(self.data.name, Type.STATE), *extra),
            statements,
            Type.STATE,
            Role.DRAW,
            ", ".join(f"{d.name} ~ {written(d.distribution)}" for d in self.draws()),
            source(self.use.span),
        )

    def make(self, draw: ast.Draw, body: Body, evaluator: Evaluator) -> str | None:
        """Make one draw; the data are given, not drawn."""
        if drawn_from(draw) == "data":
            self.given(draw)
            return None
        local = self.functions.parameter(draw.name, Type.SAMPLE)
        taken = frozenset(self.functions.parameter(d.name, Type.SAMPLE).name for d in self.draws())
        value = sample(local.name, draw.distribution, self.instance.env, body, evaluator, self.data, taken)
        if drawn_from(draw) == "prior":
            scaled = evaluator.algebra.operate("mul", (self.prior(), value), draw.span)
            body.statements.append(ir.Let(local.name, expression(scaled, draw.span)))
        elif value.type is Type.SAMPLE and self.is_time(draw):
            body.statements.append(ir.Let(local.name, self.clamped(value)))
        elif value != ir.Var(local.name, value.type):
            body.statements.append(ir.Let(local.name, value))
        self.instance.env.bindings[draw.name] = ir.Var(local.name, value.type)
        return local.name

    def is_time(self, draw: ast.Draw) -> bool:
        """Tell whether a draw is a time: by its name, or the name that its proposal gives."""
        proposal = proposed(draw.distribution, self.instance.env)
        return draw.name == self.time or (proposal is not None and last_name(proposal) in (self.time, "t"))

    def clamped(self, value: ir.Expr) -> ir.Expr:
        """Keep a drawn time inside [epsilon, T]."""
        return ir.Op("min", (ir.Op("max", (value, self.epsilon), Type.SAMPLE), self.last), Type.SAMPLE)


def drawn_from(draw: ast.Draw) -> str:
    """Give the name right of `~`, where there is nothing but a name."""
    return draw.distribution.id if isinstance(draw.distribution, ast.Name) else ""


def proposed(distribution: ast.Expr, env: Env) -> Instance | Closure | None:
    """Give the proposal that stands right of `~`, if one does."""
    target = distribution.function if isinstance(distribution, ast.Call) else distribution
    if not isinstance(target, ast.Name):
        return None
    value = env.lookup(target.id)
    if isinstance(value, Instance) and value.kind == "proposal" and isinstance(distribution, ast.Name):
        return value
    if env.definition("proposal", target.id) is not None and isinstance(distribution, ast.Name | ast.Call):
        return instantiate("proposal", distribution, env)
    return None


def last_name(proposal: Instance | Closure) -> str:
    """Give the name of what a proposal proposes: its last draw or equation."""
    if isinstance(proposal, Closure):
        return proposal.name
    named = [s.name for s in proposal.definition.body if isinstance(s, ast.Draw | ast.Equation)]
    if not named:
        raise error(
            "CM211",
            f"the proposal `{proposal.name}` proposes nothing",
            proposal.definition.at,
            help="its last statement is a draw or an equation",
        )
    return named[-1]


def sample(
    name: str,
    distribution: ast.Expr,
    env: Env,
    body: Body,
    evaluator: Evaluator,
    like: ir.Expr,
    taken: frozenset[str],
) -> ir.Expr:
    """Add the statements that draw from a distribution, and give what is drawn; locals avoid the names in `taken`."""
    proposal = proposed(distribution, env)
    if isinstance(proposal, Instance):
        return propose(name, proposal, body, like, taken)
    target = distribution.function if isinstance(distribution, ast.Call) else distribution
    called = target.id if isinstance(target, ast.Name) else ""
    if isinstance(distribution, ast.Name) and called in ("normal", "prior"):
        body.statements.append(ir.Draw(name, "normal_like", (like,), Type.STATE))
        return ir.Var(name, Type.STATE)
    if isinstance(distribution, ast.Index):
        return draw_index(name, distribution, env, body, evaluator, taken)
    return scalar(name, called, distribution, env, body, evaluator)


def scalar(name: str, called: str, distribution: ast.Expr, env: Env, body: Body, evaluator: Evaluator) -> ir.Expr:
    """Draw one number per sample."""
    if called not in SCALARS or not isinstance(distribution, ast.Call):
        known = "data, prior, normal, normal(m, s), uniform(a, b), lognormal(m, s), logitnormal(m, s), integers(a, b)"
        way_out = f"right of `~` stands one of: {known}, bernoulli(p), index(...), or a proposal"
        raise error("CM212", f"`{written(distribution)}` is no distribution", distribution.span, help=way_out)
    given = ordered(called, distribution)
    values = tuple(evaluator.value(a.value, env) for a in given)
    args = scalars(values, distribution.span, f"a distribution like `{called}`")
    if called == "integers" and any(a.type is not Type.STATIC for a in args):
        way_out = "draw `u ~ uniform(0, 1)` and take `floor`"
        raise error("CM202", "the ends of `integers` are known before the batch is", distribution.span, help=way_out)
    body.statements.append(ir.Draw(name, called, tuple(args), Type.SAMPLE))
    return ir.Var(name, Type.SAMPLE)


def ordered(called: str, distribution: ast.Call) -> list[ast.Argument]:
    """Give the arguments of a distribution in the order of its parameters."""
    names = SCALARS[called]
    given = dict(zip(names, (a for a in distribution.arguments if a.name is None), strict=False))
    named = {a.name: a for a in distribution.arguments if a.name is not None}
    both = {**given, **named}
    if len(distribution.arguments) != len(names) or set(both) != set(names):
        wanted = f"{called}({', '.join(names)})"
        raise error(
            "CM106", f"`{written(distribution)}` is not `{wanted}`", distribution.span, help=f"write `{wanted}`"
        )
    return [both[name] for name in names]


def propose(name: str, proposal: Instance, body: Body, like: ir.Expr, taken: frozenset[str]) -> ir.Expr:
    """Run a proposal's statements; its last draw or equation is what it proposes, its other draws are its own."""
    evaluator = body.functions.evaluator(body)
    last = last_name(proposal)
    value: ir.Expr | None = None
    for statement in proposal.definition.body:
        if isinstance(statement, ast.Draw):
            own = fresh(body.functions.parameter(statement.name, Type.SAMPLE).name, taken)
            local = name if statement.name == last else own
            value = sample(local, statement.distribution, proposal.env, body, evaluator, like, taken)
            proposal.env.bindings[statement.name] = value
    if last not in [s.name for s in proposal.definition.body if isinstance(s, ast.Draw)]:
        span = proposal.definition.span
        value = expression(evaluator.name(ast.Name(last, span), proposal.env), span)
    assert value is not None
    return value


def draw_index(
    name: str, distribution: ast.Index, env: Env, body: Body, evaluator: Evaluator, taken: frozenset[str]
) -> ir.Expr:
    """Draw an index by its weight: `index(w for i from a to b)`."""
    start, stop = (expression(evaluator.value(e, env), e.span) for e in (distribution.start, distribution.stop))
    counting = ir.Var(fresh(body.functions.parameter(distribution.variable, Type.TABLE).name, taken), Type.TABLE)
    body.statements.append(ir.Let(counting.name, ir.Counting(start, stop)))
    weights = expression(
        evaluator.value(distribution.weight, env.child({distribution.variable: counting})), distribution.span
    )
    if weights.type is not Type.TABLE:
        raise error(
            "CM202",
            f"the weight of `index` must depend on `{distribution.variable}`",
            distribution.weight.span,
            help="for equal weights, draw from `integers(a, b)`",
        )
    body.statements.append(ir.Draw(name, "index", (weights,), Type.SAMPLE))
    drawn = ir.Var(name, Type.SAMPLE)
    offset = evaluator.algebra.operate("sub", (start, ir.Num(Fraction(1))), distribution.span)
    return expression(evaluator.algebra.operate("add", (drawn, offset), distribution.span), distribution.span)
