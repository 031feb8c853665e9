"""The recipe: text, tree, spec, model, certificate, program, package. The only module that knows every stage."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from pathlib import Path
from types import ModuleType

from attrs import field, frozen

from cmdsl import __version__
from cmdsl.diagnostics import Diagnostic, Severity, SpecError
from cmdsl.diagnostics.collect import Collector, in_order
from cmdsl.emit.backend import Backend
from cmdsl.emit.files import write
from cmdsl.emit.importing import imported, place, unique
from cmdsl.emit.registry import find
from cmdsl.ir.nodes import Function, Program
from cmdsl.ir.optimize import optimize
from cmdsl.lower import Derived, lower
from cmdsl.lower.underived import underived
from cmdsl.report import derivation, json_text, summary, text
from cmdsl.sema import Spec
from cmdsl.sema.imports import read
from cmdsl.sema.overrides import noted
from cmdsl.sema.resolve import survey
from cmdsl.symbolic.constants import constants
from cmdsl.symbolic.derive import derive
from cmdsl.symbolic.differentiate import differentiate
from cmdsl.symbolic.freeze import freeze
from cmdsl.symbolic.integrate import integrate
from cmdsl.symbolic.model import Certificate, Model
from cmdsl.symbolic.prove import diagnostics, prove
from cmdsl.symbolic.stabilize import stabilize
from cmdsl.syntax import parse
from cmdsl.syntax.ast import Module
from cmdsl.syntax.names import ascii_name

RECURSION = 10_000


def in_ascii(overrides: Mapping[str, str]) -> dict[str, str]:
    """Give params the names that the spec knows them by: `σ_data` is `sigma_data`."""
    return {ascii_name(name): value for name, value in overrides.items()}


@frozen(slots=False)
class Compilation:
    """A spec on its way: each stage runs once, when its data is first asked for, and those before it too."""

    path: str
    text: str
    overrides: Mapping[str, str] = field(converter=in_ascii)

    def __attrs_post_init__(self) -> None:
        sys.setrecursionlimit(max(RECURSION, sys.getrecursionlimit()))

    @cached_property
    def module(self) -> Module:
        """The syntax tree."""
        return parse(self.path, self.text)

    @cached_property
    def surveyed(self) -> tuple[Spec, tuple[Diagnostic, ...]]:
        """The statements in their places as far as they have one, and what is wrong with them."""
        return survey(self.module, self.overrides)

    @cached_property
    def spec(self) -> Spec:
        """The statements in their places, with the library and what is imported."""
        spec, wrong = self.surveyed
        if wrong:
            raise SpecError(wrong)
        return spec

    @cached_property
    def model(self) -> Model:
        """The mathematics that follows from the spec."""
        return derive(self.spec)

    @cached_property
    def certificate(self) -> Certificate:
        """The verdict on every obligation, whatever it is."""
        return prove(self.model)

    @cached_property
    def findings(self) -> tuple[Diagnostic, ...]:
        """What is said of the verdicts that are not proofs: errors and warnings."""
        return diagnostics(self.certificate, self.model)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What is less than proved, and yet no error."""
        return tuple(d for d in self.findings if d.severity is Severity.WARNING)

    @cached_property
    def stable(self) -> Model:
        """The model in forms that keep their digits; no model that is refuted has one."""
        errors = tuple(d for d in self.findings if d.severity is Severity.ERROR)
        if errors:
            raise SpecError(errors)
        return stabilize(self.model)

    @cached_property
    def coefficients(self) -> Mapping[str, Function]:
        """The coefficients of the model as functions of the IR."""
        return freeze(self.stable)

    @cached_property
    def program(self) -> Program:
        """The bodies of objectives, solvers and samplers over the coefficients."""
        return lower(self.spec, for_bodies(self.stable, self.coefficients), __version__)

    @cached_property
    def optimized(self) -> Program:
        """The program as backends print it."""
        return optimize(self.program)


def compilation(path: Path, overrides: Mapping[str, str]) -> Compilation:
    """Read a spec, to be taken as far as is asked."""
    return Compilation(str(path), read(path, str(path)), overrides)


def check(path: Path, overrides: Mapping[str, str]) -> Compilation:
    """Derive, prove and lower a spec; raises SpecError with all that is wrong."""
    checked = compilation(path, overrides)
    wrong = mistakes(checked)
    if wrong:
        raise SpecError(wrong)
    return checked


def mistakes(checked: Compilation) -> tuple[Diagnostic, ...]:
    """Give all that is wrong: each stage is taken as far as the mistakes before it allow."""
    spec, found = checked.surveyed
    wrong = Collector([*found])
    model = wrong.attempt(lambda: derive(spec) if found else checked.model)
    sound = model is not None and {d.code for d in found} <= {"CM101", "CM102"}
    proved = wrong.attempt(partial(findings, checked, model)) if model is not None and sound else None
    wrong.found += [d for d in proved or () if d.severity is Severity.ERROR]
    if wrong.found:
        bodies = wrong.attempt(lambda: for_bodies(model, freeze(model))) if model is not None else None
        wrong.attempt(lambda: lower(spec, bodies or underived(spec), __version__))
    else:
        wrong.attempt(lambda: checked.program)
    return in_order(noted(wrong.found, checked.module, checked.overrides), checked.path)


def findings(checked: Compilation, model: Model) -> tuple[Diagnostic, ...]:
    """Give what is said of the verdicts on a model; that of a spec without mistakes in its names is kept."""
    return diagnostics(prove(model), model) if checked.surveyed[1] else checked.findings


def for_bodies(model: Model, coefficients: Mapping[str, Function]) -> Derived:
    """Give what lowering takes of a model: its coefficients as IR, its constants, and calculus."""
    public = frozenset(name for name, coefficient in model.coefficients.items() if coefficient.public)
    return Derived(coefficients, public, constants(model), partial(differentiate, model), partial(integrate, model))


def report(checked: Compilation, colour: bool = False) -> str:
    """Write the derivation and the verdicts for a terminal."""
    return summary(checked.model, checked.certificate, colour)


def imports(checked: Compilation) -> tuple[Path, ...]:
    """Give the files that a spec imports, those that they import too."""
    return checked.spec.imports


def derived(checked: Compilation) -> str:
    """Write the derivation with every verdict and its evidence, as Markdown."""
    return derivation(checked.model, checked.certificate)


def package(checked: Compilation, backend: Backend) -> dict[str, str]:
    """Give the files of a generated package, by their names."""
    files = backend.package(checked.optimized)
    own = {"spec.cm": checked.spec.module.text, "derivation.md": derived(checked)}
    return {**files, **own}


def compile_spec(
    path: Path,
    backend: str,
    out: Path | None,
    overrides: Mapping[str, str],
    scaffold: bool = False,
    force: bool = False,
) -> tuple[Compilation, Path]:
    """Compile a spec to a package on disk; give what was checked and where the package is."""
    printer = find(backend)
    checked = check(path, overrides)
    folder = out or Path("build") / f"{checked.spec.name}_{printer.name}"
    write(folder, package(checked, printer), printer.scaffold, rewrite_scaffold=scaffold, force=force)
    return checked, folder


def module(checked: Compilation, backend: str, out: Path | None, scaffold: bool, force: bool) -> ModuleType:
    """Compile a spec to a package and import it; without `out`, from a folder that lasts as long as this process."""
    printer = find(backend)
    files = package(checked, printer)
    called = f"{checked.spec.name}_{printer.name}"
    name = unique(called, files, out)
    if out is None and name in sys.modules:
        return sys.modules[name]
    with place(out, called) as folder:
        write(folder, files, printer.scaffold, rewrite_scaffold=scaffold, force=force)
        return imported(name, folder)


STAGES: Mapping[str, Callable[[Compilation, Backend], object]] = {
    "parse": lambda c, _: c.module,
    "resolve": lambda c, _: c.spec,
    "derive": lambda c, _: c.model,
    "prove": lambda c, _: c.certificate,
    "stabilize": lambda c, _: c.stable,
    "freeze": lambda c, _: c.coefficients,
    "lower": lambda c, _: c.program,
    "optimize": lambda c, _: c.optimized,
    "emit": package,
}


def dump(compilation: Compilation, stage: str, backend: str, as_json: bool) -> str:
    """Write the data of a stage, for people or as JSON; raises SpecError where it is not reached."""
    data = STAGES[stage](compilation, find(backend))
    return json_text(data) if as_json else text(data)


__all__ = [
    "STAGES",
    "Compilation",
    "check",
    "compilation",
    "compile_spec",
    "derived",
    "dump",
    "imports",
    "mistakes",
    "module",
    "package",
    "report",
]
