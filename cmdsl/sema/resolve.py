"""Sort the statements of a spec, refuse what is bound twice or missing, and bring in the library and imports."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from cmdsl.diagnostics import Diagnostic, Span, SpecError, error
from cmdsl.diagnostics.collect import Collector, in_order
from cmdsl.diagnostics.suggest import did_you_mean, nearest
from cmdsl.sema.bodies import check_definition, check_extern, check_use, given_twice, taken, twice
from cmdsl.sema.crowds import MOST, crowds
from cmdsl.sema.imports import imported
from cmdsl.sema.instantiate import KINDS
from cmdsl.sema.overrides import override
from cmdsl.sema.reserved import PRELUDE, RESERVED
from cmdsl.sema.spec import PROCESS, TIME, Key, Spec
from cmdsl.sema.undefined import undefined
from cmdsl.syntax import ast, parse

S = TypeVar("S", bound=ast.Statement)
DEFINING = ast.Definition | ast.Extern
BINDING = ast.Param | ast.Time | ast.Equation | ast.FunctionDefinition | ast.Learned
FIELDS = {ast.Sde: (("drift", "diffusion"), ("variance",)), ast.Path: (("alpha", "sigma"), ())}


def resolve(module: ast.Module, overrides: Mapping[str, str] | None = None) -> Spec:
    """Give the spec that a module declares; `overrides` replace the values of params by name."""
    spec, problems = survey(module, overrides)
    if problems:
        raise SpecError(problems)
    return spec


def survey(module: ast.Module, overrides: Mapping[str, str] | None = None) -> tuple[Spec, tuple[Diagnostic, ...]]:
    """Give the spec as far as it is one, and all that is wrong with its statements and names.

    What is refused is kept by its name, or by kind and name: to use it is the same mistake, and is said once.
    """
    module = override(module, overrides or {})
    wrong = Collector()
    others = imported(module, wrong)
    lost = tuple(wrong.found)
    everything = (*others.values(), module)
    found = [
        *crowds(module),
        *duplicates(everything),
        *(d for m in everything for d in (*unknown_fields(m), *bodies(m))),
    ]
    refused = refusals(everything, found)
    refused |= {known_as(p): tuple(crowds(module)) for p in of(module.statements, ast.Param)[MOST:]}
    absent = tuple(missing(module))
    refused |= {TIME: absent} if not of(module.statements, ast.Time) else {}
    refused |= {PROCESS: absent} if not any(isinstance(s, ast.Sde | ast.Path) for s in module.statements) else {}
    spec = assemble(module, others, refused, lost)
    names = () if lost else undefined(spec)
    return spec, in_order((*lost, *found, *absent, *names), module.path)


def refusals(modules: Iterable[ast.Module], found: Iterable[Diagnostic]) -> dict[Key, tuple[Diagnostic, ...]]:
    """Give what is wrong by the statement that it is in, as that is known to others."""
    refused: dict[Key, tuple[Diagnostic, ...]] = {}
    statements = {module.path: module.statements for module in modules}
    starts = {path: [(s.span.line, s.span.column) for s in inner] for path, inner in statements.items()}
    for diagnostic in found:
        if (at := diagnostic.span) is not None and at.path in starts:
            place = bisect_right(starts[at.path], (at.line, at.column)) - 1
            key = known_as(statements[at.path][max(place, 0)])
            refused[key] = (*refused.get(key, ()), diagnostic)
    return refused


def known_as(statement: ast.Statement) -> Key:
    """Give how others refer to a statement: by a name, by kind and name, or as the time or the process."""
    match statement:
        case ast.Definition(kind, name) | ast.Extern(kind, name):
            return kind, name
        case ast.Sde() | ast.Path():
            return PROCESS
        case ast.Time():
            return TIME
    return "", statement.name if isinstance(statement, BINDING) else ""


def assemble(
    module: ast.Module,
    others: Mapping[Path, ast.Module],
    refused: Mapping[Key, tuple[Diagnostic, ...]],
    lost: tuple[Diagnostic, ...],
) -> Spec:
    """Put the statements in their places; names that are refused have no statement."""
    uses = of(module.statements, ast.Use)
    process: list[ast.Sde | ast.Path] = [*of(module.statements, ast.Sde), *of(module.statements, ast.Path)]
    everything = [s for m in (*others.values(), module) for s in m.statements if known_as(s) not in refused]
    declared = [s for s in module.statements if known_as(s) not in refused]
    return Spec(
        module=module,
        name=next((s.name for s in of(module.statements, ast.Model)), ""),
        title=title(module.text),
        sha256=digest(module, tuple(others.values())),
        params=of(declared, ast.Param),
        time=next(iter(of(module.statements, ast.Time)), anytime(module)),
        process=next(iter(process), ast.Path((), anytime(module).span)),
        named=tuple(s for s in everything if isinstance(s, ast.Equation | ast.FunctionDefinition)),
        boundary=first(of(module.statements, ast.Boundary)),
        prior=first(of(module.statements, ast.Prior)),
        precondition=first(u for u in uses if u.kind == "precondition"),
        grid=first(u for u in uses if u.kind == "grid"),
        curriculum=first(u for u in uses if u.kind == "curriculum"),
        objectives=tuple(u for u in uses if u.kind == "objective")[:MOST],
        samplers=tuple(u for u in uses if u.kind == "sampler")[:MOST],
        network=first(of(module.statements, ast.Network)),
        data=first(of(module.statements, ast.Data)),
        asserts=of(module.statements, ast.Assert)[:MOST],
        learned=of(declared, ast.Learned),
        library=library(),
        definitions=tuple(
            defining(s) for m in (*others.values(), module) for s in m.statements if isinstance(s, DEFINING)
        ),
        imports=tuple(others),
        refused=refused,
        lost=lost,
    )


def anytime(module: ast.Module) -> ast.Time:
    """Stand in for a time that is not declared."""
    at = Span(module.path, 1, 1, 1, 1)
    ends = ast.Range(ast.Number("0", at), ast.Number("1", at), False, False, at)
    return ast.Time("t", ends, at, at)


def defining(statement: ast.Definition | ast.Extern) -> ast.Definition:
    """Give a definition; one that is written in Python has the statement that says so as its body."""
    if isinstance(statement, ast.Definition):
        return statement
    return ast.Definition(statement.kind, statement.name, (), (statement,), None, statement.span, statement.span)


def of(statements: Iterable[ast.Statement], kind: type[S]) -> tuple[S, ...]:
    """Give the statements of one kind."""
    return tuple(s for s in statements if isinstance(s, kind))


def first(items: Iterable[S]) -> S | None:
    """Give the first of the items, or None."""
    return next(iter(items), None)


def title(text: str) -> str:
    """Give the comment at the head of a spec."""
    line = text.lstrip().split("\n", 1)[0]
    return line.lstrip("# ").strip() if line.startswith("#") else ""


def digest(module: ast.Module, others: tuple[ast.Module, ...]) -> str:
    """Hash the text of a spec and of what it imports."""
    return hashlib.sha256("\0".join(m.text for m in (module, *others)).encode()).hexdigest()


@cache
def library() -> tuple[ast.Module, ...]:
    """Give the language's own library, parsed."""
    room = files("cmdsl.library")
    names = sorted(entry.name for entry in room.iterdir() if entry.name.endswith(".cm"))
    return tuple(parse(f"library/{name}", room.joinpath(name).read_text(encoding="utf-8")) for name in names)


@cache
def shared() -> frozenset[str]:
    """Give the functions that bodies of the library share."""
    return frozenset(s.name for module in library() for s in of(module.statements, ast.FunctionDefinition))


def duplicates(modules: tuple[ast.Module, ...]) -> list[Diagnostic]:
    """Find what is bound or stated twice, and reserved names."""
    problems: list[Diagnostic] = []
    seen: dict[str, Span] = {}
    for statement in (s for module in modules for s in module.statements):
        for key in identities(statement):
            problems += given_twice(key, named_at(statement), seen[key]) if key in seen else ()
            seen.setdefault(key, named_at(statement))
        if isinstance(statement, BINDING):
            names = RESERVED | PRELUDE | shared() if isinstance(statement, ast.Param) else RESERVED
            problems += taken([(statement.name, statement.at)], names)
    return problems


def named_at(statement: ast.Statement) -> Span:
    """Give the place of what a statement binds or refers to: its name, where it has one."""
    if isinstance(statement, BINDING | ast.Definition):
        return statement.at
    if isinstance(statement, ast.Use) and statement.reference is not None:
        return statement.reference.span
    return statement.span


def identities(statement: ast.Statement) -> tuple[str, ...]:
    """Give what a statement binds or states, as a reader would call it."""
    match statement:
        case ast.Param(name) | ast.Equation(name) | ast.FunctionDefinition(name) | ast.Learned(name):
            return (f"`{name}`",)
        case ast.Time(name):
            return f"`{name}`", "the statement `time …`"
        case ast.Definition(kind, name) | ast.Extern(kind, name):
            return (f"the definition of {kind} `{name}`",)
        case ast.Sde() | ast.Path():
            return ("the process",)
        case ast.Use(kind, alias, reference):
            called = reference.function if isinstance(reference, ast.Call) else reference
            name = alias or (called.id if isinstance(called, ast.Name) else "")
            return (f"the {kind} `{name}`" if kind in ("objective", "sampler") else f"the {kind}",)
        case ast.Model() | ast.Boundary() | ast.Prior() | ast.Network() | ast.Data():
            return (f"the statement `{type(statement).__name__.lower()} …`",)
    return ()


METHODS = "write `by shift` or `by none`, or nothing: then a family in alpha(t) and sigma(t) is shifted"
NEEDED = {
    "model": ("`model NAME`", (ast.Model,)),
    "time": ("`time t in [0, T]`", (ast.Time,)),
    "process": ("`sde { drift = …  diffusion = … }` or `path { alpha = …  sigma = … }`", (ast.Sde, ast.Path)),
}


def bodies(module: ast.Module) -> list[Diagnostic]:
    """Find what has no place in the bodies of definitions and functions, and what they bind twice."""
    problems: list[Diagnostic] = []
    for statement in module.statements:
        match statement:
            case ast.Definition():
                problems += check_definition(statement, RESERVED)
            case ast.Use():
                problems += check_use(statement)
            case ast.FunctionDefinition(_, parameters) | ast.Learned(_, parameters):
                problems += twice([(name, statement.at) for name in parameters])
    return problems


def missing(module: ast.Module) -> list[Diagnostic]:
    """Find the statements that every spec needs, or this one, and that it lacks."""
    head = [*of(module.statements, ast.Model), *module.statements]
    at = head[0].span if head else Span(module.path, 1, 1, 1, 1)
    absent = [text for text, kinds in NEEDED.values() if not any(isinstance(s, kinds) for s in module.statements)]
    problems = [*error("CM114", f"the spec lacks {', and '.join(absent)}", at).diagnostics] if absent else []
    family = first(s for s in of(module.statements, ast.Use) if s.kind == "precondition")
    if family is not None and not of(module.statements, ast.Boundary):
        problems += error(
            "CM114",
            "the spec lacks `boundary EXPR`: the time at which the preconditioning makes f the identity",
            family.reference.span if family.reference is not None else family.span,
            help="write `boundary epsilon`, or `boundary 0`",
        ).diagnostics
    return problems


def unknown_fields(module: ast.Module) -> list[Diagnostic]:
    """Find fields of `sde` and `path` that are none or lacking, kinds that are none, and statements out of place."""
    problems: list[Diagnostic] = []
    for statement in module.statements:
        if isinstance(statement, ast.Sde | ast.Path):
            problems += fields(statement)
        if isinstance(statement, ast.Boundary) and statement.method not in (None, "shift", "none"):
            problems += error(
                "CM116", f"there is no way `{statement.method}` to meet the boundary", statement.span, help=METHODS
            ).diagnostics
        if isinstance(statement, ast.Extern):
            problems += check_extern(statement)
        if isinstance(statement, ast.Definition) and statement.kind not in KINDS:
            problems += error(
                "CM116",
                f"there is no kind `{statement.kind}`",
                statement.at,
                help=did_you_mean(statement.kind, KINDS, f"kinds: {', '.join(KINDS)}"),
            ).diagnostics
    return problems


def fields(statement: ast.Sde | ast.Path) -> list[Diagnostic]:
    """Check the fields of the process."""
    needed, optional = FIELDS[type(statement)]
    kind = type(statement).__name__.lower()
    names = [e.name for e in statement.equations if isinstance(e, ast.Equation | ast.FunctionDefinition)]
    problems = [d for e in statement.equations for d in field(kind, e, (*needed, *optional))]
    problems += twice([(e.name, e.at) for e in statement.equations if isinstance(e, ast.Equation)])
    meant = {nearest(n, (*needed, *optional)) for n in names}
    lacking = [f"`{name}`" for name in needed if name not in {*names, *meant}]
    if lacking:
        way_out = f"write {' and '.join(f'`{name} = …`' for name in needed)} in it"
        problems += error("CM114", f"`{kind}` lacks {' and '.join(lacking)}", statement.span, help=way_out).diagnostics
    return problems


def field(kind: str, entry: ast.Statement, known: tuple[str, ...]) -> tuple[Diagnostic, ...]:
    """Check one field of the process."""
    listed = f"its fields: {', '.join(known)}"
    if isinstance(entry, ast.FunctionDefinition) and entry.name in known:
        way_out = f"write `{entry.name} = …`; it is a function of time{' and x' * (entry.name == 'drift')} anyway"
        return error("CM116", f"`{entry.name}` is a field, and takes no arguments", entry.at, help=way_out).diagnostics
    if not isinstance(entry, ast.Equation):
        return error("CM116", f"this is no field of `{kind}`", entry.span, help=listed).diagnostics
    if entry.name not in known:
        way_out = did_you_mean(entry.name, known, listed)
        return error("CM116", f"`{kind}` has no field `{entry.name}`", entry.at, help=way_out).diagnostics
    return ()
