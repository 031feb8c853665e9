"""Build the syntax tree from what the parser recognises, bottom up."""

from __future__ import annotations


from typing import Any

from attrs import evolve
from lark import Token, Transformer
from lark.tree import Meta
from lark.visitors import v_args

from cmdsl.diagnostics import Span, error
from cmdsl.syntax import ast
from cmdsl.syntax.names import ascii_name, ascii_operator, ascii_power

LONGEST_NUMBER = 400
LARGEST_EXPONENT = 400


@v_args(meta=True)
class Builder(Transformer[Token, ast.Module]):
    """Turns each rule of the grammar into its node."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__()
        self.file, self.source = path, text

    def span(self, meta: Meta) -> Span:
        """Give the place of a rule."""
        if meta.empty:
            return Span(self.file, 1, 1, 1, 1)
        return Span(self.file, meta.line, meta.column, meta.end_line, meta.end_column)

    def at(self, token: Token) -> Span:
        """Give the place of a token."""
        line, column = token.line or 1, token.column or 1
        return Span(self.file, line, column, token.end_line or line, token.end_column or column)

    def start(self, meta: Meta, items: list[Any]) -> ast.Module:
        return ast.Module(self.file, self.source, tuple(i for i in items if i is not None and not isinstance(i, Token)))

    # expressions

    def number(self, meta: Meta, items: list[Token]) -> ast.Number:
        text = str(items[0])
        exponent = text.lower().partition("e")[2].lstrip("+-0") or "0"
        if len(text) > LONGEST_NUMBER or len(exponent) > 3 or int(exponent) > LARGEST_EXPONENT:
            raise error(
                "CM003", "this number is too long or too large", self.span(meta), help=f"numbers have up to {LONGEST_NUMBER} digits and exponents up to {LARGEST_EXPONENT}"
            )
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
        return ast.Call(ast.Name("sqrt", span), (ast.Argument(items[0], None, None, items[0].span),), span)

    def parenthesis(self, meta: Meta, items: list[ast.Expr]) -> ast.Expr:
        return evolve(items[0], span=self.span(meta))

    def tuple(self, meta: Meta, items: list[ast.Expr]) -> ast.Sequence:
        return ast.Sequence(tuple(items), True, self.span(meta))

    def list(self, meta: Meta, items: list[ast.Expr | None]) -> ast.Sequence:
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
            raise error("CM002", f"`for` can't stand in a call of `{items[0]}`", self.at(items[0]), help="write `index(w for i from a to b)`")
        return ast.Index(items[1], ascii_name(items[2]), items[3], items[4], self.span(meta))

    def argument(self, meta: Meta, items: list[Any]) -> ast.Argument:
        left, right = items
        if right is None:
            return ast.Argument(left, None, None, self.span(meta))
        match left:
            case ast.Name(name):
                return ast.Argument(right, name, None, self.span(meta))
            case ast.Call(ast.Name(name), arguments) if arguments and all(isinstance(a.value, ast.Name) and a.name is None for a in arguments):
                return ast.Argument(right, name, tuple(a.value.id for a in arguments if isinstance(a.value, ast.Name)), self.span(meta))
        raise error("CM002", "left of `=` in an argument stands its name", left.span, help="write `name = value` or `name(t) = formula`")

    def arguments(self, meta: Meta, items: list[ast.Argument]) -> tuple[ast.Argument, ...]:
        return tuple(items)

    def names(self, meta: Meta, items: list[Token]) -> tuple[str, ...]:
        return tuple(ascii_name(i) for i in items)

    def range(self, meta: Meta, items: list[Any]) -> ast.Range:
        opening, low, _, high, closing = items
        return ast.Range(low, high, opening == "(", closing == ")", self.span(meta))

    # equations and steps

    def equation(self, meta: Meta, items: list[Any]) -> ast.Equation:
        return ast.Equation(ascii_name(items[0]), items[1], self.span(meta))

    def function(self, meta: Meta, items: list[Any]) -> ast.FunctionDefinition:
        return ast.FunctionDefinition(ascii_name(items[0]), items[1], items[2], self.span(meta))

    procedure = function

    def draw(self, meta: Meta, items: list[Any]) -> ast.Draw:
        return ast.Draw(ascii_name(items[0]), items[1], self.span(meta))

    def minimize(self, meta: Meta, items: list[Any]) -> ast.Minimize:
        return ast.Minimize(items[0], self.span(meta))

    def return_(self, meta: Meta, items: list[Any]) -> ast.Return:
        return ast.Return(items[0], self.span(meta))

    def for_up(self, meta: Meta, items: list[Any]) -> ast.For:
        return self.counted(meta, items, False)

    def for_down(self, meta: Meta, items: list[Any]) -> ast.For:
        return self.counted(meta, items, True)

    def counted(self, meta: Meta, items: list[Any], down: bool) -> ast.For:
        """Build a loop over integers."""
        name, start, stop, body = items
        return ast.For(ascii_name(name), ast.LoopRange(start, stop, down, start.span.to(stop.span)), body, self.span(meta))

    def for_each(self, meta: Meta, items: list[Any]) -> ast.For:
        return ast.For(ascii_name(items[0]), items[1], items[2], self.span(meta))

    def derive(self, meta: Meta, items: list[Any]) -> ast.Derive:
        return ast.Derive(*items, self.span(meta))

    def learned(self, meta: Meta, items: list[Any]) -> ast.Learned:
        return ast.Learned(ascii_name(items[0]), items[1], self.span(meta))

    def assertion(self, meta: Meta, items: list[Any]) -> ast.Assert:
        left, right, name, domain = items
        relation = "="
        if right is None:
            if not isinstance(left, ast.Binary) or left.op not in ("<", "<=", ">", ">=", "=="):
                raise error("CM002", "`assert` needs a relation", left.span, help="write `assert a = b`, or with < <= > >=")
            left, relation, right = left.left, left.op.replace("==", "="), left.right
        return ast.Assert(left, relation, right, (ascii_name(name), domain) if name else None, self.span(meta))

    def block(self, meta: Meta, items: list[Any]) -> tuple[ast.Statement, ...]:
        return tuple(i for i in items if i is not None and not isinstance(i, Token))

    fields = block

    # statements of a spec

    def model(self, meta: Meta, items: list[Any]) -> ast.Model:
        return ast.Model(ascii_name(items[0]), self.span(meta))

    def param(self, meta: Meta, items: list[Any]) -> ast.Param:
        return ast.Param(ascii_name(items[0]), items[1], items[2], self.span(meta))

    def time(self, meta: Meta, items: list[Any]) -> ast.Time:
        return ast.Time(ascii_name(items[0]), items[1], self.span(meta))

    def sde(self, meta: Meta, items: list[Any]) -> ast.Sde:
        return ast.Sde(items[0], self.span(meta))

    def path(self, meta: Meta, items: list[Any]) -> ast.Path:
        return ast.Path(items[0], self.span(meta))

    def boundary(self, meta: Meta, items: list[Any]) -> ast.Boundary:
        return ast.Boundary(items[0], str(items[1]) if items[1] else None, self.span(meta))

    def prior(self, meta: Meta, items: list[Any]) -> ast.Prior:
        return ast.Prior(items[0], self.span(meta))

    def reference(self, meta: Meta, items: list[Any]) -> ast.Name | ast.Call:
        name = ast.Name(ascii_name(items[0]), self.at(items[0]))
        return ast.Call(name, items[1], self.span(meta)) if items[1] else name

    def alias(self, meta: Meta, items: list[Any]) -> str:
        return ascii_name(items[0])

    def precondition(self, meta: Meta, items: list[Any]) -> ast.Use:
        return ast.Use("precondition", None, items[0], items[1] or (), self.span(meta))

    def inline_precondition(self, meta: Meta, items: list[Any]) -> ast.Use:
        return ast.Use("precondition", None, None, items[0], self.span(meta))

    def objective(self, meta: Meta, items: list[Any]) -> ast.Use:
        return ast.Use("objective", items[0], items[1], items[2] or (), self.span(meta))

    def sampler(self, meta: Meta, items: list[Any]) -> ast.Use:
        return ast.Use("sampler", items[0], items[1], (), self.span(meta))

    def grid(self, meta: Meta, items: list[Any]) -> ast.Use:
        return ast.Use("grid", None, items[0], (), self.span(meta))

    def curriculum(self, meta: Meta, items: list[Any]) -> ast.Use:
        return ast.Use("curriculum", None, items[0], (), self.span(meta))

    def network(self, meta: Meta, items: list[Any]) -> ast.Network:
        return ast.Network(str(items[0]), items[1] or (), self.span(meta))

    def data(self, meta: Meta, items: list[Any]) -> ast.Data:
        if items[0] != "shape" or not isinstance(items[1], ast.Sequence):
            raise error("CM002", "the data's shape is expected here", self.span(meta), help="write `data shape [3, 32, 32]`")
        return ast.Data(items[1], self.span(meta))

    def import_(self, meta: Meta, items: list[Any]) -> ast.Import:
        return ast.Import(str(items[0])[1:-1], self.span(meta))

    def parameters(self, meta: Meta, items: list[Any]) -> tuple[ast.Parameter, ...]:
        return tuple(items)

    def parameter(self, meta: Meta, items: list[Any]) -> ast.Parameter:
        return ast.Parameter(ascii_name(items[0]), None, None, self.span(meta))

    def parameter_default(self, meta: Meta, items: list[Any]) -> ast.Parameter:
        return ast.Parameter(ascii_name(items[0]), None, items[1], self.span(meta))

    def parameter_function(self, meta: Meta, items: list[Any]) -> ast.Parameter:
        return ast.Parameter(ascii_name(items[0]), items[1], items[2], self.span(meta))

    def definition(self, meta: Meta, items: list[Any]) -> ast.Definition:
        kind, name, parameters, body = items
        return ast.Definition(str(kind), ascii_name(name), parameters or (), body, None, self.span(meta))

    def definition_alias(self, meta: Meta, items: list[Any]) -> ast.Definition:
        kind, name, parameters, reference = items
        return ast.Definition(str(kind), ascii_name(name), parameters or (), (), reference, self.span(meta))

    def extern(self, meta: Meta, items: list[Any]) -> ast.Extern:
        return ast.Extern(str(items[0]), ascii_name(items[1]), str(items[2])[1:-1], self.span(meta))


