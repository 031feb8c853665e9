"""Slips that have a name: what is often written, and what is written for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from itertools import takewhile

from attrs import frozen
from lark import Token

from cmdsl.diagnostics import Diagnostic, Label, Span, SpecError, error
from cmdsl.syntax.characters import bad_character
from cmdsl.syntax.messages import MESSAGES, OPERATOR, STATEMENT
from cmdsl.syntax.places import after, place
from cmdsl.syntax.reader import Failure
from cmdsl.syntax.scan import BAD
from cmdsl.syntax.starts import ANYWHERE, CONTINUING_WORDS, OUTERMOST, STEPS, starts_statement

EQUATION_STATES = ("equation: NAME | function: NAME", "draw: NAME | equation: NAME | function: NAME | procedure: NAME")
LEFT_SIDES = ("function: NAME ( names )", "function: NAME ( names ) | procedure: NAME ( names )", *EQUATION_STATES)
ARGUMENT_NAMES = ("function: NAME (", "function: NAME ( | procedure: NAME (", "function: NAME ( names", "names: NAME")
OPERATORS = frozenset(["SIGN", "TIMES", "CIRCUMFLEX"])
BETWEEN = frozenset(["NUMBER", "NAME", "LPAR", "_ROOT"])  # what can stand right of a product
PARTNERS = {
    "**": ("^", "a power"),
    "//": ("#", "a comment"),
    "=<": ("<=", "a comparison"),
    "=>": (">=", "a comparison"),
}


@frozen
class Place:
    """Where a statement can't be read on: the names of the states there, and the terminals that can come next."""

    path: str
    failure: Failure
    keys: Sequence[str]
    terminals: frozenset[str]

    @property
    def found(self) -> Token:
        """Give what does not fit."""
        return self.failure.found

    @property
    def previous(self) -> Token | None:
        """Give what stands before it."""
        return self.failure.previous

    @property
    def following(self) -> Token:
        """Give what stands after it."""
        return self.failure.tokens[min(self.failure.index + 1, len(self.failure.tokens) - 1)]

    def line_has(self, word: str) -> bool:
        """Tell whether the line goes on to a word."""
        rest = self.failure.tokens[self.failure.index :]
        return any(token == word for token in takewhile(lambda token: token.type not in ("_NL", "$END"), rest))

    def wants(self, phrase: str) -> bool:
        """Tell whether something can come next."""
        return any(MESSAGES.get(key, "").startswith(phrase) for key in self.keys)

    def span(self, first: Token | None = None) -> Span:
        """Give the place of what is found, or of all from an earlier token on."""
        span = place(self.path, self.found)
        return place(self.path, first).to(span) if first else span


def slip(path: str, failure: Failure, keys: Sequence[str], terminals: frozenset[str]) -> Diagnostic | None:
    """Give the diagnostic of the first slip that this is."""
    here = Place(path, failure, keys, terminals)
    named = next((found for rule in SLIPS if (found := rule(here))), None)
    return named.diagnostics[0] if named else None


def character(here: Place) -> SpecError | None:
    """Find a character that is not of the language."""
    return bad_character(here.path, here.found) if here.found.type == BAD else None


def doubled(here: Place) -> SpecError | None:
    """Find `**`, `//` and the like."""
    for left, right in ((here.previous, here.found), (here.found, here.following)):
        if left and left.end_pos == right.start_pos and f"{left}{right}" in PARTNERS:
            instead, meaning = PARTNERS[f"{left}{right}"]
            span = place(here.path, left).to(place(here.path, right))
            return error("CM008", f"`{left}{right}` is no operator", span, help=f"write `{instead}` for {meaning}")
    return None


def equality(here: Place) -> SpecError | None:
    """Find `==` and `:=` where something is defined, and `=` where something is compared."""
    if here.found == "==" and "EQUAL" in here.terminals:
        return error("CM008", "`==` compares, and here something is given its value", here.span(), help="write `=`")
    if here.found == ":" and "EQUAL" in here.terminals:
        written = "`:=`" if here.following == "=" else "`:`"
        return error("CM008", f"{written} gives nothing its value", here.span(), help="write `=`")
    if here.found == "=" and here.wants(OPERATOR) and ("THEN" in here.terminals or "RPAR" in here.terminals):
        return error("CM008", "`=` gives a value, and here two are compared", here.span(), help="write `==` to compare")
    return None


def comparisons(here: Place) -> SpecError | None:
    """Find `a < b < c`."""
    if here.found.type != "COMPARISON" or "binary: sum | binary: sum COMPARISON sum" not in here.keys:
        return None
    return error("CM008", "a comparison has two sides", here.span(), help="write `a < b and b < c`")


def left_side(here: Place) -> SpecError | None:
    """Find a formula on the left of an equation."""
    first = here.wants(STATEMENT) and here.found.type in BETWEEN | {"SIGN", "LSQB"} and here.found.type != "NAME"
    formula = here.found.type in OPERATORS | {"SUPERSCRIPT", "LSQB", "DOT"} and here.keys[0] in LEFT_SIDES
    argument = here.found.type in OPERATORS | {"NUMBER", "LSQB"} and set(here.keys) & set(ARGUMENT_NAMES)
    if not ((first and here.line_has("=")) or formula or argument):
        return None
    message = f"left of `=` stands a name or `name(t)`, and here stands `{here.found}`"
    return error("CM009", message, here.span(), help="write `name = formula`, or `name(t) = formula`, solved for it")


def second_statement(here: Place) -> SpecError | None:
    """Find two statements on a line."""
    ends = here.wants("the end of the line") and here.previous and here.previous.line == here.found.line
    if not ends or not starts_statement(here.failure.tokens, here.failure.index):
        return None
    return error("CM010", "a second statement starts on this line", here.span(), help="put it on a line of its own")


def first_of_line(here: Place) -> SpecError | None:
    """Find the rest of a formula on a line of its own."""
    if not here.wants(STATEMENT) or not (here.found.type in OPERATORS or here.found in CONTINUING_WORDS):
        return None
    message = f"a statement can't start with `{here.found}`"
    return error("CM010", message, here.span(), help="end the line above with it, or put the formula in parentheses")


def brace_below(here: Place) -> SpecError | None:
    """Find a `{` on the line below."""
    below = next((t for t in here.failure.tokens[here.failure.index :] if t.type != "_NL"), here.found)
    if here.found.type != "_NL" or below.type != "LBRACE" or "LBRACE" not in here.terminals or not here.previous:
        return None
    span, other = after(here.path, here.previous), Label(place(here.path, below), "and stands here")
    message = "`{` belongs on the line of what it opens"
    return error("CM010", message, span, label="it is expected here", secondary=(other,))


def broken_line(here: Place) -> SpecError | None:
    """Find a line end before the rest of a statement."""
    below = next((t for t in here.failure.tokens[here.failure.index :] if t.type != "_NL"), here.found)
    if here.found.type != "_NL" or not here.previous or below.upper() not in here.terminals:
        return None
    if below not in CONTINUING_WORDS:
        return None
    span, other = after(here.path, here.previous), Label(place(here.path, below), "the rest of it")
    message, help = "the statement ends with this line", "put the formula in parentheses, or all of it on one line"
    return error("CM010", message, span, secondary=(other,), help=help)


def product(here: Place) -> SpecError | None:
    """Find `2x`."""
    left = here.previous
    if not left or not here.wants(OPERATOR) or here.found.type not in BETWEEN or left.line != here.found.line:
        return None
    factor = left.type in ("NUMBER", "RPAR", "SUPERSCRIPT")
    if not factor or here.found in CONTINUING_WORDS or nearest(here.found, words(here.terminals)):
        return None
    if {"THEN", "ELSE"} & here.terminals and left.end_pos != here.found.start_pos:
        return None  # it is more likely that the word is missing
    if left.type == "NUMBER" and here.found.type == "NUMBER":
        return error(
            "CM007", f"`{left}` and `{here.found}` stand side by side", here.span(), help="put an operator between them"
        )
    shown = {"LPAR": "( … )", "RPAR": "( … )", "SUPERSCRIPT": f"…{left}"}
    factors = [shown.get(token.type, str(token)) for token in (left, here.found)]
    return error("CM007", "products are written with `*`", here.span(left), help=f"write `{'*'.join(factors)}`")


def brackets_after(here: Place) -> SpecError | None:
    """Find `x[1]`."""
    if here.found.type != "LSQB" or not here.wants(OPERATOR):
        return None
    return error(
        "CM007",
        "nothing has an index in `[ ]`",
        here.span(),
        help="write `node(i, N)` for a grid's times, or name the parts",
    )


def keyword_defined(here: Place) -> SpecError | None:
    """Find `grid = 3`."""
    if here.found not in ("=", "~") or not here.previous or here.previous not in ANYWHERE:
        return None
    if here.previous.line != here.found.line or "EQUAL" in here.terminals:
        return None
    message = f"`{here.previous}` starts a statement, and can't be defined"
    return error("CM006", message, place(here.path, here.previous), help="take another name")


def control_flow(here: Place) -> SpecError | None:
    """Find an `if` or `while` with a block of its own."""
    if here.found == "if" and here.wants(STATEMENT):
        help = "a condition is part of a formula: `x = if c then a else b`"
        return error("CM010", "a statement can't start with `if`", here.span(), help=help)
    if here.previous == "while" and here.keys[0] in EQUATION_STATES and here.found.type in BETWEEN:
        help = "loops run over whole numbers, `for n from a to b { … }`, or over a list, `for s in times { … }`"
        return error("CM006", "`while` is no statement", place(here.path, here.previous), help=help)
    return None


def unknown_statement(here: Place) -> SpecError | None:
    """Find a word that no statement starts with."""
    word = here.previous
    if not word or here.keys[0] not in EQUATION_STATES:
        return None
    inside = here.keys[0] == EQUATION_STATES[1]
    known = STEPS if inside else OUTERMOST
    if word in ANYWHERE:
        return misplaced(here, word, inside)
    if here.found.type not in ("NAME", "LBRACE", "STRING"):
        return None
    meant = nearest(word, known)
    if inside and not meant and here.found.type == "NAME":
        return missing_tilde(here, word)
    help = (
        f"did you mean `{meant}`?" if meant else f"statements start with {', '.join(sorted(known))}, or are `name = …`"
    )
    return error("CM006", f"`{word}` is no statement", place(here.path, word), help=help)


def misplaced(here: Place, word: Token, inside: bool) -> SpecError:
    """Say that a statement can't stand in a definition, or stands in one alone."""
    message = f"`{word}` can't stand in a definition" if inside else f"`{word}` stands in definitions alone"
    help = "put it outside" if inside else "put it into the `{ }` of a `define`"
    return error("CM006", message, place(here.path, word), help=help)


def kindless(here: Place) -> SpecError | None:
    """Find a definition that lacks its kind."""
    if here.keys[0] != "define NAME" or here.found.type not in ("LBRACE", "LPAR", "EQUAL"):
        return None
    message = f"expected a kind and a name after `define`, found `{here.previous}` alone"
    help = f"write `define solver {here.previous}`, or another kind"
    return error("CM002", message, here.span(here.previous), help=help)


def missing_tilde(here: Place, word: Token) -> SpecError:
    """Say that `x0 data` lacks its `~`."""
    message = f"expected `~` or `=` after `{word}`, found `{here.found}`"
    return error(
        "CM002", message, here.span(), help=f"write `{word} ~ {here.found}` to draw it, or `{word} = {here.found}`"
    )


def misspelt(here: Place) -> SpecError | None:
    """Find a word that is nearly one of those that can stand here."""
    meant = nearest(here.found, words(here.terminals)) if here.found.type == "NAME" else None
    if not meant or here.found in ANYWHERE | CONTINUING_WORDS:
        return None
    return error("CM006", f"`{here.found}` can't stand here", here.span(), help=f"did you mean `{meant}`?")


def words(terminals: frozenset[str]) -> frozenset[str]:
    """Give the keywords among terminals."""
    return frozenset(terminal.lower() for terminal in terminals) & (ANYWHERE | CONTINUING_WORDS)


def nearest(word: str, known: frozenset[str]) -> str | None:
    """Give the word that is meant."""
    return next(iter(get_close_matches(word.lower(), sorted(known), 1, 0.7)), None)


SLIPS: tuple[Callable[[Place], SpecError | None], ...] = (
    *(
        character,
        doubled,
        equality,
        comparisons,
        left_side,
        keyword_defined,
        second_statement,
        brace_below,
        broken_line,
    ),
    *(control_flow, first_of_line, unknown_statement, kindless, misspelt, product, brackets_after),
)
