"""Walks over pieces of syntax, whatever nodes they are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

Node = TypeVar("Node")


def parts(node: object) -> Iterator[object]:
    """Yield what a node is made of."""
    if isinstance(node, tuple):
        yield from node
    else:
        names = (f.name for f in getattr(type(node), "__attrs_attrs__", ()))
        yield from (getattr(node, name) for name in names)


def every(kind: type[Node], node: object) -> Iterator[Node]:
    """Yield the nodes of a kind in a piece of syntax, those within others too."""
    if isinstance(node, kind):
        yield node
    yield from (found for part in parts(node) for found in every(kind, part))
