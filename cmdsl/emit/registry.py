"""Backends by name: those that installed distributions offer, or any object given as `module:ATTRIBUTE`."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from importlib.metadata import entry_points

from cmdsl.diagnostics import SpecError, error
from cmdsl.diagnostics.suggest import did_you_mean
from cmdsl.emit.backend import Backend
from cmdsl.ir.nodes import VERSION

GROUP = "cmdsl.backends"


def installed() -> tuple[tuple[str, str], ...]:
    """Give the backends that installed distributions offer, not yet loaded: names, and where they are."""
    found = {point.name: point.value for point in entry_points(group=GROUP)}
    return tuple(sorted(found.items()))


def find(name: str, offered: Iterable[tuple[str, str]] | None = None) -> Backend:
    """Give the backend of that name, or at `module:ATTRIBUTE`; a SpecError says what is wrong with it."""
    places = dict(installed() if offered is None else offered)
    if name in places:
        return _checked(name, places[name])
    if ":" in name:
        return _checked(name, name)
    raise _unknown(name, sorted(places))


def _unknown(name: str, known: list[str]) -> SpecError:
    ways_out = did_you_mean(name, known, "give one of those, or module:ATTRIBUTE for one of your own")
    return error(
        "CM401", f"no backend is called {name}", notes=(f"there are: {', '.join(known) or 'none'}",), help=ways_out
    )


def _checked(name: str, place: str) -> Backend:
    backend = _load(name, place)
    if not isinstance(backend, Backend):
        raise error(
            "CM402",
            f"{place} is not a backend",
            notes=("a backend has name, ir_version, scaffold and package(program)",),
        )
    if backend.ir_version != VERSION:
        raise error(
            "CM403",
            f"the backend {name} reads version {backend.ir_version} of the intermediate representation, not {VERSION}",
            help=f"install a release of it that was made for version {VERSION}",
        )
    return backend


def _load(name: str, place: str) -> object:
    module, _, attribute = place.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as cause:
        way_out = "give a module that Python can import, and the name of the backend in it"
        what = f"the backend {name} can't be loaded from {place}"
        raise error("CM402", what, notes=(str(cause),), help=way_out) from cause
