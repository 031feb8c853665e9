"""The recipe: text, tree, spec, model, certificate, program, package. The only module that knows every stage."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from cmdsl import __version__
from cmdsl.diagnostics import Diagnostic, Severity, SpecError
from cmdsl.emit.backend import Backend
from cmdsl.emit.files import write
from cmdsl.emit.registry import find
from cmdsl.ir.nodes import Program
from cmdsl.ir.optimize import optimize
from cmdsl.lower import Derived, lower
from cmdsl.report import derivation, summary
from cmdsl.sema import Spec, resolve
from cmdsl.sema.imports import read
from cmdsl.symbolic.constants import constants
from cmdsl.symbolic.derive import derive
from cmdsl.symbolic.differentiate import differentiate
from cmdsl.symbolic.freeze import freeze
from cmdsl.symbolic.model import Certificate, Model
from cmdsl.symbolic.prove import diagnostics, prove
from cmdsl.symbolic.stabilize import stabilize
from cmdsl.syntax import parse

RECURSION = 10_000


@frozen
class Checked:
    """A spec that has been derived, proved and lowered."""

    spec: Spec
    model: Model
    certificate: Certificate
    program: Program
    warnings: tuple[Diagnostic, ...]


def check(path: Path, overrides: Mapping[str, str]) -> Checked:
    """Derive, prove and lower a spec; raises SpecError with all that is wrong."""
    sys.setrecursionlimit(max(RECURSION, sys.getrecursionlimit()))
    spec = resolve(parse(str(path), read(path, str(path))), overrides)
    model = derive(spec)
    certificate = prove(model)
    found = diagnostics(certificate, model)
    errors = tuple(d for d in found if d.severity is Severity.ERROR)
    if errors:
        raise SpecError(errors)
    program = lower(spec, for_bodies(stabilize(model)), __version__)
    return Checked(spec, model, certificate, program, found)


def for_bodies(model: Model) -> Derived:
    """Give what lowering takes of a model: its coefficients as IR, its constants, and a way to differentiate."""
    public = frozenset(name for name, coefficient in model.coefficients.items() if coefficient.public)
    return Derived(freeze(model), public, constants(model), lambda e, v, span: differentiate(model, e, v, span))


def report(checked: Checked, colour: bool = False) -> str:
    """Write the derivation and the verdicts for a terminal."""
    return summary(checked.model, checked.certificate, colour)


def imports(checked: Checked) -> tuple[Path, ...]:
    """Give the files that a spec imports, those that they import too."""
    return checked.spec.imports


def package(checked: Checked, backend: Backend) -> dict[str, str]:
    """Give the files of a generated package, by their names."""
    files = backend.package(optimize(checked.program))
    own = {"spec.cm": checked.spec.module.text, "derivation.md": derivation(checked.model, checked.certificate)}
    return {**files, **own}


def compile_spec(
    path: Path,
    backend: str,
    out: Path | None,
    overrides: Mapping[str, str],
    scaffold: bool = False,
    force: bool = False,
) -> tuple[Checked, Path]:
    """Compile a spec to a package on disk; give what was checked and where the package is."""
    printer = find(backend)
    checked = check(path, overrides)
    folder = out or Path("build") / f"{checked.spec.name}_{printer.name}"
    write(folder, package(checked, printer), printer.scaffold, rewrite_scaffold=scaffold, force=force)
    return checked, folder


__all__ = ["Checked", "check", "compile_spec", "imports", "package", "report"]
