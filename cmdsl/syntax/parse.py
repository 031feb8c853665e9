"""Parse the text of a `.cm` file into its syntax tree."""

from __future__ import annotations

from functools import cache

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from cmdsl.diagnostics import Span, SpecError, error
from cmdsl.syntax import ast, tables
from cmdsl.syntax.build import Builder

LARGEST_SOURCE = 1_000_000
DEEPEST = 120


@cache
def parser() -> Lark:
    """Give the parser of the language, made once."""
    return tables.parser()


def parse(path: str, text: str) -> ast.Module:
    """Parse a source text; raises SpecError with a CM0xx code where it is not in the language."""
    refuse_oversized(path, text)
    try:
        tree = parser().parse(text)
        refuse_deep(path, tree)
        return Builder(path, text).transform(tree)
    except UnexpectedInput as unexpected:
        raise explain(path, text, unexpected) from None
    except VisitError as visit:
        raise visit.orig_exc if isinstance(visit.orig_exc, SpecError) else visit from None


def refuse_oversized(path: str, text: str) -> None:
    """Refuse a text that is no spec by its size or its bytes."""
    if len(text) > LARGEST_SOURCE:
        raise error(
            "CM001", f"the file has {len(text)} characters, and {LARGEST_SOURCE} are allowed", Span(path, 1, 1, 1, 1)
        )
    brackets = 0
    for line_number, line in enumerate(text.split("\n"), 1):
        for column, letter in enumerate(line, 1):
            brackets += (letter in "([{") - (letter in ")]}")
            if letter == "\0" or brackets > DEEPEST:
                what = "a NUL byte stands here" if letter == "\0" else f"brackets are nested more than {DEEPEST} deep"
                raise error("CM001", what, Span(path, line_number, column, line_number, column + 1))


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


KINDS = {
    "_NL": "the end of the line",
    "NAME": "a name",
    "PATH": "a name",
    "NUMBER": "a number",
    "STRING": 'a text in "quotes"',
    "SIGN": "`+` or `-`",
    "TIMES": "`*` or `/`",
    "COMPARISON": "a comparison",
    "SUPERSCRIPT": "a power",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "LSQB": "`[`",
    "RSQB": "`]`",
    "LBRACE": "`{`",
    "RBRACE": "`}`",
    "EQUAL": "`=`",
    "TILDE": "`~`",
    "COMMA": "`,`",
    "DOT": "`.`",
    "CIRCUMFLEX": "`^`",
    "$END": "the end of the file",
}
VALUE_STARTS = frozenset(["NUMBER", "NAME", "LPAR"])
OPERATORS = frozenset(["SIGN", "TIMES", "COMPARISON", "CIRCUMFLEX", "SUPERSCRIPT", "AND", "OR", "DOT", "LPAR"])


def explain(path: str, text: str, unexpected: UnexpectedInput) -> SpecError:
    """Say what stands there and what was expected."""
    match unexpected:
        case UnexpectedToken(token=token, accepts=accepts, expected=expected):
            found = (
                KINDS["$END"]
                if token.type == "$END"
                else KINDS["_NL"]
                if token.type == "_NL"
                else f"`{shown(str(token))}`"
            )
            span = place(path, text, token)
            wanted = expectation(set(accepts or expected))
            return error("CM002", f"expected {wanted}, found {found}", span, label=f"expected {wanted}")
        case UnexpectedCharacters(line=line, column=column, char=char):
            return error(
                "CM001",
                f"`{shown(char)}` is not a character of the language here",
                Span(path, line, column, line, column + 1),
            )
    return error("CM002", "this is not a statement of the language", Span(path, 1, 1, 1, 1))


def shown(text: str) -> str:
    """Give a short printable form of what was found."""
    return text if text.isprintable() and len(text) < 40 else repr(text[:40])[1:-1]


def place(path: str, text: str, token: Token) -> Span:
    """Give the place of a token; the end of the file is after its last character."""
    if token.type == "$END":
        lines = text.rstrip().split("\n")
        return Span(path, len(lines), len(lines[-1]) + 1, len(lines), len(lines[-1]) + 2)
    line, column = token.line or 1, token.column or 1
    return Span(path, line, column, line, column + max(1, len(str(token).rstrip("\n"))))


def expectation(kinds: set[str]) -> str:
    """Name what could stand here, a value or an operator as one."""
    if kinds >= VALUE_STARTS:
        return "a value"
    if "MODEL" in kinds:
        return "a statement"
    names = [KINDS.get(kind, f"`{kind.lower()}`") for kind in sorted(kinds - OPERATORS) or sorted(kinds)]
    names += ["an operator"] if kinds > OPERATORS - {"DOT", "LPAR"} else []
    return names[0] if len(names) == 1 else ", ".join(names[:5]) + (" or another" if len(names) > 5 else "")
