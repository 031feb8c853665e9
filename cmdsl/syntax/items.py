"""What each state of the parser has read: items of rules, in a form that does not change with the states' numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeAlias

from lark import Lark
from lark.parsers.lalr_analysis import Shift

Item: TypeAlias = tuple[Any, int]  # a rule of lark's, and how much of it has been read
Kernel: TypeAlias = frozenset[Item]


@cache
def kernels(parser: Lark) -> Mapping[int, Kernel]:
    """Give the items of each state, found by walking the parse table from its start."""
    table = parser.parse_interactive().parser_state.parse_conf
    start = frozenset((rule, 0) for rule in parser.rules if rule.origin.name == table.start)
    found = {table.start_state: start}
    pending = [table.start_state]
    while pending:
        state = pending.pop()
        for symbol, kernel in advanced(parser, found[state]):
            action, target = table.states[state].get(symbol, (None, None))
            if action is Shift and target not in found:
                found[target] = kernel
                pending.append(target)
    return found


def advanced(parser: Lark, kernel: Kernel) -> Iterator[tuple[str, Kernel]]:
    """Give the items after each symbol that can come next."""
    after: dict[str, set[Item]] = {}
    for rule, index in closure(parser, kernel):
        if index < len(rule.expansion):
            after.setdefault(rule.expansion[index].name, set()).add((rule, index + 1))
    return ((symbol, frozenset(items)) for symbol, items in after.items())


def closure(parser: Lark, kernel: Kernel) -> set[Item]:
    """Add the rules that can start where the items are."""
    origins = rules(parser)
    found, pending = set(kernel), list(kernel)
    expanded = set()
    while pending:
        rule, index = pending.pop()
        wanted = rule.expansion[index].name if index < len(rule.expansion) else ""
        if wanted not in expanded:
            expanded.add(wanted)
            pending += ((r, 0) for r in origins.get(wanted, ()))
            found.update((r, 0) for r in origins.get(wanted, ()))
    return found


@cache
def rules(parser: Lark) -> Mapping[str, list[Any]]:
    """Give the rules by what they define."""
    found: dict[str, list[Any]] = {}
    for rule in parser.rules:
        found.setdefault(rule.origin.name, []).append(rule)
    return found


def complete(kernel: Kernel) -> Any | None:
    """Give the rule that has been read whole, if one has."""
    return next((rule for rule, index in kernel if index == len(rule.expansion)), None)


def key(kernel: Kernel, literals: Mapping[str, str]) -> str:
    """Name a state by what has been read of its rules: `param NAME =`."""
    return " | ".join(sorted({prefix(rule, index, literals) for rule, index in kernel}))


def prefix(rule: Any, index: int, literals: Mapping[str, str]) -> str:
    """Write what has been read of a rule, after the rule's name where it does not start with a keyword."""
    words = [literals.get(symbol.name, plain(symbol.name)) for symbol in rule.expansion[:index]]
    keyword = index > 0 and rule.expansion[0].is_term and words[0].isalpha() and words[0].islower()
    return " ".join(words if keyword else [f"{plain(rule.alias or rule.origin.name)}:", *words])


def plain(name: str) -> str:
    """Give the name of a symbol; that of a repetition without its number."""
    return re.sub(r"^__(\w+?)_(star|plus)_\d+$", r"\1...", name)


def literals(parser: Lark) -> dict[str, str]:
    """Give the terminals that are written one way only, by their names."""
    return {t.name: t.pattern.value for t in parser.terminals if t.pattern.type == "str"}
