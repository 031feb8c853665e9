"""Read the files that a spec imports: beside it or below, never out of its folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from cmdsl.diagnostics import Span, SpecError, error
from cmdsl.diagnostics.collect import Collector
from cmdsl.syntax import ast, parse

LARGEST = 4_000_000
MOST = 64


def read(path: Path, name: str, span: Span | None = None) -> str:
    """Read a source file; raises SpecError where it can't be read as text."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise error("CM001", f"{name} is longer than {LARGEST} characters", span)
        return text.removeprefix("\ufeff")
    except UnicodeDecodeError as broken:
        raise error(
            "CM001", f"{name} is not UTF-8: byte {broken.start} is {broken.object[broken.start]:#04x}", span
        ) from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "not a file name"
        raise error("CM004", f"{name} can't be read: {reason}", span) from None


def imported(module: ast.Module, wrong: Collector) -> dict[Path, ast.Module]:
    """Give the modules that a module imports by their files, each once, what they import before them."""
    done: dict[Path, ast.Module] = {}
    path = Path(module.path).resolve()
    visit(module, path.parent, done, (path,), wrong)
    return done


def visit(
    module: ast.Module, root: Path, done: dict[Path, ast.Module], above: tuple[Path, ...], wrong: Collector
) -> None:
    """Read what a module imports, depth first."""
    for statement in module.statements:
        if isinstance(statement, ast.Import):
            wrong.attempt(partial(bring, statement, root, done, above, wrong))


def bring(
    statement: ast.Import, root: Path, done: dict[Path, ast.Module], above: tuple[Path, ...], wrong: Collector
) -> None:
    """Read the file that a statement imports, and what that imports."""
    path = locate(statement, above[-1].parent, root)
    if path in above:
        raise error("CM117", f'"{statement.path}" imports itself, by way of other files', statement.span)
    if path in done:
        return
    if len(done) >= MOST:
        raise error("CM117", f"more than {MOST} files are imported", statement.span)
    other = only_definitions(parse(statement.path, read(path, f'"{statement.path}"', statement.span)))
    visit(other, root, done, (*above, path), wrong)
    done[path] = other


def locate(statement: ast.Import, folder: Path, root: Path) -> Path:
    """Give the file that is meant, refused where it lies outside the spec's folder."""
    try:
        path = (folder / statement.path).resolve()
    except (OSError, ValueError):
        raise error("CM117", f'"{statement.path}" is not a file name', statement.span) from None
    if Path(statement.path).is_absolute() or not path.is_relative_to(root):
        raise error(
            "CM117",
            f'"{statement.path}" lies outside the folder of the spec',
            statement.span,
            help="import files beside the spec or below it",
        )
    return path


def only_definitions(module: ast.Module) -> ast.Module:
    """Refuse an imported file that holds more than definitions and functions."""
    for statement in module.statements:
        if not isinstance(statement, ast.Definition | ast.FunctionDefinition | ast.Equation | ast.Import | ast.Extern):
            raise SpecError(
                error("CM118", "an imported file holds definitions and functions only", statement.span).diagnostics
            )
    return module
