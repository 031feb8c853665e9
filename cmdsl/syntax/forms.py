"""The right form of each construct, as help shows it: what stands in `forms.cm`, by the rule named beside it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def forms() -> Mapping[str, tuple[str, ...]]:
    """Give the right forms of each rule of the grammar that has one."""
    found: dict[str, tuple[str, ...]] = {}
    for line in files(__package__).joinpath("forms.cm").read_text(encoding="utf-8").splitlines():
        code, _, rules = line.partition("#")
        for rule in rules.split() if code.strip() else ():
            found[rule] = (*found.get(rule, ()), code.strip())
    return found


def written(rule: str) -> str:
    """Show the right form of a construct, or the two that it has."""
    return " or ".join(f"`{code}`" for code in forms()[rule])


def use_of(kind: str) -> str:
    """Show a use of a definition of a kind, and where others are found."""
    return f"`{forms()[kind][0]}`; `cmdsl library {kind}` lists what there is"
