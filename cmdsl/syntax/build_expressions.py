"""Build the nodes of expressions from what the parser recognises, bottom up."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from attrs import evolve
from lark import Token, Transformer
from lark.tree import Meta
from lark.visitors import v_args

from cmdsl.diagnostics import Diagnostic, Span, SpecError, error
from cmdsl.syntax import ast
from cmdsl.syntax.names import ascii_name, ascii_operator, ascii_power

LONGEST_NUMBER = 400
SMALLEST, LARGEST = Fraction(1, 10**300), Fraction(10**300)  # with room to the ends of float64


@v_args(meta=True)
class ExpressionBuilder(Transformer[Token, ast.Module]):
    """Turns the rules for expressions, arguments and ranges into nodes."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__()
        self.file, self.source = path, text
        self.mistakes: list[Diagnostic] = []

    def note(self, mistake: SpecError) -> None:
        """Keep a mistake, and go on."""
        self.mistakes += mistake.diagnostics

    def span(self, meta: Meta) -> Span:
        """Give the place of a rule."""
        if meta.empty:
            return Span(self.file, 1, 1, 1, 1)
        return Span(self.file, meta.line, meta.column, meta.end_line, meta.end_column)

    def at(self, token: Token) -> Span:
        """Give the place of a token."""
        line, column = token.line or 1, token.column or 1
        return Span(self.file, line, column, token.end_line or line, token.end_column or column)

    def number(self, meta: Meta, items: list[Token]) -> ast.Number:
        text = str(items[0])
        exponent = text.lower().partition("e")[2].lstrip("+-0") or "0"
        readable = len(text) <= LONGEST_NUMBER and len(exponent) <= 3
        value = abs(Fraction(text)) if readable else Fraction(0)
        if not readable or (value != 0 and not SMALLEST <= value <= LARGEST):
            help = f"numbers have up to {LONGEST_NUMBER} digits, and lie between 1e-300 and 1e300"
            self.note(error("CM003", "this number is too long or too large", self.span(meta), help=help))
        return ast.Number(text, self.span(meta))

    def name(self, meta: Meta, items: list[Token]) -> ast.Name:
        return ast.Name(ascii_name(items[0]), self.span(meta))

    def attribute(self, meta: Meta, items: list[Token]) -> ast.Attribute:
        return ast.Attribute(ast.Name(ascii_name(items[0]), self.at(items[0])), ascii_name(items[1]), self.span(meta))

    def call(self, meta: Meta, items: list[Any]) -> ast.Call:
        return ast.Call(ast.Name(ascii_name(items[0]), self.at(items[0])), items[1] or (), self.span(meta))

    def member_call(self, meta: Meta, items: list[Any]) -> ast.Call:
        owner = ast.Name(ascii_name(items[0]), self.at(items[0]))
        function = ast.Attribute(owner, ascii_name(items[1]), self.at(items[0]).to(self.at(items[1])))
        return ast.Call(function, items[2] or (), self.span(meta))

    def root(self, meta: Meta, items: list[ast.Expr]) -> ast.Call:
        span = self.span(meta)
        return ast.Call(
            ast.Name("sqrt", span), (ast.Argument(items[0], None, None, items[0].span, items[0].span),), span
        )

    def parenthesis(self, meta: Meta, items: list[ast.Expr]) -> ast.Expr:
        return evolve(items[0], span=self.span(meta))

    def tuple_(self, meta: Meta, items: list[ast.Expr]) -> ast.Sequence:
        return ast.Sequence(tuple(items), True, self.span(meta))

    def list_(self, meta: Meta, items: list[ast.Expr | None]) -> ast.Sequence:
        return ast.Sequence(tuple(i for i in items if i is not None), False, self.span(meta))

    def superscript(self, meta: Meta, items: list[Any]) -> ast.Binary:
        base, power = items
        digits, span = ascii_power(power), self.at(power)
        exponent: ast.Expr = ast.Number(digits.lstrip("-"), span)
        exponent = ast.Unary("-", exponent, span) if digits.startswith("-") else exponent
        return ast.Binary("^", base, exponent, self.span(meta))

    def binary(self, meta: Meta, items: list[Any]) -> ast.Binary:
        return ast.Binary(ascii_operator(items[1]), items[0], items[2], self.span(meta))

    def binary_power(self, meta: Meta, items: list[Any]) -> ast.Binary:
        return ast.Binary("^", items[0], items[1], self.span(meta))

    def binary_or(self, meta: Meta, items: list[Any]) -> ast.Binary:
        return ast.Binary("or", items[0], items[1], self.span(meta))

    def binary_and(self, meta: Meta, items: list[Any]) -> ast.Binary:
        return ast.Binary("and", items[0], items[1], self.span(meta))

    def unary(self, meta: Meta, items: list[Any]) -> ast.Expr:
        return items[1] if items[0] == "+" else ast.Unary("-", items[1], self.span(meta))

    def not_(self, meta: Meta, items: list[Any]) -> ast.Unary:
        return ast.Unary("not", items[0], self.span(meta))

    def conditional(self, meta: Meta, items: list[Any]) -> ast.Conditional:
        return ast.Conditional(items[0], items[1], items[2], self.span(meta))

    def index(self, meta: Meta, items: list[Any]) -> ast.Index:
        if items[0] != "index":
            message = f"`for` can't stand in a call of `{items[0]}`"
            self.note(error("CM002", message, self.at(items[0]), help="write `index(w for i from a to b)`"))
        return ast.Index(items[1], ascii_name(items[2]), items[3], items[4], self.span(meta))

    def argument(self, meta: Meta, items: list[Any]) -> ast.Argument:
        left, right = items
        if right is None:
            return ast.Argument(left, None, None, self.span(meta), left.span)
        match left:
            case ast.Name(name):
                return ast.Argument(right, name, None, self.span(meta), left.span)
            case ast.Call(ast.Name(name, at), arguments) if arguments and all(
                isinstance(a.value, ast.Name) and a.name is None for a in arguments
            ):
                names = tuple(a.value.id for a in arguments if isinstance(a.value, ast.Name))
                return ast.Argument(right, name, names, self.span(meta), at)
        message = "left of `=` in an argument stands its name"
        self.note(error("CM009", message, left.span, help="write `name = value` or `name(t) = formula`"))
        return ast.Argument(right, None, None, self.span(meta), left.span)

    def arguments(self, meta: Meta, items: list[ast.Argument]) -> tuple[ast.Argument, ...]:
        return tuple(items)

    def names(self, meta: Meta, items: list[Token]) -> tuple[str, ...]:
        return tuple(ascii_name(i) for i in items)

    def range(self, meta: Meta, items: list[Any]) -> ast.Range:
        opening, low, _, high, closing = items
        return ast.Range(low, high, opening == "(", closing == ")", self.span(meta))
