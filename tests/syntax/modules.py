"""Modules of every form of the language, with comments and blanks wherever they can stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from random import Random

NAMES = [*"a b x t σ ε τ Γ x0 x₀ σ_data c_skip thenb inside data grid prior time N alpha path".split(), "∞"]
PLAIN = "a x t σ_data x₀ c_skip beta u".split()
NUMBERS = "0 1 2 0.5 .5 5. 1e-3 1.5E+10 999".split()
BINARY = "+ - − * / · × ^ < <= ≤ > ≥ == != ≠ and or".split()
SUPERSCRIPTS = "² ³ ⁻¹ ¹²".split()
COMMENTS = ["# c", "#", "#  two  words  ", "# {[(", '# σ = 1; "quoted"', "#\ttab"]
CONTINUING = {*"+ - − * / · × ^ < <= ≤ > ≥ == != ≠ , and or not if then else in from to downto minimizing".split()}
STATEMENT_END = "\n"


def module(random: Random) -> str:
    """Write a module."""
    tokens: list[str] = []
    for _ in range(random.randint(0, 6)):
        tokens += [*pick(random, OUTERMOST), STATEMENT_END]
    return spaced(random, tokens)


def pick(random: Random, forms: Iterable[Callable[[Random], list[str]]]) -> list[str]:
    return random.choice(list(forms))(random)


def expression(random: Random, depth: int = 3) -> list[str]:
    """Write a value."""
    kind = random.randint(0, 11) if depth else random.randint(0, 1)
    inner = partial(expression, random, depth - 1)
    match kind:
        case 0:
            return [random.choice(NAMES)]
        case 1:
            return [random.choice(NUMBERS)]
        case 2 | 3:
            return [*operand(random, depth - 1), random.choice(BINARY), *operand(random, depth - 1)]
        case 4:
            return [random.choice("-−+"), *operand(random, depth - 1)]
        case 5:
            return [*operand(random, depth - 1), random.choice(SUPERSCRIPTS)]
        case 6:
            return [*random.choice([["f"], ["solver", ".", "step"]]), *arguments(random, depth - 1)]
        case 7:
            return ["if", *inner(), "then", *inner(), "else", *inner()]
        case 8:
            return ["[", *commas(random, inner), "]"]
        case 9:
            return ["(", *inner(), ",", *inner(), *random.choice([[], [","]]), ")"]
        case 10:
            return ["√", *operand(random, 0)]
        case _:
            return ["(", "not", *operand(random, depth - 1), ")"]


def operand(random: Random, depth: int) -> list[str]:
    """Write a value that binds tightly."""
    if depth > 0 and random.random() < 0.5:
        return ["(", *expression(random, depth), ")"]
    return [random.choice(NAMES + NUMBERS)]


def commas(random: Random, item: Callable[[], list[str]]) -> list[str]:
    """Write a list of any length, with or without a comma at its end."""
    items = [[*item(), ","] for _ in range(random.randint(0, 3))]
    flat = [token for one in items for token in one]
    return flat if not flat or random.random() < 0.3 else flat[:-1]


def arguments(random: Random, depth: int = 1) -> list[str]:
    def argument() -> list[str]:
        name = random.choice([[], ["rho", "="], ["w", "(", "t", ",", "r", ")", "="]])
        return [*name, *expression(random, depth)]

    return ["(", *commas(random, argument), ")"]


def names(random: Random) -> list[str]:
    return ["(", *random.choice([["t"], ["x", ",", "t"], ["a", ",", "b", ","]]), ")"]


def span(random: Random) -> list[str]:
    return [random.choice("(["), *expression(random, 1), ",", *expression(random, 1), random.choice(")]")]


def reference(random: Random) -> list[str]:
    return [random.choice(PLAIN), *random.choice([[], arguments(random)])]


def equation(random: Random) -> list[str]:
    return [random.choice(PLAIN), *random.choice([[], names(random)]), "=", *expression(random)]


def claim(random: Random) -> list[str]:
    left, right = (["(", *expression(random, 2), ")"] for _ in range(2))
    tail = random.choice([[], ["for", "t", "in", *span(random)]])
    return ["assert", *left, random.choice(["=", "<", "≤", ">="]), *right, *tail]


def derive(random: Random) -> list[str]:
    tail = random.choice([[], ["minimizing", *expression(random, 1)]])
    return ["derive", "c_in", ",", "c_out", "from", *expression(random, 1), "=", *expression(random, 1), *tail]


def learned(random: Random) -> list[str]:
    return ["learned", "u", *names(random)]


def loop(random: Random) -> list[str]:
    ends = ["from", *expression(random, 1), random.choice(["to", "downto"]), *expression(random, 1)]
    return ["for", "n", *random.choice([ends, ["in", *expression(random, 1)]]), *block(random)]


def draw(random: Random) -> list[str]:
    index = ["index", "(", *expression(random, 1), "for", "i", "from", "1", "to", "N", ")"]
    return [random.choice(PLAIN), "~", *random.choice([["data"], expression(random, 1), index])]


def procedure(random: Random) -> list[str]:
    return ["step", *names(random), *block(random)]


STEPS = [
    *(equation, equation, claim, derive, learned, draw, draw, loop, procedure),
    lambda random: ["minimize", *expression(random)],
    lambda random: ["return", *expression(random)],
]


def block(random: Random) -> list[str]:
    """Write a body: statements, each on its line; the last may stand before the brace."""
    tokens = ["{"]
    for number in range(random.choice([0, 1, 1, 2])):
        tokens += [*([STATEMENT_END] if number else []), *pick(random, STEPS if len(tokens) < 60 else STEPS[:4])]
    return [*tokens, *random.choice([[], [STATEMENT_END]] if len(tokens) > 1 else [[]]), "}"]


def fields(random: Random) -> list[str]:
    """Write equations in braces, on lines of their own or side by side."""
    forms = [equation, derive, lambda random: ["grid", *reference(random)]]
    tokens = ["{"]
    for _ in range(random.randint(0, 3)):
        tokens += [*pick(random, forms), *random.choice([[], [STATEMENT_END]])]
    return [*tokens, "}"]


def definition(random: Random) -> list[str]:
    parameters = ["(", *commas(random, lambda: parameter(random)), ")"]
    head = ["define", random.choice(["metric", "solver", "grid"]), "mine", *random.choice([[], parameters])]
    return [*head, *random.choice([block(random), ["=", *reference(random)]])]


def parameter(random: Random) -> list[str]:
    return random.choice(
        [["c"], ["c", "=", *expression(random, 1)], ["w", *names(random)], ["w", "(", "t", ")", "=", "1"]]
    )


OUTERMOST: list[Callable[[Random], list[str]]] = [
    *(equation, equation, claim, learned, definition, definition),
    lambda random: ["model", "m"],
    lambda random: [
        "param",
        random.choice(PLAIN),
        "=",
        *expression(random),
        *random.choice([[], ["in", *span(random)]]),
    ],
    lambda random: ["time", "t", "in", *span(random)],
    lambda random: [random.choice(["sde", "path", "precondition"]), *fields(random)],
    lambda random: ["boundary", *expression(random, 1), *random.choice([[], ["by", "shift"]])],
    lambda random: ["prior", *expression(random)],
    lambda random: ["precondition", *reference(random), *random.choice([[], fields(random)])],
    lambda random: [random.choice(["grid", "curriculum"]), *reference(random)],
    lambda random: ["objective", *alias(random), *reference(random), *random.choice([[], fields(random)])],
    lambda random: ["sampler", *alias(random), *reference(random)],
    lambda random: ["network", *random.choice([["mlp"], "a . b : C".split()]), *random.choice([[], arguments(random)])],
    lambda random: ["data", "shape", "[", "3", ",", "8", ",", "8", "]"],
    lambda random: ["import", '"a  b.cm"'],
    lambda random: ["extern", "metric", "lpips", "=", '"m:a"'],
]


def alias(random: Random) -> list[str]:
    return random.choice([[], ["o", "="]])


def spaced(random: Random, tokens: list[str]) -> str:
    """Put blanks, comments and line breaks between tokens wherever they mean nothing."""
    text, brackets, before = gap(random), [""], STATEMENT_END
    for token in tokens:
        if token == STATEMENT_END:
            text += ended(random)
        else:
            free = brackets[-1] in ("(", "[") or before in CONTINUING or before in ("{", STATEMENT_END)
            text += between(random, before, token, free and text != "") + token
        if token in ("(", "[", "{"):
            brackets.append(token)
        elif token in (")", "]", "}"):
            brackets.pop()
        before = token
    return text.removesuffix(random.choice(["", "\n"]))


def between(random: Random, before: str, token: str, free: bool) -> str:
    """Give what stands between two tokens: a line end where lines may break, else blanks where they are needed."""
    if free and random.random() < 0.15:
        return random.choice(["", "  "]) + random.choice(["", random.choice(COMMENTS)]) + "\n" + gap(random)
    words = (before[-1].isalnum() or before[-1] in "_₀.∞") and (token[0].isalnum() or token[0] in "_.∞²³⁻¹")
    clashes = before[-1] + token[0] in ("==", "<=", ">=", "!=", "..")
    return random.choice([" ", "  ", "\t"] if words or clashes else ["", " ", " ", "   ", "\t "])


def ended(random: Random) -> str:
    """Give the end of a statement."""
    return random.choice(["", " ", "  "]) + random.choice(["", "", random.choice(COMMENTS)]) + "\n" + gap(random)


def gap(random: Random) -> str:
    """Give blank lines and comments."""
    lines = [
        random.choice(["", "  ", "\t", random.choice(COMMENTS), "   " + random.choice(COMMENTS)]) for _ in range(3)
    ]
    return "".join(f"{line}\n" for line in lines[: random.choice([0, 0, 0, 1, 3])]) + random.choice(["", "", "   "])
