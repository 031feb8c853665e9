"""Every state of the parser says what it expects, in words."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from lark import Token
from lark.parsers.lalr_analysis import Shift

from cmdsl.diagnostics import Diagnostic, SpecError
from cmdsl.syntax import parse
from cmdsl.syntax.explain import explain
from cmdsl.syntax.forms import forms
from cmdsl.syntax.items import complete, kernels, key, literals
from cmdsl.syntax.messages import MESSAGES
from cmdsl.syntax.parse import parser
from cmdsl.syntax.reader import Failure
from cmdsl.syntax.tables import grammar

CONF = parser().parse_interactive().parser_state.parse_conf
KERNELS, LITERALS = kernels(parser()), literals(parser())
SAMPLES = {
    **LITERALS,
    **{
        "NAME": "q",
        "NUMBER": "1",
        "STRING": '"q"',
        "_NL": "\n",
        "SIGN": "+",
        "TIMES": "*",
        "COMPARISON": "<",
        "$END": "",
    },
    "SUPERSCRIPT": "²",
}
TERMINALS = [t.name for t in parser().terminals if t.name not in ("COMMENT", "BLANK")] + ["$END"]


def token(kind: str, column: int) -> Token:
    text = SAMPLES[kind]
    return Token(kind, text, 2 * column, 1, 2 * column + 1, 1, 2 * column + 1 + len(text), 2 * column + len(text))


@cache
def paths() -> dict[int, tuple[str, ...]]:
    """Give the shortest row of symbols that leads to each state of the table."""
    found: dict[int, tuple[str, ...]] = {CONF.start_state: ()}
    pending = [CONF.start_state]
    for state in pending:
        for symbol, (action, target) in CONF.states[state].items():
            if action is Shift and target not in found:
                found[target] = (*found[state], symbol)
                pending.append(target)
    return found


def stacks(symbols: tuple[str, ...]) -> tuple[list[int], list[Any]]:
    states, values = [CONF.start_state], []
    for column, symbol in enumerate(symbols):
        states.append(CONF.states[states[-1]][symbol][1])
        values.append(token(symbol, column) if symbol in SAMPLES else None)
    return states, values


def mistakes(state: int) -> Iterator[Diagnostic]:
    """Give what is said in a state of each token that it can't read."""
    states, values = stacks(paths()[state])
    for kind in set(TERMINALS) - set(CONF.states[state]):
        previous = next((v for v in reversed(values) if v is not None), None)
        tokens = [token(kind, len(values)), token("_NL", len(values) + 1), token("$END", len(values) + 2)]
        yield explain("a.cm", parser(), Failure(tokens, 0, previous, states, values))


def test_the_walk_sees_every_state_that_a_text_can_lead_to() -> None:
    assert set(paths()) - {CONF.end_state} == set(KERNELS)
    assert set(KERNELS) | {CONF.end_state} == set(CONF.states)


def test_every_state_that_can_read_on_has_a_message_and_every_message_a_state() -> None:
    reading = {key(kernel, LITERALS) for kernel in KERNELS.values() if any(i < len(r.expansion) for r, i in kernel)}
    assert reading == set(MESSAGES)


def test_states_have_names_of_their_own() -> None:
    names = [key(kernel, LITERALS) for kernel in KERNELS.values()]
    assert len(names) == len(set(names))


def test_no_state_completes_two_rules() -> None:
    for kernel in KERNELS.values():
        assert sum(index == len(rule.expansion) for rule, index in kernel) == (complete(kernel) is not None)


def called(state: int) -> str:
    return key(KERNELS[state], LITERALS)


STATES: list[int] = sorted(KERNELS, key=called)


@pytest.mark.parametrize("state", STATES, ids=called)
def test_what_a_state_says_is_written_for_people(state: int) -> None:
    for diagnostic in mistakes(state):
        assert re.fullmatch(r"CM0\d\d", diagnostic.code)
        assert diagnostic.span is not None
        assert not re.search(r"[{}]name|\.\.\.|NAME|EQUAL|RPAR|expr\b|_NL|None", diagnostic.message + diagnostic.help)
        if diagnostic.code == "CM002":
            assert diagnostic.message.startswith("expected ")
            assert ", found " in diagnostic.message


@pytest.mark.parametrize("name", forms())
def test_a_form_is_what_the_language_takes(name: str) -> None:
    for form in forms()[name]:
        assert parses(form) or parses(f"define objective o {{ {form} }}"), form


def test_every_statement_has_a_form() -> None:
    statements = grammar().partition("?expr")[0]
    assert set(re.findall(r'[:|] "([a-z]+)"', statements)) <= set(forms())


def parses(text: str) -> bool:
    try:
        parse("a.cm", text + "\n")
    except SpecError:
        return False
    return True
