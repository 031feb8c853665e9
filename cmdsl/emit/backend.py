"""What a backend is: a name, the version of the representation it reads, and a way to make a package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from cmdsl.ir.nodes import Program


@runtime_checkable
class Backend(Protocol):
    """Turns a Program into the files of an importable package, in memory; needs no framework installed to do so."""

    @property
    def name(self) -> str:
        """What `--backend` calls it, and what the package's name ends in."""

    @property
    def ir_version(self) -> int:
        """The version of the intermediate representation that the backend was written for."""

    @property
    def scaffold(self) -> Mapping[str, str]:
        """The files that are written once and are the user's from then on, by path."""

    def package(self, program: Program) -> dict[str, str]:
        """Make the files of a package from an optimised Program, by path; the compiler writes these anew each time."""
