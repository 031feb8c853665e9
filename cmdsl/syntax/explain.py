"""Say what is wrong with a statement that can't be read: a slip that has a name, or what was expected and found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from attrs import frozen
from lark import Lark, Token
from lark.parsers.lalr_analysis import Shift

from cmdsl.diagnostics import Diagnostic, error
from cmdsl.syntax.forms import forms, written
from cmdsl.syntax.items import Kernel, complete, kernels, key, literals
from cmdsl.syntax.messages import MESSAGES
from cmdsl.syntax.places import after, place, shown
from cmdsl.syntax.reader import Failure
from cmdsl.syntax.slips import slip


@frozen
class State:
    """A state that can be reached without reading on: its name, what it expects, and the terminals it can read."""

    key: str
    expected: str
    terminals: frozenset[str]


def explain(path: str, parser: Lark, failure: Failure) -> Diagnostic:
    """Give the diagnostic of a failure."""
    states = list(reached(parser, failure.states, failure.values))
    phrases = tuple(dict.fromkeys(phrase for state in states for phrase in state.expected.split("|") if phrase))
    keys = tuple(state.key for state in states)
    named = slip(path, failure, keys, frozenset().union(*(state.terminals for state in states)))
    return named or unexpected(path, failure, phrases, keys)


def unexpected(path: str, failure: Failure, phrases: Sequence[str], keys: Sequence[str]) -> Diagnostic:
    """Say what was expected and found."""
    found, previous = failure.found, failure.previous
    behind = f" after {shown(previous)}" if previous and not starts(keys[-1:]) else ""
    at_end = found.type in ("_NL", "$END") and previous
    span = after(path, previous) if at_end and previous else place(path, found)
    message = f"expected {listed(phrases)}{behind}, found {shown(found)}"
    return error("CM002", message, span, help=form(keys)).diagnostics[0]


def starts(keys: Sequence[str]) -> bool:
    """Tell whether a statement starts here."""
    return any(MESSAGES.get(key, "").startswith("a statement") for key in keys)


def form(keys: Sequence[str]) -> str:
    """Show the right form of what is being read, where it has one."""
    names = (key.split()[0].rstrip(":.") for key in keys)
    return next((f"write {written(name)}" for name in names if name in forms()), "")


def reached(parser: Lark, states: Sequence[int], values: Sequence[Any]) -> Iterator[State]:
    """Give the states from which the next token could have been read: the last, and those after what it completes."""
    conf = parser.parse_interactive().parser_state.parse_conf
    items, words = kernels(parser), literals(parser)
    stack = list(zip(states, (None, *values), strict=True))
    while True:
        kernel, table = items[stack[-1][0]], conf.states[stack[-1][0]]
        shifted = frozenset(symbol for symbol, (action, _) in table.items() if action is Shift and symbol.isupper())
        yield state(kernel, words, [value for _, value in stack], shifted)
        rule = complete(kernel)
        if rule is None or rule.origin.name == conf.start:
            return
        del stack[len(stack) - len(rule.expansion) :]
        stack.append((conf.states[stack[-1][0]][rule.origin.name][1], None))


def state(kernel: Kernel, words: dict[str, str], values: Sequence[Any], terminals: frozenset[str]) -> State:
    """Give what a state expects."""
    name = key(kernel, words)
    size = max(index for _, index in kernel)
    read = next((v for v in values[len(values) - size :] if isinstance(v, Token) and v.type == "NAME"), "")
    return State(name, MESSAGES.get(name, "").replace("{name}", read), terminals)


def listed(phrases: Sequence[str]) -> str:
    """List alternatives."""
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} or {phrases[-1]}"
