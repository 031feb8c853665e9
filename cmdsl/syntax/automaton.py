"""The parser's stacks, and how a token changes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from attrs import define, field
from lark import Lark, Token
from lark.parsers.lalr_analysis import Reduce, Shift

BOUNDARIES = ("statement", "step", "field")  # what stands in the lists that reading resumes in
RESERVED = frozenset(["if", "then", "else", "and", "or", "not", "in"])  # words that are never names
Table: TypeAlias = Mapping[int, Mapping[str, tuple[Any, Any]]]


@define
class Automaton:
    """The parser's stacks, and how a token changes them."""

    table: Table
    keywords: Mapping[str, str]  # their terminals
    callbacks: Mapping[Any, Callable[[list[Any]], Any]]
    end: int
    states: list[int]
    values: list[Any] = field(factory=list)

    def type_of(self, token: Token) -> str:
        """Give what a token is here: most words are keywords only where one can stand."""
        keyword = self.keywords.get(token, token.type)
        is_keyword = token in RESERVED or keyword in self.table[self.states[-1]]
        return keyword if token.type == "NAME" and is_keyword else token.type

    def feed(self, token: Token) -> bool:
        """Take a token; where it doesn't fit, change nothing."""
        undone: list[tuple[list[int], list[Any]]] = []
        while self.states[-1] != self.end or token.type != "$END":
            action, target = self.table[self.states[-1]].get(token.type, (None, None))
            if action is None:
                self.undo(undone)
                return False
            if action is Shift:
                self.push(target, token)
                return True
            size = len(target.expansion)
            undone.append((self.states[len(self.states) - size :], self.values[len(self.values) - size :]))
            self.reduce(target, size)
        return True

    def reduce(self, rule: Any, size: int) -> None:
        """Put one node in the place of its parts; where the rule only passes a node on, that node."""
        parts = self.values[len(self.values) - size :]
        self.pop(size)
        passes_on = size == 1 and rule.options.expand1 and not rule.alias and not rule.expansion[0].is_term
        value = parts[0] if passes_on else self.callbacks[rule](parts)
        self.push(self.table[self.states[-1]][rule.origin.name][1], value)

    def undo(self, undone: list[tuple[list[int], list[Any]]]) -> None:
        """Take nodes apart again."""
        for states, values in reversed(undone):
            self.pop(1)
            self.states += states
            self.values += values

    def pop(self, size: int) -> None:
        """Take from the stacks."""
        del self.states[len(self.states) - size :], self.values[len(self.values) - size :]

    def push(self, state: int, value: Any) -> None:
        """Add to the stacks."""
        self.states.append(state)
        self.values.append(value)

    def settle(self) -> None:
        """Put nodes in the place of parts that are whole, whatever comes next."""
        while True:
            actions = list(self.table[self.states[-1]].values())
            if not actions or any(action != actions[0] for action in actions) or actions[0][0] is not Reduce:
                return
            self.reduce(actions[0][1], len(actions[0][1].expansion))

    def boundary(self) -> tuple[int, str]:
        """Give how many states there are up to where the innermost statement starts, and what is listed there."""
        for count in range(len(self.states), 0, -1):
            for kind in BOUNDARIES:
                if kind in self.table[self.states[count - 1]]:
                    return count, kind
        raise AssertionError("every file is a list of statements")

    def leave_out(self) -> None:
        """Put nothing in the place of the statement that is being read."""
        count, kind = self.boundary()
        self.pop(len(self.states) - count)
        self.push(self.table[self.states[-1]][kind][1], None)


def automaton(parser: Lark) -> Automaton:
    """Give the parser's stacks as they are before the first token."""
    state = parser.parse_interactive().parser_state
    conf = state.parse_conf
    words = {t.pattern.value: t.name for t in parser.terminals if t.pattern.type == "str" and t.pattern.value.isalpha()}
    return Automaton(conf.states, words, conf.callbacks, conf.end_state, list(state.state_stack))
