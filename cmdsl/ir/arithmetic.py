"""The closed set of operations on numbers of an mpmath context: real arithmetic, as IEEE 754 has it at its edges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def real(mp: Any, name: str, numbers: tuple[Any, ...]) -> Any:
    """Apply an operation as real arithmetic does: nan outside its domain, infinite at a pole."""
    try:
        value = ARITHMETIC[name](mp, *numbers)
    except ZeroDivisionError:
        value = mp.nan if numbers[0] == 0 else mp.sign(numbers[0]) * mp.inf
    return mp.nan if isinstance(value, mp.mpc) else value


COMPARISON: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}

LOGICAL: Mapping[str, Callable[..., bool]] = {
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "not": lambda a: not a,
}

NAMED = "sqrt exp expm1 log log1p sin cos tan asin acos atan sinh cosh tanh erf floor ceil sign"


def _named(name: str) -> Callable[..., Any]:
    return lambda mp, a: getattr(mp, name)(a)


SPELT: dict[str, Callable[..., Any]] = {
    "neg": lambda mp, a: -a,
    "abs": lambda mp, a: abs(a),
    "square": lambda mp, a: a * a,
    "log2": lambda mp, a: mp.log(a, 2),
    "sigmoid": lambda mp, a: 1 / (1 + mp.exp(-a)),
    "softplus": lambda mp, a: mp.log1p(mp.exp(a)),
    "add": lambda mp, a, b: a + b,
    "sub": lambda mp, a, b: a - b,
    "mul": lambda mp, a, b: a * b,
    "div": lambda mp, a, b: a / b,
    "pow": lambda mp, a, b: mp.power(a, b),
    "min": lambda mp, a, b: min(a, b),
    "max": lambda mp, a, b: max(a, b),
}
ARITHMETIC = SPELT | {name: _named(name) for name in NAMED.split()}
