"""The definitions that a spec uses: those that it names, and those that these name in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import evolve, frozen

from cmdsl.sema.instantiate import KINDS, match, parts
from cmdsl.sema.reserved import RESERVED
from cmdsl.sema.spec import Key, Spec
from cmdsl.syntax import ast
from cmdsl.syntax.walk import every


@frozen
class Place:
    """Where a reference stands: the definitions that are seen there, the names that are bound, what it stands in."""

    known: Mapping[Key, ast.Definition]
    bound: frozenset[str] = RESERVED
    above: tuple[ast.Definition, ...] = ()

    def within(self, definition: ast.Definition) -> Place:
        """Go into a definition."""
        own = RESERVED | {p.name for p in definition.parameters}
        return evolve(self, bound=own, above=(*self.above, definition))


def used(spec: Spec) -> tuple[ast.Definition, ...]:
    """Give the definitions that a spec uses, each once, in the order in which they are met."""
    library = (s for m in spec.library for s in m.statements if isinstance(s, ast.Definition))
    place = Place({(d.kind, d.name): d for d in (*library, *spec.definitions)})
    uses = (u for s in spec.module.statements if isinstance(s, ast.Use) for u in every(ast.Use, s))
    met = (d for u in uses if u.reference is not None for d in reached(u.kind, u.reference, place))
    return tuple({(d.kind, d.name): d for d in met}.values())


def reached(kind: str, reference: ast.Name | ast.Call, place: Place) -> Iterator[ast.Definition]:
    """Yield the definition that is referred to, and those that its arguments, defaults and draws refer to."""
    name, arguments = parts(reference)
    definition = place.known.get((kind, name))
    if definition is None or definition in place.above:
        return
    yield definition
    inner = place.within(definition)
    given = match(definition, arguments, reference.span)
    for p in definition.parameters:
        argument = given.get(p.name)
        if argument is not None and argument.parameters is None:
            yield from passed(p.name, argument.value, place)
        elif argument is None and p.default is not None and p.parameters is None:
            yield from passed(p.name, p.default, inner)
    if definition.reference is not None:
        yield from reached(kind, definition.reference, inner)
    for draw in every(ast.Draw, definition.body):
        yield from referred(("proposal",), draw.distribution, inner, inner.bound)


def passed(name: str, value: ast.Expr, place: Place) -> Iterator[ast.Definition]:
    """Yield what a parameter's value refers to; that of a parameter named after a kind is first one of the kind."""
    if name in KINDS:
        yield from referred((name,), value, place, frozenset())
    else:
        yield from referred(KINDS, value, place, place.bound)


def referred(kinds: tuple[str, ...], value: ast.Expr, place: Place, bound: frozenset[str]) -> Iterator[ast.Definition]:
    """Yield what an expression refers to, if it names a definition of one of the kinds."""
    target = value.function if isinstance(value, ast.Call) else value
    if isinstance(value, ast.Name | ast.Call) and isinstance(target, ast.Name) and target.id not in bound:
        kind = next((k for k in kinds if (k, target.id) in place.known), None)
        yield from reached(kind, value, place) if kind is not None else ()
