"""The blanks between two tokens of a line."""

from __future__ import annotations

OPENING = frozenset(["LPAR", "LSQB"])
CLOSING = frozenset(["RPAR", "RSQB"])
TIGHT = frozenset(["TIMES", "CIRCUMFLEX", "DOT", "COLON"])
VALUE_ENDS = frozenset(["NAME", "NUMBER", "SUPERSCRIPT", "RPAR", "RSQB", "STRING"])
STARTS_IN_BRACES = frozenset(["NAME", "DERIVE", "GRID", "CURRICULUM"])
UNARY = "UNARY"
BETWEEN_EQUATIONS = "  "


def sign(kind: str, before: str | None) -> str:
    """Tell a sign before a value from one between two, by what stands before it."""
    return UNARY if kind == "SIGN" and before not in VALUE_ENDS else kind


def blanks(left: str, right: str, in_braces: bool) -> str:
    """Give the blanks between two tokens, by what they are; in braces, equations may stand side by side."""
    if right in CLOSING | TIGHT | {"COMMA", "SUPERSCRIPT"} or left in OPENING | TIGHT | {UNARY, "_ROOT"}:
        return ""
    if left == "NAME" and right == "LPAR":
        return ""
    return BETWEEN_EQUATIONS if in_braces and left in VALUE_ENDS and right in STARTS_IN_BRACES else " "
