"""The data of any stage as plain data: what JSON can hold, every node by its class, with its span and type."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import singledispatch
from pathlib import Path
from typing import TypeAlias

import sympy as sp
from attrs import fields, has

from cmdsl.diagnostics import Span
from cmdsl.sema import Spec
from cmdsl.symbolic.notation import written
from cmdsl.syntax import ast

Plain: TypeAlias = "bool | int | str | list[Plain] | dict[str, Plain] | None"
NODE = "node"


@singledispatch
def plain(value: object) -> Plain:
    """Give the data of a stage; expressions of sympy and exact numbers are texts."""
    kind = type(value)
    if not has(kind):
        return str(value)
    return {NODE: kind.__name__, **{a.name: inner(getattr(value, a.name)) for a in fields(kind)}}


def inner(value: object) -> Plain:
    """Give the data of a part; what is the data of a stage of its own is only named."""
    match value:
        case ast.Module(path=path):
            return path
        case Spec(name=name):
            return name
    return plain(value)


@plain.register(int)
@plain.register(str)
@plain.register(type(None))
def _(value: bool | int | str | None) -> Plain:
    return value


@plain.register
def _(value: Enum) -> Plain:
    return str(value.value)


@plain.register
def _(value: Path) -> Plain:
    return value.as_posix()


@plain.register
def _(value: Span) -> Plain:
    return {a.name: inner(getattr(value, a.name)) for a in fields(Span)}


@plain.register
def _(value: sp.Basic) -> Plain:
    return written(value)


@plain.register(tuple)
@plain.register(list)
def _(value: tuple[object, ...] | list[object]) -> Plain:
    return [inner(item) for item in value]


@plain.register
def _(value: frozenset) -> Plain:  # type: ignore[type-arg]
    return sorted((inner(item) for item in value), key=str)


@plain.register
def _(value: Mapping) -> Plain:  # type: ignore[type-arg]
    return {str(inner(key)): inner(item) for key, item in value.items()}
