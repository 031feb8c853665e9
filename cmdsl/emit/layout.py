"""Statements on lines of 120 columns, broken as ruff breaks them."""

from __future__ import annotations

from collections.abc import Sequence

from cmdsl.emit.code import (
    CONDITIONAL,
    PRECEDENCE,
    Apply,
    Binary,
    Code,
    Mapping,
    Member,
    Name,
    Row,
    Ternary,
    arguments,
    precedence,
    string,
    text,
)

WIDTH = 120
INDENT = "    "


def layout(prefix: str, code: Code, indent: str) -> list[str] | None:
    """Give the lines of a statement that ends in an expression, or None where no plain way to break it fits."""
    line = f"{indent}{prefix}{text(code)}"
    if len(line) <= WIDTH:
        return [line]
    match code:
        case Apply(function) if _dotted(function):
            return _call(f"{indent}{prefix}{text(function)}(", code, indent)
        case Binary(operator) if operator in ("+", "-", "*", "/") and not _ends_in_brackets(code):
            return _chain(f"{indent}{prefix}(", code, indent)
        case Ternary():
            return _ternary(f"{indent}{prefix}(", code, indent)
        case Mapping():
            entries = [f"{string(key)}: {text(value)}" for key, value in code.items]
            return _fitting([f"{indent}{prefix}{{", *(f"{indent}{INDENT}{entry}," for entry in entries), f"{indent}}}"])
    return None


def _call(head: str, call: Apply, indent: str) -> list[str] | None:
    inner = indent + INDENT
    together = [head, f"{inner}{arguments(call)}", f"{indent})"]
    named = [f"{name}={text(value)}" for name, value in call.keywords]
    apart = [*(line for a in call.args for line in _argument(a, inner)), *(f"{inner}{a}," for a in named)]
    return _fitting(together) or _fitting([head, *apart, f"{indent})"])


def _argument(code: Code, indent: str) -> list[str]:
    """Give the lines of an argument on its own; a tuple is broken where it is too long."""
    line = f"{indent}{text(code)},"
    if len(line) <= WIDTH or not isinstance(code, Row):
        return [line]
    return [f"{indent}(", *(f"{indent}{INDENT}{text(item)}," for item in code.items), f"{indent}),"]


def _chain(head: str, code: Binary, indent: str) -> list[str] | None:
    level = precedence(code)
    together = [head, f"{indent}{INDENT}{text(code)}", f"{indent})"]
    first, *rest = _operands(code, level)
    lines = [text(first[1], level), *(f"{operator} {text(operand, level + 1)}" for operator, operand in rest)]
    return _fitting(together) or _fitting([head, *(f"{indent}{INDENT}{line}" for line in lines), f"{indent})"])


def _ternary(head: str, code: Ternary, indent: str) -> list[str] | None:
    inner = indent + INDENT
    together = [head, f"{inner}{text(code)}", f"{indent})"]
    return _fitting(together) or _fitting([head, *(inner + line for line in _branches(code)), f"{indent})"])


def _branches(code: Code) -> list[str]:
    """Give the branches of a choice and its conditions, a line each; those of a choice after `else` follow on."""
    if not isinstance(code, Ternary):
        return [text(code, CONDITIONAL)]
    first, *others = _branches(code.otherwise)
    return [text(code.then, CONDITIONAL + 1), f"if {text(code.condition, CONDITIONAL + 1)}", f"else {first}", *others]


def _operands(code: Code, level: int) -> list[tuple[str, Code]]:
    """Give the operands of a sum or product, each after its operator."""
    if isinstance(code, Binary) and PRECEDENCE[code.operator] == level:
        return [*_operands(code.left, level), (code.operator, code.right)]
    return [("", code)]


def _ends_in_brackets(code: Binary) -> bool:
    """Tell whether ruff would rather break inside the brackets at an end of the expression than at its one operator."""
    if len(_operands(code, precedence(code))) > 2:
        return False
    return _closes(code) or text(code).startswith("(")


def _closes(code: Code) -> bool:
    return text(code)[-1] in ")]}"


def _dotted(code: Code) -> bool:
    return isinstance(code, Name) or (isinstance(code, Member) and _dotted(code.value))


def _fitting(lines: list[str], width: int = WIDTH) -> list[str] | None:
    return lines if all(len(line) <= width for line in lines) else None


def signature(name: str, params: Sequence[str], result: str, width: int = WIDTH) -> list[str]:
    """Give the lines of a function's head."""
    line = f"def {name}({', '.join(params)}) -> {result}:"
    if len(line) <= width:
        return [line]
    together = [f"def {name}(", f"{INDENT}{', '.join(params)}", f") -> {result}:"]
    apart = (line for p in params for line in _parameter(p))
    return _fitting(together, width) or [f"def {name}(", *apart, f") -> {result}:"]


def _parameter(param: str) -> list[str]:
    """Give the lines of a parameter on its own; a tuple that is its default is broken where it is too long."""
    head, opened, items = param.partition(" = (")
    if not opened or len(f"{INDENT}{param},") <= WIDTH:
        return [f"{INDENT}{param},"]
    broken = (f"{INDENT}{INDENT}{item}," for item in items.rstrip("),").split(", "))
    return [f"{INDENT}{head} = (", *broken, f"{INDENT}),"]


def listing(head: str, items: Sequence[str], closing: str) -> list[str]:
    """Give a display such as a tuple of names: on one line, or an item a line."""
    trailing = "," if closing == ")" and len(items) == 1 and not head.endswith("import (") else ""
    line = f"{head}{', '.join(items)}{trailing}{closing}"
    if len(line) <= WIDTH:
        return [line]
    return [head, *(f"{INDENT}{item}," for item in items), closing]
