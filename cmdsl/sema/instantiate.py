"""Definitions with their parameters bound by name, in the scope that they were written in."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve, field, frozen

from cmdsl.diagnostics import Label, Span, SpecError, error
from cmdsl.diagnostics.suggest import did_you_mean
from cmdsl.sema.values import Closure, Defined, Env, External, Instance, Learned, Thunk
from cmdsl.syntax import ast

MEMBERS = ast.Equation | ast.FunctionDefinition | ast.Learned
GIVEN = {"metric": "d", "weight": "w", "grid": "node"}  # what a definition of that kind calls the function it gives
MOST = 1000
MOST_LISTED = 12
KINDS = ("precondition", "grid", "curriculum", "proposal", "weight", "metric", "solver", "objective", "sampler")


@frozen
class Above:
    """The definitions that stand for one, or have it as a default; and how many were made on the way."""

    definitions: tuple[Defined, ...] = ()
    made: list[Defined] = field(factory=list)

    def under(self, defined: Defined) -> Above:
        """Go one definition deeper."""
        self.made.append(defined)
        if len(self.made) > MOST:
            raise error("CM121", f"`{defined.definition.name}` needs too many definitions", defined.definition.span)
        return evolve(self, definitions=(*self.definitions, defined))


def is_definition(kind: str, name: str, env: Env) -> bool:
    """Tell whether there is a definition of that kind and name."""
    return env.definition(kind, name) is not None


def instantiate(
    kind: str,
    reference: ast.Name | ast.Call,
    env: Env,
    overrides: tuple[ast.Statement, ...] = (),
    outside: Env | None = None,
    within: Above | None = None,
) -> Instance:
    """Give the definition that is referred to, its arguments taken from `env`.

    `overrides` replace its equations, and see what is seen where they are written: `outside`, or else `env`; `within`
    are the definitions that stand for this one, or have it as a default.
    """
    name, arguments = parts(reference)
    defined = env.definition(kind, name)
    if defined is None:
        raise unknown_definition(kind, name, env, reference_name(reference))
    if defined.refused:
        raise SpecError(defined.refused)
    above = within or Above()
    if defined in above.definitions:
        raise error("CM120", f"the {kind} `{name}` is defined in terms of itself", reference.span)
    scope = bind(defined, arguments, env, reference.span, above)
    if defined.definition.reference is not None:
        inner = defined.definition.reference
        return instantiate(kind, inner, scope, overrides, outside or env, above.under(defined))
    return close(defined.definition, scope, overrides, outside or env)


def parts(reference: ast.Name | ast.Call) -> tuple[str, tuple[ast.Argument, ...]]:
    """Split `NAME(args)` into the name and the arguments."""
    if isinstance(reference, ast.Name):
        return reference.id, ()
    if not isinstance(reference.function, ast.Name):
        raise error("CM103", "a definition is named by one name", reference.span)
    return reference.function.id, reference.arguments


def reference_name(reference: ast.Name | ast.Call) -> Span:
    """Give the place of the name in a reference."""
    return reference.function.span if isinstance(reference, ast.Call) else reference.span


def close(definition: ast.Definition, scope: Env, overrides: tuple[ast.Statement, ...], outside: Env) -> Instance:
    """Bind what a definition's body defines into its scope, and what replaces it."""
    instance = Instance(definition, scope)
    given = outside.child()
    given.bindings |= {s.name: member(s, given, instance) for s in overrides if isinstance(s, MEMBERS)}
    own = {s.name: member(s, scope, instance) for s in definition.body if isinstance(s, MEMBERS)}
    elsewhere = {GIVEN[s.kind]: external(s) for s in definition.body if isinstance(s, ast.Extern)}
    scope.bindings |= own | given.bindings | elsewhere
    return instance


def external(statement: ast.Extern) -> External:
    """Give the callable of another module that a statement names."""
    module, _, attribute = statement.target.partition(":")
    return External(statement.name, module, attribute)


def member(
    statement: ast.Equation | ast.FunctionDefinition | ast.Learned, scope: Env, owner: Instance | None = None
) -> Thunk | Closure | Learned:
    """Give what an equation, a function definition or `learned` binds its name to."""
    if isinstance(statement, ast.Equation):
        return Thunk(statement.name, statement.value, scope)
    if isinstance(statement, ast.Learned):
        return Learned(statement.name, statement.parameters, statement.span)
    return Closure(statement.name, statement.parameters, statement.body, scope, statement.at, owner)


def bind(defined: Defined, arguments: tuple[ast.Argument, ...], env: Env, span: Span, above: Above) -> Env:
    """Bind arguments to a definition's parameters; a default may use earlier parameters."""
    given = match(defined.definition, arguments, span)
    scope = defined.env.child()
    for parameter in defined.definition.parameters:
        argument = given.get(parameter.name)
        if argument is not None:
            value = passed(parameter.name, argument.value, argument.parameters, env, argument.at, above)
            scope.bindings[parameter.name] = of_all(parameter, value, argument.value.span)
        elif parameter.default is not None:
            scope.bindings[parameter.name] = passed(
                parameter.name, parameter.default, parameter.parameters, scope, parameter.at, above.under(defined)
            )
        else:
            raise error(
                "CM108",
                f"`{defined.definition.name}` needs its parameter `{parameter.name}`",
                span,
                help=f"write `{defined.definition.name}({parameter.name} = …)`",
            )
    return scope


def match(definition: ast.Definition, arguments: tuple[ast.Argument, ...], span: Span) -> dict[str, ast.Argument]:
    """Give each parameter its argument; positional ones come first."""
    names = [p.name for p in definition.parameters]
    given: dict[str, ast.Argument] = {}
    for position, argument in enumerate(arguments):
        if argument.name is None and position >= len(names):
            raise too_many_arguments(definition, len(arguments), argument)
        name = argument.name or names[position]
        if name not in names:
            raise error(
                "CM107",
                f"`{definition.name}` has no parameter `{name}`",
                argument.at,
                help=did_you_mean(name, names, f"it is `{signature(definition)}`"),
            )
        if name in given:
            first = (Label(given[name].span, "first here"),)
            raise error("CM109", f"`{name}` is given twice", argument.span, secondary=first, help="keep one of the two")
        given[name] = argument
    return given


def too_many_arguments(definition: ast.Definition, count: int, argument: ast.Argument) -> SpecError:
    """Say how many arguments a definition takes."""
    most = len(definition.parameters)
    takes = f"{most} argument{'s' if most != 1 else ''} at most" if most else "no arguments"
    return error(
        "CM106",
        f"`{definition.name}` takes {takes}, {count} given",
        argument.span,
        help=f"it is `{signature(definition)}`",
    )


def passed(
    name: str,
    value: ast.Expr,
    parameters: tuple[str, ...] | None,
    env: Env,
    span: Span,
    above: Above,
) -> object:
    """Give what a parameter stands for: a function, a definition, or a quantity of the caller's scope."""
    if parameters is not None:
        return Closure(name, parameters, value, env, span)
    kind = definition_kind(name, value, env)
    if kind is not None and isinstance(value, ast.Name | ast.Call):
        return instantiate(kind, value, env, within=above)
    if name in KINDS:
        refuse_other(name, value, env)
    if isinstance(value, ast.Name) and not isinstance(env.lookup(value.id), Thunk) and env.lookup(value.id) is not None:
        return env.lookup(value.id)
    return Thunk(name, value, env)


def of_all(parameter: ast.Parameter, value: object, span: Span) -> object:
    """Give a definition whose function takes fewer arguments than its parameter has as a function of all of them."""
    names = parameter.parameters or ()
    if not isinstance(value, Instance):
        return value
    name = GIVEN.get(value.kind, "")
    function = value.env.bindings.get(name)
    if not isinstance(function, Closure) or len(function.parameters) >= len(names):
        return value
    taken = (ast.Name(n, span) for n in names[: len(function.parameters)])
    first = tuple(ast.Argument(n, None, None, span, span) for n in taken)
    return Closure(parameter.name, names, ast.Call(ast.Name(name, span), first, span), function.env, span)


def refuse_other(kind: str, value: ast.Expr, env: Env) -> None:
    """Refuse what is no definition of the kind that a parameter is named after."""
    target = value.function if isinstance(value, ast.Call) else value
    if not isinstance(target, ast.Name | ast.Attribute):
        way_out = f"name {with_article(kind)}, or write a function: `{kind}(…) = …`"
        raise error("CM103", f"{with_article(kind)} is expected here, and this is a value", value.span, help=way_out)
    if isinstance(target, ast.Name) and env.lookup(target.id) is None:
        raise unknown_definition(kind, target.id, env, target.span)


def definition_kind(name: str, value: ast.Expr, env: Env) -> str | None:
    """Give the kind of the definition that an argument refers to, if it refers to one."""
    target = value.function if isinstance(value, ast.Call) else value
    if not isinstance(target, ast.Name) or (env.lookup(target.id) is not None and name not in KINDS):
        return None
    kinds = [name] if name in KINDS else list(KINDS)
    return next((kind for kind in kinds if is_definition(kind, target.id, env)), None)


def signature(definition: ast.Definition) -> str:
    """Write a definition's name and parameters."""
    inner = ", ".join(p.name + (f"({', '.join(p.parameters)})" if p.parameters else "") for p in definition.parameters)
    return f"{definition.name}({inner})" if inner else definition.name


def unknown_definition(kind: str, name: str, env: Env, span: Span) -> SpecError:
    """Give the error for a definition that is not there, with the nearest that is."""
    known = {key: d for scope in reversed([*env.chain()]) for key, d in scope.definitions.items()}
    why = [d for scope in env.chain() for d in scope.lost]
    why += [d for (_, n), defined in known.items() if n == name for d in defined.refused]
    return SpecError(tuple(why)) if why else no_definition(kind, name, known, span)


def no_definition(kind: str, name: str, known: Iterable[tuple[str, str]], span: Span) -> SpecError:
    """Say that there is no definition of that kind and name: what there is."""
    names = sorted({n for k, n in known if k == kind})
    others = sorted(k for k, n in known if n == name)
    listed = ", ".join([*(f"`{n}`" for n in names[:MOST_LISTED]), *["…"] * (len(names) > MOST_LISTED)])
    return error(
        "CM102",
        f"there is no {kind} `{name}`",
        span,
        label=f"this is {with_article(others[0])}" if others else "",
        help=did_you_mean(name, names, f"there are: {listed or 'none'}"),
    )


def with_article(kind: str) -> str:
    """Name a kind: `an objective`, `a metric`."""
    return f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}"
