"""Expressions as text: they mean what their tree says, and ruff would not touch their lines."""

import ast
import random
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from cmdsl.emit.code import (
    Anonymous,
    Apply,
    Binary,
    Code,
    Item,
    Mapping,
    Member,
    Name,
    Row,
    Ternary,
    Unary,
    apply,
    method,
    number,
    text,
)
from cmdsl.emit.layout import WIDTH, layout, listing, signature

NAMES = ("t", "x", "SIGMA_DATA", "EPSILON", "denoised", "beta_minimum", "r_minus_t", "c_skip_of_the_denoiser")
NUMBERS = ("2", "0.5", "1/7", "-3", "1e-5", "100000", "1e300")


def expression(random: random.Random, depth: int) -> Code:
    """Make an expression of any shape."""
    if depth == 0 or random.random() < 0.12:
        return Name(random.choice(NAMES)) if random.random() < 0.7 else number(Fraction(random.choice(NUMBERS)))
    parts = [expression(random, depth - 1) for _ in range(3)]
    shapes: tuple[Code, ...] = (
        *(Binary(operator, parts[0], parts[1]) for operator in ("+", "+", "-", "*", "/", "**")),
        Unary("-", parts[0]),
        *(apply(function, *parts[: random.randrange(1, 4)]) for function in ("torch.sqrt", "over", "jnp.where")),
        Apply(Name("torch.clamp"), (parts[0],), (("min", parts[1]),)),
        Item(Name("times"), (parts[0],)),
        Item(Name("times"), (random.choice([None, parts[0]]), parts[1])),
        Ternary(Binary("==", Name("n"), parts[0]), parts[1], parts[2]),
        method(parts[0], "detach"),
        Anonymous(("x", "t"), parts[0]),
        Row((parts[0], parts[1])),
    )
    chosen: Code = random.choice(shapes)
    return chosen


def meaning(code: Code) -> str:
    """Give an expression with every part in brackets, so that no precedence is left to speak of."""
    match code:
        case Name():
            return code.text
        case Unary():
            return f"({code.operator}({meaning(code.operand)}))"
        case Binary():
            return f"(({meaning(code.left)}) {code.operator} ({meaning(code.right)}))"
        case Apply():
            keywords = [f"{name}={meaning(value)}" for name, value in code.keywords]
            return f"({meaning(code.function)})({', '.join([*map(meaning, code.args), *keywords])})"
        case Member():
            return f"({meaning(code.value)}).{code.name}"
        case Item():
            return f"({meaning(code.value)})[{':'.join('' if e is None else f'({meaning(e)})' for e in code.index)}]"
        case Ternary():
            return f"(({meaning(code.then)}) if ({meaning(code.condition)}) else ({meaning(code.otherwise)}))"
        case Anonymous():
            return f"(lambda {', '.join(code.params)}: ({meaning(code.body)}))"
        case Row():
            return f"({''.join(f'({meaning(item)}),' for item in code.items)})"
        case Mapping():
            return "{" + ", ".join(f'"{key}": ({meaning(value)})' for key, value in code.items) + "}"


@pytest.mark.parametrize("seed", range(300))
def test_text_means_what_the_tree_says(seed: int) -> None:
    source = random.Random(seed)
    code = expression(source, source.choice([2, 3, 4]))
    assert ast.dump(ast.parse(text(code))) == ast.dump(ast.parse(meaning(code)))


def formatted(source: str, path: Path) -> str:
    path.write_text(source)
    command = [sys.executable, "-m", "ruff", "format", "--line-length", str(WIDTH), "--isolated", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path.read_text()


def test_ruff_would_not_touch_the_lines(tmp_path: Path) -> None:
    source = random.Random(0)
    functions = []
    for at in range(1500):
        lines = layout(source.choice(["return ", "value = "]), expression(source, source.choice([2, 3, 4, 5])), "    ")
        functions += ["\n".join([f"def f{at}():", *lines])] if lines else []
    emitted = "\n\n\n".join(functions) + "\n"
    assert sum("(\n" in f for f in functions) > 50
    assert formatted(emitted, tmp_path / "lines.py") == emitted


def test_ruff_would_not_touch_heads_and_displays(tmp_path: Path) -> None:
    names = [f"parameter_{i}: float" for i in range(9)]
    blocks = [[*signature("f", names[:count], "Tensor"), "    return 0"] for count in (0, 1, 4, 5, 9)]
    blocks += [listing("NAMES = (", [f'"name_{i}"' for i in range(count)], ")") for count in (1, 2, 30)]
    emitted = "\n\n\n".join("\n".join(block) for block in blocks[:5])
    emitted += "\n\n\n" + "\n".join("\n".join(block) for block in blocks[5:]) + "\n"
    assert formatted(emitted, tmp_path / "heads.py") == emitted


def test_what_has_no_plain_break_is_refused() -> None:
    long = apply("f", Name("x" * 130))
    assert layout("return ", long, "    ") is None


@given(st.fractions())
def test_numbers_are_exact(value: Fraction) -> None:
    shown = eval_number(number(value))
    assert shown == value if value.denominator <= 2**53 else float(shown) == float(value)


def test_a_number_to_fifty_digits_is_shown_as_a_float() -> None:
    assert text(number(Fraction("1.1071487177940905030170654601785370400700476454014"))) == "1.1071487177940904"


@pytest.mark.parametrize("written", ["0.002", "80", "1/3", "0.00054", "1e-5", "-1.1", "1e300", "123456789012345678901"])
def test_numbers_are_short(written: str) -> None:
    shown = text(number(Fraction(written)))
    assert len(shown) <= len(written) + 4
    assert Fraction(eval_number(number(Fraction(written)))) == Fraction(written)


def eval_number(code: Code) -> Fraction:
    """Read a number back as people do."""
    match code:
        case Unary():
            return -eval_number(code.operand)
        case Binary():
            return eval_number(code.left) / eval_number(code.right)
        case _:
            return Fraction(text(code))
