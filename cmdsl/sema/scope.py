"""The scopes of a spec: the compiler's own names, the prelude and library over them, the spec's names within."""

from __future__ import annotations

from cmdsl.sema.instantiate import member
from cmdsl.sema.spec import Spec
from cmdsl.sema.values import Closure, Defined, Env, Refused
from cmdsl.syntax import ast

PRELUDE = "prelude.cm"


def library_scope(spec: Spec, ground: dict[str, object]) -> Env:
    """Give the scope that library bodies see: `ground` (what the algebra provides), the prelude, all definitions.

    A name of `ground` takes the place of the prelude's function of that name.
    """
    outer = Env({})
    for module in spec.library:
        for statement in module.statements:
            if isinstance(statement, ast.Definition):
                outer.definitions[statement.kind, statement.name] = Defined(statement, outer)
            elif isinstance(statement, ast.FunctionDefinition):
                outer.bindings[statement.name] = Closure(
                    statement.name, statement.parameters, statement.body, outer, statement.span, None, True
                )
    outer.bindings.update(ground)
    return outer


def spec_scope(spec: Spec, ground: dict[str, object]) -> Env:
    """Give the scope of the spec itself; params are among `ground`."""
    inner = library_scope(spec, ground).child()
    for definition in spec.definitions:
        key = definition.kind, definition.name
        inner.definitions[key] = Defined(definition, inner, spec.refused.get(key, ()))
    for statement in (*spec.named, *spec.learned):
        inner.bindings[statement.name] = member(statement, inner)
    inner.bindings |= {name: Refused(why) for (kind, name), why in spec.refused.items() if not kind}
    inner.lost = spec.lost
    return inner
