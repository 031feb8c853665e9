"""What is said of names, members and calls that are wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from cmdsl.diagnostics import Label, Span, SpecError, error
from cmdsl.diagnostics.suggest import did_you_mean, nearest
from cmdsl.sema.instantiate import with_article
from cmdsl.sema.values import Applied, Closure, Instance, Namespace, Thunk
from cmdsl.syntax import ast
from cmdsl.syntax.format import expression as written

GIVEN_BY = {
    "sigma_data": "param sigma_data = 0.5 in (0, inf)",
    "epsilon": "boundary EXPR",
    "T": "time t in [0, T]",
}
ELSEWHERE = {  # what other notations have for what is written so here
    "ln": "`log(e)` is the natural logarithm",
    "log10": "write `log(e)/log(10)`",
    "norm": "write `sqrt(sqnorm(e))`",
    "sum": "write `dim*mean(e)`, or `sqnorm(e)` for the sum of the squares",
    "std": "write `sqrt(mean((e - mean(e))^2))`",
    "var": "write `mean((e - mean(e))^2)`",
    "arcsin": "write `asin(e)`",
    "arccos": "write `acos(e)`",
    "arctan": "write `atan(e)`",
    "cot": "write `1/tan(e)`",
    "square": "write `e^2`",
    "pow": "write `a^b`",
    "clamp": "write `min(max(e, least), most)`",
    "clip": "write `min(max(e, least), most)`",
    "where": "write `if c then a else b`",
    "randn": "draw it: `z ~ normal`",
    "rand": "draw it: `u ~ uniform(0, 1)`",
    "grad": "write `diff(e, t)`, or `jvp(g, (x, t), (v, 1))` of a network",
    "detach": "write `stopgrad(e)`",
    "sg": "write `stopgrad(e)`",
}
MOST_NAMED = 3  # of a circle
MEMBERS = "a dot asks a definition for one of its functions, such as `solver.step`, or `D` for a coefficient"
WITHOUT_NAMES = "give its arguments in their order, without names"


def counted(arity: int | None) -> str:
    """Say how many arguments a function takes."""
    return "two or more arguments" if arity is None else f"{arity} argument{'s' if arity != 1 else ''}"


def check_arity(name: str, wanted: int, given: int, span: Span, function: Closure | None = None) -> None:
    """Refuse a wrong number of arguments."""
    if wanted != given:
        defined = (Label(function.span, f"`{name}({', '.join(function.parameters)})`"),) if function is not None else ()
        raise error(
            "CM106",
            f"`{name}` takes {counted(wanted)}, {given} given",
            span,
            label=f"{given} given",
            secondary=defined,
        )


def not_enough(value: Applied, span: Span) -> SpecError:
    """Say that a function was given the first of its arguments, where a value is expected."""
    name, parameters, given = value.function.name, value.function.parameters, len(value.arguments)
    return error(
        "CM106",
        f"`{name}` takes {counted(len(parameters))}, {given} given",
        span,
        help=f"it is `{name}({', '.join(parameters)})`",
    )


def no_argument(call: ast.Call, name: str, argument: ast.Argument, target: object) -> SpecError:
    """Say that a function has no argument of that name, or has it already."""
    called = written(call.function)
    if not isinstance(target, Closure):
        return error("CM107", f"`{called}` has no argument `{name}`", argument.at, help=WITHOUT_NAMES)
    if name in target.parameters:
        return error("CM109", f"`{name}` is given twice", argument.span, help="keep one of the two")
    way_out = did_you_mean(name, target.parameters, f"it is `{called}({', '.join(target.parameters)})`")
    return error("CM107", f"`{called}` has no argument `{name}`", argument.at, help=way_out)


def not_a_function(call: ast.Call, value: object) -> SpecError:
    """Say what it is that is called and is no function."""
    name = written(call.function)
    if isinstance(value, Instance):
        names = [f"`{name}.{f.name}`" for f in value.functions()]
        message = f"`{name}` is {with_article(value.kind)} of {len(names)} functions, and none of them is meant"
        one = f"`{name}` is {with_article(value.kind)}, which is no function"
        return error(
            "CM105", message if names else one, call.function.span, help=f"call {' or '.join(names)}" if names else ""
        )
    return error(
        "CM105",
        f"`{name}` is no function, and can't be called",
        call.function.span,
        help=f"write `{name}*(…)` for a product",
    )


def no_member(expr: ast.Attribute, owner: object, members: Iterable[str]) -> SpecError:
    """Say that a value has no member of that name, and which it has."""
    name = expr.value.id
    known = list(members) if isinstance(owner, Namespace) else []
    if isinstance(owner, Instance):
        parameters = {p.name for p in owner.definition.parameters}
        known = [m for m in owner.env.bindings if m not in parameters]
    near = nearest(expr.name, known)
    listed = ", ".join(f"`{name}.{m}`" for m in known)
    way_out = f"did you mean `{name}.{near}`?" if near else f"it has {listed}" if known else MEMBERS
    what = f"`{name}` has no member `{expr.name}`" if known else f"`{name}` is no definition, and has no members"
    return error("CM104", what, expr.span, help=way_out)


def circle(active: list[object], name: str, span: Span) -> SpecError:
    """Say which names are defined in terms of each other: the same whichever of them is asked for."""
    parts = [
        (p.name, p.expression.span if isinstance(p, Thunk) else p.span)
        for p in active
        if isinstance(p, Thunk | Closure)
    ]
    start = min(range(len(parts)), key=lambda i: (parts[i][1].path, parts[i][1].line, parts[i][1].column), default=0)
    turned = parts[start:] + parts[:start]
    names = [f"`{n}`" for n, _ in turned]
    others = [*names[1 : 1 + MOST_NAMED], *["others"] * (len(names) > 1 + MOST_NAMED)]
    through = f", through {' and '.join(others)}" if others else ""
    return error(
        "CM120",
        f"{names[0] if names else f'`{name}`'} is defined in terms of itself{through}",
        turned[0][1] if turned else span,
        secondary=tuple(Label(at, f"`{n}`") for n, at in turned[1 : 1 + MOST_NAMED]),
        help="break the circle: every name needs a value of its own",
    )


def not_defined(name: str, visible: Iterable[str], span: Span) -> SpecError:
    """Say that a name stands for nothing, and which one may be meant."""
    if name in GIVEN_BY:
        return error("CM114", f"`{name}` is needed, and the spec gives none", span, help=f"write `{GIVEN_BY[name]}`")
    return error("CM101", f"`{name}` is not defined", span, help=ELSEWHERE.get(name) or did_you_mean(name, visible))


def no_inverse(args: tuple[object, ...], span: Span) -> NoReturn:
    """Refuse `time_at` where it has no closed form."""
    way_out = "propose the time itself, as in `t ~ uniform(epsilon, T)`"
    raise error("CM234", "`time_at` has no closed form for this process", span, help=way_out)
