"""Parse the text of a `.cm` file into its syntax tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from lark import Lark, Token, Tree

from cmdsl.diagnostics import Diagnostic, Span, SpecError, error
from cmdsl.syntax import ast, tables
from cmdsl.syntax.automaton import automaton
from cmdsl.syntax.brackets import DEEPEST, MOST, matched
from cmdsl.syntax.build import Builder
from cmdsl.syntax.reader import Failure, Reader
from cmdsl.syntax.scan import significant, tokens

LARGEST_SOURCE = 100_000  # characters: thousands of lines of mathematics


@cache
def parser() -> Lark:
    """Give the parser of the language, made once."""
    return tables.parser()


def parse(path: str, text: str) -> ast.Module:
    """Parse a source text; raises SpecError with all its CM0xx mistakes where it is not in the language."""
    refuse_large(path, text)
    return parsed(path, text, tokens(parser(), text))[0]


def parsed(path: str, text: str, scanned: Sequence[Token]) -> tuple[ast.Module, Mapping[int, str]]:
    """Parse the tokens of a text; also give what each is, by its offset."""
    brackets = matched(path, significant(scanned))
    if len(brackets.mistakes) == MOST:
        raise SpecError(ordered([diagnostic for _, diagnostic in brackets.mistakes]))
    reader = Reader(brackets.tokens, automaton(parser()))
    tree = reader.read()
    found = mistakes(path, brackets.mistakes, reader.failures)
    if len(reader.failures) == MOST:
        raise SpecError(ordered(found)[:MOST])
    refuse_deep(path, tree)
    builder = Builder(path, text)
    module = builder.transform(tree)
    found += unseen(found, builder.mistakes)
    if found:
        raise SpecError(ordered(found)[:MOST])
    return module, reader.kinds


def mistakes(path: str, brackets: Sequence[tuple[int, Diagnostic]], failures: Sequence[Failure]) -> list[Diagnostic]:
    """Say what is wrong with each statement: the first mistake in it."""
    late = [offset for offset, _ in brackets if any(f.start <= f.offset < offset < f.end for f in failures)]
    early = [offset for offset, _ in brackets if offset not in late]
    found = [diagnostic for offset, diagnostic in brackets if offset in early]
    if failures:
        from cmdsl.syntax.explain import explain  # what most texts don't need

        first = [f for f in failures if not f.absent and not any(f.start <= offset <= f.offset for offset in early)]
        found += [explain(path, parser(), failure) for failure in first]
    return found


def unseen(found: Sequence[Diagnostic], others: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Give those of other mistakes that stand on no line with one that is found."""
    spans = [span for d in found for span in (d.span, *(label.span for label in d.secondary)) if span]
    lines = {span.line for span in spans}
    return [other for other in others if other.span and other.span.line not in lines]


def ordered(diagnostics: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Order diagnostics by their places."""
    return tuple(sorted(diagnostics, key=lambda d: (d.span.line, d.span.column) if d.span else (0, 0)))


def refuse_large(path: str, text: str) -> None:
    """Refuse a text that is no spec by its size or its bytes."""
    if len(text) > LARGEST_SOURCE:
        message = f"the file has {len(text)} characters, and {LARGEST_SOURCE} are allowed"
        raise error("CM001", message, Span(path, 1, 1, 1, 1))
    before, nul, _ = text.partition("\0")
    if nul:
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise error("CM001", "a NUL byte stands here", Span(path, line, column, line, column + 1))


def refuse_deep(path: str, tree: Tree[Token]) -> None:
    """Refuse an expression that is nested too deep to be mathematics."""
    pending: list[tuple[Tree[Token], int]] = [(tree, 0)]
    while pending:
        node, depth = pending.pop()
        if depth > DEEPEST:
            meta = node.meta
            raise error(
                "CM001",
                f"this is nested more than {DEEPEST} deep",
                Span(path, meta.line, meta.column, meta.end_line, meta.end_column),
                help="name its parts",
            )
        pending += [(child, depth + 1) for child in node.children if isinstance(child, Tree)]
