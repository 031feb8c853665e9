"""Build the syntax tree from what the parser recognises, bottom up."""

from __future__ import annotations

from typing import Any

from lark import Token
from lark.tree import Meta
from lark.visitors import v_args

from cmdsl.diagnostics import error
from cmdsl.syntax import ast
from cmdsl.syntax.build_expressions import ExpressionBuilder
from cmdsl.syntax.names import ascii_name

RELATIONS = ("<", "<=", ">", ">=", "==")


@v_args(meta=True)
class Builder(ExpressionBuilder):
    """Turns the rules for statements into nodes."""

    def start(self, meta: Meta, items: list[Any]) -> ast.Module:
        return ast.Module(self.file, self.source, tuple(i for i in items if i is not None and not isinstance(i, Token)))

    def equation(self, meta: Meta, items: list[Any]) -> ast.Equation:
        return ast.Equation(ascii_name(items[0]), items[1], self.span(meta), self.at(items[0]))

    def function(self, meta: Meta, items: list[Any]) -> ast.FunctionDefinition:
        return ast.FunctionDefinition(ascii_name(items[0]), items[1], items[2], self.span(meta), self.at(items[0]))

    procedure = function

    def draw(self, meta: Meta, items: list[Any]) -> ast.Draw:
        return ast.Draw(ascii_name(items[0]), items[1], self.span(meta), self.at(items[0]))

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
        return ast.For(
            ascii_name(name), ast.LoopRange(start, stop, down, start.span.to(stop.span)), body, self.span(meta)
        )

    def for_each(self, meta: Meta, items: list[Any]) -> ast.For:
        return ast.For(ascii_name(items[0]), items[1], items[2], self.span(meta))

    def derive(self, meta: Meta, items: list[Any]) -> ast.Derive:
        names, left, right, minimizing = items
        return ast.Derive(names, left, right, minimizing, self.span(meta))

    def learned(self, meta: Meta, items: list[Any]) -> ast.Learned:
        return ast.Learned(ascii_name(items[0]), items[1], self.span(meta), self.at(items[0]))

    def assertion(self, meta: Meta, items: list[Any]) -> ast.Assert:
        left: Any
        left, right, name, domain = items
        relation = "="
        if right is None:
            if not isinstance(left, ast.Binary) or left.op not in RELATIONS:
                help = "write `assert a = b`, or with < <= > >="
                self.note(error("CM002", "`assert` needs a relation", left.span, help=help))
                left = ast.Binary("=", left, left, left.span)
            left, relation, right = left.left, left.op.replace("==", "="), left.right
        return ast.Assert(left, relation, right, (ascii_name(name), domain) if name else None, self.span(meta))

    def block(self, meta: Meta, items: list[Any]) -> tuple[ast.Statement, ...]:
        return tuple(i for i in items if i is not None and not isinstance(i, Token))

    fields = block

    def model(self, meta: Meta, items: list[Any]) -> ast.Model:
        return ast.Model(ascii_name(items[0]), self.span(meta))

    def param(self, meta: Meta, items: list[Any]) -> ast.Param:
        return ast.Param(ascii_name(items[0]), items[1], items[2], self.span(meta), self.at(items[0]))

    def time(self, meta: Meta, items: list[Any]) -> ast.Time:
        return ast.Time(ascii_name(items[0]), items[1], self.span(meta), self.at(items[0]))

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

    def dotted(self, meta: Meta, items: list[Token]) -> str:
        return "".join(ascii_name(i) for i in items)

    def network(self, meta: Meta, items: list[Any]) -> ast.Network:
        return ast.Network(items[0], items[1] or (), self.span(meta))

    def data(self, meta: Meta, items: list[Any]) -> ast.Data:
        if items[0] != "shape" or not isinstance(items[1], ast.Sequence):
            message = "the data's shape is expected here"
            self.note(error("CM002", message, self.span(meta), help="write `data shape [3, 32, 32]`"))
            return ast.Data(ast.Sequence((), False, self.span(meta)), self.span(meta))
        return ast.Data(items[1], self.span(meta))

    def import_(self, meta: Meta, items: list[Any]) -> ast.Import:
        return ast.Import(str(items[0])[1:-1], self.span(meta))

    def parameters(self, meta: Meta, items: list[Any]) -> tuple[ast.Parameter, ...]:
        return tuple(items)

    def parameter(self, meta: Meta, items: list[Any]) -> ast.Parameter:
        return ast.Parameter(ascii_name(items[0]), None, None, self.span(meta), self.at(items[0]))

    def parameter_default(self, meta: Meta, items: list[Any]) -> ast.Parameter:
        return ast.Parameter(ascii_name(items[0]), None, items[1], self.span(meta), self.at(items[0]))

    def parameter_function(self, meta: Meta, items: list[Any]) -> ast.Parameter:
        return ast.Parameter(ascii_name(items[0]), items[1], items[2], self.span(meta), self.at(items[0]))

    def definition(self, meta: Meta, items: list[Any]) -> ast.Definition:
        kind, name, parameters, body = items
        return ast.Definition(str(kind), ascii_name(name), parameters or (), body, None, self.span(meta), self.at(name))

    def definition_alias(self, meta: Meta, items: list[Any]) -> ast.Definition:
        kind, name, parameters, reference = items
        return ast.Definition(
            str(kind), ascii_name(name), parameters or (), (), reference, self.span(meta), self.at(name)
        )

    def extern(self, meta: Meta, items: list[Any]) -> ast.Extern:
        return ast.Extern(str(items[0]), ascii_name(items[1]), str(items[2])[1:-1], self.span(meta))
