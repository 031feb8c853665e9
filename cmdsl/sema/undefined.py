"""Find names that stand for nothing, wherever they are written: in what is never used too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import get_args

from attrs import evolve, frozen

from cmdsl.diagnostics import Diagnostic
from cmdsl.sema.instantiate import KINDS, no_definition, reference_name
from cmdsl.sema.mistakes import GIVEN_BY, not_defined
from cmdsl.sema.reserved import RESERVED
from cmdsl.sema.spec import Spec
from cmdsl.syntax import ast
from cmdsl.syntax.walk import parts

# names that some bodies see and others don't: where they are not seen, evaluating says so
LANGUAGE = RESERVED | {"t", *GIVEN_BY}
MOST = 100  # that are said
EXPRESSIONS = get_args(ast.Expr)
PRINCIPLE = frozenset(["x_t", "x0", "z", "target", "variance"])


@frozen
class Seen:
    """The names and the definitions, by kind and name, that an expression sees."""

    names: frozenset[str]
    definitions: Mapping[tuple[str, str], ast.Definition]

    def within(self, *names: str) -> Seen:
        """Go where further names are bound."""
        return evolve(self, names=self.names | set(names))


def undefined(spec: Spec) -> tuple[Diagnostic, ...]:
    """Give an error for every name in the spec, and in what it imports, that stands for nothing."""
    own = {d.span.path for d in spec.definitions} | {s.span.path for s in spec.named} | {spec.module.path}
    seen = everywhere(spec)
    statements = [*spec.module.statements]
    statements += [s for s in (*spec.definitions, *spec.named) if s.span.path in own - {spec.module.path}]
    return tuple(islice((d for s in statements for d in in_statement(s, seen)), MOST))


def everywhere(spec: Spec) -> Seen:
    """Give what the statements of a spec see."""
    library = [s for m in spec.library for s in m.statements]
    functions = {s.name for s in library if isinstance(s, ast.FunctionDefinition)}
    declared = {name for s in (*spec.module.statements, *spec.named, *spec.learned) for name in bound(s)}
    definitions = [s for s in (*library, *spec.definitions) if isinstance(s, ast.Definition)]
    ends = ({"epsilon"} if spec.boundary else set()) | {"T", spec.time.name}
    names = LANGUAGE | functions | declared | ends | curricula(definitions)
    return Seen(frozenset(names), {(d.kind, d.name): d for d in definitions})


def curricula(definitions: list[ast.Definition]) -> set[str]:
    """Give the functions of curricula: objectives see those of theirs."""
    bodies = [d.body for d in definitions if d.kind == "curriculum"]
    return {s.name for body in bodies for s in body if isinstance(s, ast.FunctionDefinition)}


def bound(statement: ast.Statement) -> tuple[str, ...]:
    """Give the names that a statement binds for those beside it, those of a loop too."""
    match statement:
        case ast.Equation() | ast.FunctionDefinition() | ast.Draw() | ast.Learned() | ast.Param() | ast.Time():
            return (statement.name,)
        case ast.Derive():
            return statement.names
        case ast.For():
            return (statement.variable, *(name for s in statement.body for name in bound(s)))
    return ()


def in_statement(statement: ast.Statement, seen: Seen) -> Iterator[Diagnostic]:
    """Go through a statement."""
    match statement:
        case ast.FunctionDefinition(_, parameters, body):
            yield from in_body(body, seen.within(*parameters))
        case ast.Sde(fields) | ast.Path(fields):
            yield from (d for f in fields if isinstance(f, ast.Equation) for d in in_expression(f.value, seen))
        case ast.Definition():
            yield from in_definition(statement, seen)
        case ast.Use():
            yield from in_use(statement, seen)
        case ast.Derive():
            yield from in_parts(statement, seen.within(*PRINCIPLE))
        case ast.Draw(_, ast.Call() as distribution):
            yield from in_arguments(distribution, seen)
        case ast.Assert(_, _, _, domain):
            yield from in_parts(statement, seen.within(domain[0]) if domain else seen)
        case ast.For(_, source, body):
            yield from in_parts(source, seen) if isinstance(source, ast.LoopRange) else in_expression(source, seen)
            yield from in_body(body, seen)
        case _:
            yield from in_parts(statement, seen)


def in_body(body: ast.Expr | tuple[ast.Statement, ...], seen: Seen) -> Iterator[Diagnostic]:
    """Go through a formula, or statements that see what each other bind."""
    if not isinstance(body, tuple):
        yield from in_expression(body, seen)
        return
    inner = seen.within(*(name for s in body for name in bound(s)))
    yield from (d for s in body for d in in_statement(s, inner))


def in_definition(definition: ast.Definition, seen: Seen) -> Iterator[Diagnostic]:
    """Go through a definition: its parameters' defaults, its body, or what it stands for."""
    inner = seen.within(*(p.name for p in definition.parameters))
    for parameter in definition.parameters:
        if parameter.default is not None:
            yield from in_expression(parameter.default, inner.within(*(parameter.parameters or ())))
    if definition.reference is not None and definition.kind in KINDS:
        yield from in_reference(definition.kind, definition.reference, inner)
    yield from in_body(definition.body, inner)


def in_use(use: ast.Use, seen: Seen) -> Iterator[Diagnostic]:
    """Go through what a use refers to, and what stands in its braces."""
    if use.reference is not None:
        yield from in_reference(use.kind, use.reference, seen)
    yield from in_body(use.body, seen)


def in_reference(kind: str, reference: ast.Name | ast.Call, seen: Seen) -> Iterator[Diagnostic]:
    """Look a definition up, and go through its arguments."""
    name = reference.function if isinstance(reference, ast.Call) else reference
    found = seen.definitions.get((kind, name.id)) if isinstance(name, ast.Name) else None
    misnamed = {n for k, n in seen.definitions if k not in KINDS}  # of a kind that is none, which is said there
    if isinstance(name, ast.Name) and found is None and name.id not in misnamed:
        yield from no_definition(kind, name.id, seen.definitions, reference_name(reference)).diagnostics
    parameters = [p.name for p in found.parameters] if found else []
    for place, argument in enumerate(reference.arguments if isinstance(reference, ast.Call) else ()):
        yield from in_argument(argument, argument.name or "".join(parameters[place : place + 1]), seen)


def in_argument(argument: ast.Argument, name: str, seen: Seen) -> Iterator[Diagnostic]:
    """Go through an argument of a definition; that of a parameter named after a kind is one of the kind."""
    target = argument.value.function if isinstance(argument.value, ast.Call) else argument.value
    if argument.parameters is None and name in KINDS and isinstance(argument.value, ast.Name | ast.Call):
        if isinstance(target, ast.Name) and target.id not in seen.names:
            yield from in_reference(name, argument.value, seen)
        return
    yield from in_expression(argument.value, seen.within(*(argument.parameters or ())))


def in_arguments(call: ast.Call, seen: Seen) -> Iterator[Diagnostic]:
    """Go through the arguments of a call; `integral(e, s, a, b)` binds its variable."""
    binds = isinstance(call.function, ast.Name) and call.function.id == "integral" and len(call.arguments) > 1
    variable = call.arguments[1].value if binds else None
    for argument in call.arguments:
        inner = seen.within(*(argument.parameters or ()))
        yield from in_expression(argument.value, inner.within(variable.id) if isinstance(variable, ast.Name) else inner)


def in_expression(expr: ast.Expr, seen: Seen) -> Iterator[Diagnostic]:
    """Go through an expression."""
    match expr:
        case ast.Name(name, span):
            if name not in seen.names and not any((kind, name) in seen.definitions for kind in KINDS):
                yield from not_defined(name, seen.names, span).diagnostics
        case ast.Attribute(value):
            yield from in_expression(value, seen)
        case ast.Call(function):
            yield from in_expression(function, seen)
            yield from in_arguments(expr, seen)
        case ast.Index(_, variable):
            yield from in_parts(expr, seen.within(variable))
        case _:
            yield from in_parts(expr, seen)


def in_parts(node: object, seen: Seen) -> Iterator[Diagnostic]:
    """Go through the expressions that a node is made of."""
    for part in parts(node):
        if isinstance(part, ast.Argument):
            yield from in_expression(part.value, seen)
        elif isinstance(part, EXPRESSIONS):
            yield from in_expression(part, seen)
        elif isinstance(part, tuple | ast.Range):
            yield from in_parts(part, seen)
