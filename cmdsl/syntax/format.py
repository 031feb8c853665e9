"""Write expressions back as text, in ASCII and in the order of the source."""

from __future__ import annotations

from cmdsl.syntax import ast

PRECEDENCE = {
    "or": 1,
    "and": 2,
    "==": 4,
    "!=": 4,
    "<": 4,
    "<=": 4,
    ">": 4,
    ">=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "^": 8,
}
TIGHT = frozenset(["*", "/", "^"])
ATOM = 10


def expression(expr: ast.Expr) -> str:
    """Write an expression."""
    return written(expr)[0]


def written(expr: ast.Expr) -> tuple[str, int]:
    """Write an expression; also give how tightly its outermost operator binds."""
    match expr:
        case ast.Number(text):
            return text, ATOM
        case ast.Name(name):
            return name, ATOM
        case ast.Attribute(value, name):
            return f"{value.id}.{name}", ATOM
        case ast.Call(function, arguments):
            return f"{expression(function)}({', '.join(argument(a) for a in arguments)})", ATOM
        case ast.Sequence(items, is_tuple):
            inner = ", ".join(expression(i) for i in items)
            return (f"({inner})" if is_tuple else f"[{inner}]"), ATOM
        case ast.Conditional(condition, then, otherwise):
            return f"if {expression(condition)} then {expression(then)} else {expression(otherwise)}", 0
        case ast.Index(weight, variable, start, stop):
            return f"index({expression(weight)} for {variable} from {expression(start)} to {expression(stop)})", ATOM
        case ast.Unary(op, operand):
            level = 7 if op == "-" else 3
            return ("-" if op == "-" else "not ") + enclosed(operand, level), level
        case ast.Binary(op, left, right):
            return binary(op, left, right)


def binary(op: str, left: ast.Expr, right: ast.Expr) -> tuple[str, int]:
    """Write an operator between its operands; powers associate to the right, the others to the left."""
    level = PRECEDENCE[op]
    left_level, right_level = (level + 1, 7) if op == "^" else (level + (level == 4), level + 1)
    space = "" if op in TIGHT else " "
    return f"{enclosed(left, left_level)}{space}{op}{space}{enclosed(right, right_level)}", level


def enclosed(expr: ast.Expr, level: int) -> str:
    """Write an operand, in parentheses where it binds less tightly."""
    text, own = written(expr)
    return text if own >= level else f"({text})"


def argument(given: ast.Argument) -> str:
    """Write an argument of a call."""
    name = given.name or ""
    name += f"({', '.join(given.parameters)})" if given.parameters else ""
    return f"{name} = {expression(given.value)}" if name else expression(given.value)
