"""Python expressions as data, and their text: brackets only where precedence asks for them, spaces as ruff has them."""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias, assert_never

from attrs import frozen

PRECEDENCE = {
    "or": 2,
    "and": 3,
    "==": 5,
    "!=": 5,
    "<": 5,
    "<=": 5,
    ">": 5,
    ">=": 5,
    "|": 6,
    "&": 7,
    "+": 8,
    "-": 8,
    "*": 9,
    "/": 9,
    "**": 11,
}
LAMBDA, CONDITIONAL, NOT, UNARY, ATOM = 0, 1, 4, 10, 12


@frozen
class Name:
    """A name, a dotted name or a number that isn't negative."""

    text: str


@frozen
class Unary:
    """`-a`, `~a`, `not a`."""

    operator: str
    operand: Code


@frozen
class Binary:
    """`a + b`, `a < b`, `a and b`."""

    operator: str
    left: Code
    right: Code


@frozen
class Apply:
    """`f(a, b, c=d)`."""

    function: Code
    args: tuple[Code, ...]
    keywords: tuple[tuple[str, Code], ...] = ()


@frozen
class Member:
    """`a.b`."""

    value: Code
    name: str


@frozen
class Item:
    """`a[b]`, `a[b:c]` where there are two, with None for an end left out."""

    value: Code
    index: tuple[Code | None, ...]


@frozen
class Ternary:
    """`a if c else b`."""

    condition: Code
    then: Code
    otherwise: Code


@frozen
class Anonymous:
    """`lambda a, b: c`."""

    params: tuple[str, ...]
    body: Code


@frozen
class Row:
    """`(a, b)`."""

    items: tuple[Code, ...]


@frozen
class Mapping:
    """`{"a": b}`."""

    items: tuple[tuple[str, Code], ...]


Code: TypeAlias = Name | Unary | Binary | Apply | Member | Item | Ternary | Anonymous | Row | Mapping


def apply(function: str, *args: Code, **keywords: Code) -> Apply:
    """Give a call of a function by its dotted name."""
    return Apply(Name(function), args, tuple(keywords.items()))


def method(value: Code, name: str, *args: Code, **keywords: Code) -> Apply:
    """Give a call of a method."""
    return Apply(Member(value, name), args, tuple(keywords.items()))


def number(value: Fraction) -> Code:
    """Give an exact number as the shortest int or float that equals it, or as a quotient of two.

    One that is no such quotient, pi/9 to fifty digits, is given as the nearest float.
    """
    if value < 0:
        return Unary("-", number(-value))
    short = decimal(value)
    if value.denominator == 1 and (value < 2**53 or short is None):
        return Name(str(value.numerator))
    if short is not None:
        return Name(short)
    if value.denominator > 2**53:
        return Name(repr(float(value)).replace("e+", "e"))
    return Binary("/", Name(str(value.numerator)), Name(str(value.denominator)))


def decimal(value: Fraction) -> str | None:
    """Give the text of a float that stands for exactly this number as people read it, None where there is none."""
    try:
        text = repr(float(value)).replace("e+", "e")
    except OverflowError:
        return None
    return text if text != "inf" and Fraction(text) == value else None


def string(value: str) -> str:
    """Give a text as a literal in ASCII."""
    escaped = value.encode("unicode_escape").decode("ascii").replace('"', '\\"')
    return f'"{escaped}"'


def precedence(code: Code) -> int:
    """Tell how tightly the outermost operation of an expression binds."""
    match code:
        case Anonymous():
            return LAMBDA
        case Ternary():
            return CONDITIONAL
        case Unary():
            return NOT if code.operator == "not" else UNARY
        case Binary():
            return PRECEDENCE[code.operator]
        case _:
            return ATOM


def text(code: Code, least: int = 0) -> str:
    """Give the text of an expression, in brackets if it binds less tightly than `least`."""
    plain = _text(code)
    return f"({plain})" if precedence(code) < least else plain


def _text(code: Code) -> str:
    match code:
        case Name():
            return code.text
        case Unary():
            return _unary(code)
        case Binary():
            return _binary(code)
        case Apply():
            return f"{text(code.function, ATOM)}({arguments(code)})"
        case Member():
            bare = text(code.value, ATOM)
            return f"({bare}).{code.name}" if bare[0].isdigit() else f"{bare}.{code.name}"
        case Item():
            return f"{text(code.value, ATOM)}[{_index(code.index)}]"
        case Ternary():
            branches = text(code.then, CONDITIONAL + 1), text(code.otherwise, CONDITIONAL)
            return f"{branches[0]} if {text(code.condition, CONDITIONAL + 1)} else {branches[1]}"
        case Anonymous():
            return f"lambda {', '.join(code.params)}: {text(code.body)}"
        case Row():
            items = ", ".join(text(item) for item in code.items)
            return f"({items},)" if len(code.items) == 1 else f"({items})"
        case Mapping():
            return "{" + ", ".join(f"{string(key)}: {text(value)}" for key, value in code.items) + "}"
    assert_never(code)


def _unary(code: Unary) -> str:
    if code.operator == "not":
        return f"not {text(code.operand, NOT)}"
    # ruff brackets a power under a sign
    power = isinstance(code.operand, Binary) and code.operand.operator == "**"
    return f"{code.operator}{text(code.operand, ATOM if power else UNARY)}"


def _binary(code: Binary) -> str:
    level = PRECEDENCE[code.operator]
    if code.operator == "**":
        space = "" if _bare(code.left) and _beside(code.right) else " "
        return f"{text(code.left, level + 1)}{space}**{space}{text(code.right, UNARY)}"
    left = level + 1 if level == PRECEDENCE["=="] else level
    return f"{text(code.left, left)} {code.operator} {text(code.right, level + 1)}"


def _bare(code: Code) -> bool:
    """Tell whether an operand is a name, a dotted name or a number."""
    return isinstance(code, Name) or (isinstance(code, Member) and _bare(code.value))


def _signed(code: Code) -> bool:
    """Tell whether an operand is bare but for signs: ruff leaves no space beside it in a power or a slice."""
    return _bare(code) or (isinstance(code, Unary) and code.operator == "-" and _signed(code.operand))


def _beside(exponent: Code) -> bool:
    """Tell whether ruff leaves no space before an exponent; of a tower of powers it looks at the next operand."""
    tower = isinstance(exponent, Binary) and exponent.operator == "**"
    return _bare(exponent.left) if isinstance(exponent, Binary) and tower else _signed(exponent)


def _index(index: tuple[Code | None, ...]) -> str:
    if len(index) == 1:
        return _end(index[0])
    start, stop = (_end(end) for end in index)
    if all(end is None or _signed(end) for end in index):
        return f"{start}:{stop}"
    return f"{start} : {stop}".strip()


def _end(code: Code | None) -> str:
    return "" if code is None else text(code)


def arguments(call: Apply) -> str:
    """Give the arguments of a call on one line."""
    return ", ".join(argument_texts(call))


def argument_texts(call: Apply) -> list[str]:
    """Give the text of each argument of a call."""
    return [*map(text, call.args), *(f"{name}={text(value)}" for name, value in call.keywords)]
