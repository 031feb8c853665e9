"""Losses and their draws: an objective's equations become locals, its draws the loss's keyword arguments."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from attrs import define, field

from cmdsl.diagnostics import Label, error
from cmdsl.ir import nodes as ir
from cmdsl.ir.nodes import Role, Type
from cmdsl.ir.walk import binds, expressions, free, transform
from cmdsl.lower.algebra import expression, per_sample
from cmdsl.lower.draws import drawn_from, last_name, proposed, sample
from cmdsl.lower.functions import IMPLICIT, Body, Functions, implicit, shaped_like, source, with_locals
from cmdsl.sema.evaluate import Evaluator
from cmdsl.sema.values import Instance
from cmdsl.syntax import ast
from cmdsl.syntax.format import expression as written

DATA = ir.Var("x0", Type.STATE)


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
        """Refuse a loss whose derivative never reaches the network."""
        varying = {"network"}
        for s in loss.body:
            if varying & differentiated(s):
                varying |= {*binds(s)} if isinstance(s, ir.Let) else {loss.name}
        if loss.name not in varying:
            raise error(
                "CM210",
                f"what `{self.instance.name}` minimises doesn't vary with the network, so it can't train one",
                self.minimized().value.span,
                help="minimise something of `f(x, t)`, `D(x, t)` or `F(x, c)`; `f_ema`, `teacher` and `stopgrad(...)` "
                "are constants",
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


def differentiated(s: ir.Stmt) -> set[str]:
    """Give the names that a derivative of what a statement computes is taken through."""
    if isinstance(s, ir.Let) and s.frozen:
        return set()
    return {v.name for e in expressions(s) for v in free(transform(e, without_constants))}


def without_constants(e: ir.Expr) -> ir.Expr:
    """Put a number in place of what is constant to the optimiser."""
    return ir.Num(Fraction(0)) if isinstance(e, ir.StopGrad) else e
