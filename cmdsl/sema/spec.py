"""A spec, resolved: its statements by what they are, and the definitions that its bodies see."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from attrs import frozen

from cmdsl.diagnostics import Diagnostic, Span
from cmdsl.syntax import ast

Key: TypeAlias = tuple[str, str]
TIME: Key = ("statement", "time")
PROCESS: Key = ("statement", "process")


@frozen
class Spec:
    """What a spec declares; every name is bound once, and what a statement needs is there."""

    module: ast.Module
    name: str
    title: str
    sha256: str
    params: tuple[ast.Param, ...]
    time: ast.Time
    process: ast.Sde | ast.Path
    named: tuple[ast.Equation | ast.FunctionDefinition, ...]
    boundary: ast.Boundary | None
    prior: ast.Prior | None
    precondition: ast.Use | None
    grid: ast.Use | None
    curriculum: ast.Use | None
    objectives: tuple[ast.Use, ...]
    samplers: tuple[ast.Use, ...]
    network: ast.Network | None
    data: ast.Data | None
    asserts: tuple[ast.Assert, ...]
    learned: tuple[ast.Learned, ...]
    library: tuple[ast.Module, ...]  # the prelude, the library, then imported files
    definitions: tuple[ast.Definition, ...]  # of the spec itself and of imported files
    imports: tuple[Path, ...]  # the imported files, found
    refused: Mapping[Key, tuple[Diagnostic, ...]]  # what is wrong with what has that kind (or none) and name
    lost: tuple[Diagnostic, ...]  # why files that should be imported are not

    @property
    def span(self) -> Span:
        """Give the place of the model's name, for what concerns the spec as a whole."""
        first = self.module.statements[0].span if self.module.statements else None
        return first or Span(self.module.path, 1, 1, 1, 1)
