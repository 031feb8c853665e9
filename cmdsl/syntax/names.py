"""Names and powers in ASCII: Greek letters by their names, subscript and superscript digits as digits."""

GREEK_NAMES = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"),
    *("xi", "omicron", "pi", "rho", "sigma", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
GREEK = dict(zip("αβγδεζηθικλμνξοπρςστυφχψω", GREEK_NAMES, strict=True))
CAPITALS = {letter.upper(): name.capitalize() for letter, name in GREEK.items() if letter != "ς"}
VARIANTS = {"ϵ": "epsilon", "ϕ": "phi", "ϑ": "theta", "∞": "inf"}
SUBSCRIPTS = {chr(0x2080 + digit): str(digit) for digit in range(10)}
SUPERSCRIPTS = {**dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)), "⁺": "", "⁻": "-"}
OPERATORS = {"−": "-", "·": "*", "×": "*", "≤": "<=", "≥": ">=", "≠": "!="}
LETTERS = {**GREEK, **CAPITALS, **VARIANTS, **SUBSCRIPTS}


def ascii_name(text: str) -> str:
    """Give a name in ASCII: `σ_data` is `sigma_data`, `x₀` is `x0`."""
    return "".join(LETTERS.get(letter, letter) for letter in text)


def ascii_power(text: str) -> str:
    """Give the digits of a superscript: `⁻²` is `-2`."""
    return "".join(SUPERSCRIPTS[letter] for letter in text)


def ascii_operator(text: str) -> str:
    """Give an operator in ASCII: `≤` is `<=`."""
    return OPERATORS.get(text, text)
