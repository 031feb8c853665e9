"""The compiler in Python: read a spec, check it, compile it to a module; whatever is wrong is one SpecError."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from types import MappingProxyType, ModuleType

from attrs import field, frozen

from cmdsl import driver
from cmdsl.diagnostics import Diagnostic, Severity, SpecError
from cmdsl.driver import Compilation
from cmdsl.symbolic.model import Status, Verdict


def load(path: str | PathLike[str], overrides: Mapping[str, object] | None = None) -> Spec:
    """Read a spec with what it imports; `overrides` are the values of params by name, as numbers or as texts."""
    return begun(driver.compilation(Path(path), texts(overrides)))


def loads(text: str, overrides: Mapping[str, object] | None = None, path: str = "<spec>") -> Spec:
    """Read a spec from a text; what it imports lies in the folder of `path`."""
    return begun(Compilation(path, text, texts(overrides)))


def texts(overrides: Mapping[str, object] | None) -> Mapping[str, str]:
    """Give the values of params as the language writes them."""
    return {name: str(value) for name, value in (overrides or {}).items()}


def begun(compilation: Compilation) -> Spec:
    """Give a spec whose statements are in their places."""
    with showing(compilation):
        if compilation.surveyed[1]:
            raise SpecError(driver.mistakes(compilation))
        return Spec(compilation.spec.name, compilation)


VERIFICATION = "CM3"  # codes of what is refuted


@contextmanager
def showing(compilation: Compilation) -> Iterator[None]:
    """Let an error show the text that was read, whatever its file has become."""
    try:
        yield
    except SpecError as refused:
        raise SpecError(refused.diagnostics, {compilation.path: compilation.text}) from None


@frozen(repr=False)
class Check:
    """What is proved of a spec; true unless something is refuted."""

    name: str
    verdicts: tuple[Verdict, ...]
    diagnostics: tuple[Diagnostic, ...]  # what is said of all that is not proved
    report: str  # the derivation and the verdicts, as `cmdsl check` prints them

    @property
    def ok(self) -> bool:
        """Tell whether nothing is refuted."""
        return not self.refuted

    @property
    def refuted(self) -> tuple[Verdict, ...]:
        """Give the verdicts for which the spec does not compile."""
        return tuple(v for v in self.verdicts if v.status is Status.REFUTED)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """Give what is said of verdicts that are less than proofs and no refutations."""
        return tuple(d for d in self.diagnostics if d.severity is Severity.WARNING)

    def __bool__(self) -> bool:
        return self.ok

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.verdicts)

    def __len__(self) -> int:
        return len(self.verdicts)

    def __str__(self) -> str:
        return self.report

    def __repr__(self) -> str:
        counts = Counter(v.status.value for v in self.verdicts)
        return f"<Check of {self.name}: {', '.join(f'{n} {status}' for status, n in counts.items()) or 'no claims'}>"


@frozen(repr=False, eq=False)
class Spec:
    """A spec as it was read; later changes to its file are not seen."""

    name: str
    _compilation: Compilation = field(alias="compilation")

    @property
    def path(self) -> Path:
        """Give the file that it was read from."""
        return Path(self._compilation.path)

    @property
    def source(self) -> str:
        """Give the text, with the values of params that were overridden."""
        return self._compilation.spec.module.text

    @property
    def params(self) -> Mapping[str, float]:
        """Give the values of the params."""
        with showing(self._compilation):
            model = self._compilation.model
        return MappingProxyType({name: float(model.values[symbol]) for name, symbol in model.symbols.items()})

    @property
    def derivation(self) -> str:
        """Give all that follows from it and every verdict with its evidence, as Markdown."""
        with showing(self._compilation):
            return driver.derived(self._compilation)

    def check(self) -> Check:
        """Derive, prove and lower it; raises SpecError where that can't be done, not where something is refuted."""
        found = self._compilation
        with showing(found):
            wrong = driver.mistakes(found)
            if not all(d.code.startswith(VERIFICATION) for d in wrong):
                raise SpecError(wrong)
            return Check(self.name, found.certificate.verdicts, found.findings, driver.report(found))

    def compile(
        self,
        backend: str = "torch",
        out: str | PathLike[str] | None = None,
        *,
        scaffold: bool = False,
        force: bool = False,
    ) -> ModuleType:
        """Compile it to a package, and import that; raises SpecError where something is refuted.

        The package is written to the folder `out`, as by `cmdsl compile`; without one, to a folder that is gone when
        this process ends. The module has a name of its own, by content: no compilation disturbs what another one gave.
        """
        with showing(self._compilation):
            folder = None if out is None else Path(out)
            wrong = driver.mistakes(self._compilation)
            if wrong:
                raise SpecError(wrong)
            return driver.module(self._compilation, backend, folder, scaffold, force)

    def __repr__(self) -> str:
        return f"<Spec {self.name} from {self._compilation.path}>"
