"""Refuse in the bodies of definitions what has no place there, and names that are bound twice or are the language's."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator

from cmdsl.diagnostics import Diagnostic, Label, Span, error
from cmdsl.sema.instantiate import with_article
from cmdsl.syntax import ast

COMMON: tuple[type[ast.Statement], ...] = (ast.Equation, ast.FunctionDefinition, ast.Assert)
PLACES: dict[str, tuple[type[ast.Statement], ...]] = {
    "precondition": (*COMMON, ast.Derive),
    "grid": COMMON,
    "curriculum": COMMON,
    "proposal": (*COMMON, ast.Draw),
    "weight": (*COMMON, ast.Learned),
    "metric": (*COMMON, ast.Learned, ast.Extern),
    "solver": COMMON,
    "objective": (*COMMON, ast.Draw, ast.Learned, ast.Minimize),
    "sampler": (*COMMON, ast.Draw, ast.For, ast.Return),
}
WORDS: dict[type[ast.Statement], str] = {
    ast.Derive: "`derive`",
    ast.Draw: "a draw",
    ast.Learned: "`learned`",
    ast.Minimize: "`minimize`",
    ast.For: "a loop",
    ast.Return: "`return`",
    ast.Use: "a definition",
}
COEFFICIENTS = frozenset(["c_skip", "c_out", "c_in", "c_noise"])
# what a definition of that kind is there to define, or may call its own
OWN = {
    "precondition": COEFFICIENTS,
    "grid": frozenset(["node"]),
    "curriculum": frozenset(["N"]),
    "sampler": frozenset(["N"]),
}
LOCAL = frozenset(["x"])  # the language's name for a state is everyone's
EXTERN = 'write `extern metric NAME = "package.module:attribute"`, in plain names of Python'
PLAIN = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]*")
EQUATIONS = (ast.Equation, ast.FunctionDefinition, ast.Derive)


def check_definition(definition: ast.Definition, reserved: frozenset[str]) -> list[Diagnostic]:
    """Find what is wrong with a definition whatever its parameters are."""
    parameters = [(p.name, p.at) for p in definition.parameters]
    functions = [(p.parameters, p.at) for p in definition.parameters if p.parameters]
    functions += [(s.parameters, s.at) for s in definition.body if isinstance(s, ast.FunctionDefinition | ast.Learned)]
    names = [*parameters, *(pair for s in definition.body for pair in binds(s))]
    allowed = OWN.get(definition.kind, frozenset()) | LOCAL
    sequential = definition.kind == "sampler"
    return [
        *misplaced(definition.body, PLACES.get(definition.kind, ()), with_article(definition.kind)),
        *twice(parameters if sequential else names),
        *taken(names, reserved - allowed),
        *(d for given, span in functions for d in twice([(name, span) for name in given])),
        *(d for s in definition.body if isinstance(s, ast.FunctionDefinition) for d in hiding(s, dict(names))),
    ]


def check_use(use: ast.Use) -> list[Diagnostic]:
    """Find what is wrong in the braces of a use: equations of a precondition, or an objective's curriculum and grid."""
    if use.kind == "precondition":
        names = [pair for s in use.body for pair in binds(s)]
        return [*misplaced(use.body, EQUATIONS, "a precondition"), *twice(names)]
    kinds = [(f"{s.kind} …", s.span) for s in use.body if isinstance(s, ast.Use)]
    return [*misplaced(use.body, (ast.Use,), f"the braces of {with_article(use.kind)}"), *twice(kinds)]


def check_extern(statement: ast.Extern) -> Iterator[Diagnostic]:
    """Check that what is written in Python is a metric, named in plain words: they are emitted."""
    parts = statement.target.split(":")
    words = [word for part in parts for word in part.split(".")]
    if statement.kind != "metric":
        yield from error("CM123", "only a metric can be written in Python", statement.span, help=EXTERN).diagnostics
    elif len(parts) != 2 or not all(PLAIN.fullmatch(word) and not keyword.iskeyword(word) for word in words):
        said = f'"{statement.target}" does not name a callable of a module'
        yield from error("CM123", said, statement.span, help=EXTERN).diagnostics


def binds(statement: ast.Statement) -> Iterator[tuple[str, Span]]:
    """Give the names that a statement binds."""
    match statement:
        case ast.Equation() | ast.FunctionDefinition() | ast.Draw() | ast.Learned():
            yield statement.name, statement.at
        case ast.Derive():
            yield from ((name, statement.span) for name in statement.names)


def misplaced(
    body: tuple[ast.Statement, ...], places: tuple[type[ast.Statement], ...], where: str
) -> Iterator[Diagnostic]:
    """Refuse statements of other kinds than these."""
    for statement in body:
        if places and not isinstance(statement, places):
            what = WORDS.get(type(statement), "an equation")
            homes = [with_article(kind) for kind, kinds in PLACES.items() if isinstance(statement, kinds)]
            homes += ["the steps of a solver"] * isinstance(statement, ast.Return)
            way_out = f"{what} stands in {' or '.join(homes)}" if 0 < len(homes) < len(PLACES) else ""
            yield from error("CM122", f"{what} has no place in {where}", statement.span, help=way_out).diagnostics


def hiding(function: ast.FunctionDefinition, names: dict[str, Span]) -> Iterator[Diagnostic]:
    """Refuse an argument of a function that hides what its definition calls by that name."""
    for name in function.parameters:
        if name in names:
            yield from error(
                "CM112",
                f"the argument `{name}` of `{function.name}` hides the `{name}` of the definition",
                function.at,
                secondary=(Label(names[name], "this one"),),
                help="give one of them another name",
            ).diagnostics


def twice(names: list[tuple[str, Span]]) -> Iterator[Diagnostic]:
    """Refuse a second binding of a name."""
    seen: dict[str, Span] = {}
    for name, span in names:
        if name in seen:
            yield from given_twice(f"`{name}`", span, seen[name])
        seen.setdefault(name, span)


def given_twice(what: str, span: Span, first: Span) -> tuple[Diagnostic, ...]:
    """Say that something is given a second time, and where it was first."""
    places = (Label(first, "first here"),) if first != span else ()
    return error("CM112", f"{what} is given twice", span, secondary=places, help="keep one of the two").diagnostics


def taken(names: list[tuple[str, Span]], reserved: frozenset[str]) -> Iterator[Diagnostic]:
    """Refuse to bind a name of the language."""
    for name, span in names:
        if name in reserved:
            yield from error(
                "CM113",
                f"`{name}` is a name of the language and can't be bound",
                span,
                help="choose another name",
            ).diagnostics
