"""Take a text through the whole compiler, for both backends, within a time that shows that nothing hangs."""

from __future__ import annotations

import ast
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from cmdsl.diagnostics import SpecError
from cmdsl.driver import Compilation, mistakes, package
from cmdsl.emit.registry import find

SECONDS = 20  # of processor time: what else the machine does is not counted


class TooLong(Exception):
    """A text that keeps the compiler busy."""


def stopped(number: int, frame: FrameType | None) -> None:
    raise TooLong(f"more than {SECONDS} s")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Stop what takes longer."""
    before = signal.signal(signal.SIGVTALRM, stopped)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def packages(text: str) -> Mapping[str, Mapping[str, str]]:
    """Give the packages of a spec by backend, none if it is refused; whatever else is raised is a failure."""
    with within(SECONDS):
        tried = Compilation("m.cm", text, {})
        try:
            if mistakes(tried):
                return {}
            found = {backend: package(tried, find(backend)) for backend in ("torch", "jax")}
        except SpecError:
            return {}
    for files in found.values():
        for name, source in files.items():
            assert not name.endswith(".py") or ast.parse(source)
    return found


def keep(found: Mapping[str, Mapping[str, str]], folder: Path) -> None:
    """Write packages to a new folder."""
    for backend, files in found.items():
        place = folder / f"{len(list(folder.iterdir()))}_{backend}"
        place.mkdir()
        for name, source in files.items():
            (place / name).write_text(source, encoding="utf-8")
