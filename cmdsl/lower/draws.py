"""Draws: from data, noise and distributions, from the weights of an index, and what proposals propose."""

from __future__ import annotations

from fractions import Fraction

from cmdsl.diagnostics import error
from cmdsl.ir import nodes as ir
from cmdsl.ir.nodes import Type
from cmdsl.ir.walk import fresh
from cmdsl.lower.algebra import expression, scalars
from cmdsl.lower.functions import Body
from cmdsl.sema.evaluate import Evaluator
from cmdsl.sema.instantiate import instantiate
from cmdsl.sema.values import Closure, Env, Instance
from cmdsl.syntax import ast
from cmdsl.syntax.format import expression as written

SCALARS = {
    **dict.fromkeys(("normal", "lognormal", "logitnormal"), ("m", "s")),
    **dict.fromkeys(("uniform", "integers"), ("a", "b")),
    "bernoulli": ("p",),
}


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
