"""What one framework's text has in place of another's: a table, filled in by each backend, that the printer reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from attrs import frozen

from cmdsl.emit.code import Binary, Code, Name, Unary, apply
from cmdsl.ir.nodes import Draw, Function, Loop, Type

if TYPE_CHECKING:
    from cmdsl.emit.printer import Writer

Form: TypeAlias = str | Callable[[tuple[Code, ...], tuple[Type, ...]], Code]


@frozen
class Language:
    """How a framework writes the closed set of operations, and the few forms in which frameworks differ.

    `arrays` and `tables` hold a form for each operation that is no operator: a function's name, or what makes the code
    of a call from those of its arguments and their types. `host_loops` says that a loop's counter is a Python number.
    """

    arrays: Mapping[str, Form]
    tables: Mapping[str, Form]
    host_loops: bool
    where: str
    table_where: str
    jvp: str
    no_grad: str | None
    stop_gradient: Callable[[Code], Code]
    whole: Callable[[Code], Code]
    cast: Callable[[Code, Code], Code]
    widen: Callable[[Code], Code]
    dim: Callable[[Code], Code]
    counting: Callable[[Code, Code, Code | None], Code]
    nodes: Callable[[Code, Code | None, Code | None, str], Code]
    expand: Callable[[Code, Code, Type], Code]
    like: str
    uniform: Callable[[Code, str], Code]
    single: Callable[[Code, str], Code]
    draw: Callable[[Draw, Writer], Code]
    draw_head: Callable[[Writer], list[str]]
    loop: Callable[[Loop, Writer, str], list[str]]
    decorators: Callable[[Function], list[str]]
    random: str
    grid_params: tuple[str, ...]
    annotations: Mapping[Type, str]
    table_annotation: str
    draws_annotation: str


OPERATORS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}


def softplus_of_number(args: tuple[Code, ...], types: tuple[Type, ...]) -> Code:
    """Give log(1 + exp(x)) in a form that doesn't overflow."""
    (x,) = args
    tail = apply("math.log1p", apply("math.exp", Unary("-", apply("abs", x))))
    return Binary("+", apply("max", x, Name("0")), tail)


def sigmoid_of_number(args: tuple[Code, ...], types: tuple[Type, ...]) -> Code:
    """Give 1/(1 + exp(-x)) in a form that doesn't overflow."""
    half = Binary("/", args[0], Name("2"))
    return Binary("*", Name("0.5"), Binary("+", Name("1"), apply("math.tanh", half)))


def sign_of_number(args: tuple[Code, ...], types: tuple[Type, ...]) -> Code:
    """Give -1, 0 or 1."""
    (x,) = args
    return Binary("-", Binary(">", x, Name("0")), Binary("<", x, Name("0")))


def power(function: str) -> Form:
    """Give the form of a power: Python's operator, which has no type where a number stands on its left."""

    def form(args: tuple[Code, ...], types: tuple[Type, ...]) -> Code:
        left_is_number = types[0] is Type.STATIC and types[1] is not Type.STATIC
        return apply(function, *args) if left_is_number else Binary("**", *args)

    return form


MATH = "sqrt exp expm1 log log1p log2 sin cos tan asin acos atan sinh cosh tanh erf floor ceil"
HOST: Mapping[str, Form] = {name: f"math.{name}" for name in MATH.split()} | {
    "abs": "abs",
    "pow": power("pow"),
    "min": "min",
    "max": "max",
    "sign": sign_of_number,
    "sigmoid": sigmoid_of_number,
    "softplus": softplus_of_number,
}


def negated(code: Code) -> Code:
    """Give a minus sign, in a product or quotient to its first factor: as exact, with a pair of brackets less."""
    match code:
        case Binary("*" | "/" as operator, left, right):
            return Binary(operator, negated(left), right)
        case Unary("-", operand):
            return operand
    return Unary("-", code)


def operation(forms: Mapping[str, Form], name: str, args: tuple[Code, ...], types: tuple[Type, ...]) -> Code:
    """Give the code of an operation: an operator of Python, or the form that a table has for it."""
    match name:
        case "neg":
            return negated(args[0])
        case "square":
            return Binary("**", args[0], Name("2"))
        case _ if name in OPERATORS:
            return Binary(OPERATORS[name], *args)
    form = forms[name]
    return apply(form, *args) if isinstance(form, str) else form(args, types)
