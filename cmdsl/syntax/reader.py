"""Read tokens into a tree; after a mistake leave out the statement that has it, and go on with the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import define, evolve, field, frozen
from lark import Token, Tree

from cmdsl.syntax.automaton import Automaton
from cmdsl.syntax.brackets import MOST
from cmdsl.syntax.starts import may_start, starts_statement

OPENING = frozenset(["LPAR", "LSQB"])
CLOSING = frozenset(["RPAR", "RSQB"])
OPERATORS = frozenset(["SIGN", "TIMES", "CIRCUMFLEX", "COMPARISON", "COMMA"])
CONTINUING = OPERATORS | frozenset(
    ["AND", "OR", "NOT", "THEN", "ELSE", "IF", "IN", "FROM", "TO", "DOWNTO", "MINIMIZING"]
)
NOTHING_TO_END = frozenset(["LBRACE", "_NL"])
DEEPEST_MARK = 500


@frozen
class Failure:
    """A statement that can't be read on: the stacks before the token at `index`, which doesn't fit."""

    tokens: Sequence[Token]
    index: int
    previous: Token | None
    states: Sequence[int]
    values: Sequence[Any]
    start: int = 0  # the offsets of the statement
    end: int = 0

    @property
    def found(self) -> Token:
        """Give what doesn't fit."""
        return self.tokens[self.index]

    @property
    def offset(self) -> int:
        """Give where that stands."""
        return self.found.start_pos or 0

    @property
    def absent(self) -> bool:
        """Tell whether that is a bracket which should stand there, and does not."""
        return self.found.start_pos == self.found.end_pos and self.found.type != "$END"


@define
class Reader:
    """Where reading is in the tokens, and what went wrong so far; line ends count where they end a statement."""

    tokens: Sequence[Token]
    automaton: Automaton
    failures: list[Failure] = field(factory=list)
    kinds: dict[int, str] = field(factory=dict)  # what each token is, by its offset
    index: int = 0
    depth: int = 0
    last: str = "_NL"
    previous: Token | None = None
    mark: Failure | None = None  # the last line end that an operator before it took back

    def read(self) -> Any:
        """Read to the end; give the tree."""
        while self.index < len(self.tokens) and len(self.failures) < MOST:
            token = self.tokens[self.index]
            if token.type == "_NL" and (self.depth or self.last in CONTINUING or self.last in NOTHING_TO_END):
                self.pass_over()
            else:
                self.take(token)
        return self.automaton.values[-1]

    def pass_over(self) -> None:
        """Leave out a line end that ends nothing, and remember it, since it should perhaps have ended something."""
        if not self.depth and self.last in CONTINUING and len(self.automaton.states) < DEEPEST_MARK:
            self.mark = self.failure()
        self.index += 1

    def failure(self) -> Failure:
        """Give the place where reading is."""
        stacks = self.automaton
        return Failure(self.tokens, self.index, self.previous, tuple(stacks.states), tuple(stacks.values))

    def take(self, token: Token) -> None:
        """Feed a token to the parser."""
        kind = self.automaton.type_of(token)
        if not self.automaton.feed(token if kind == token.type else token.update(kind)):
            return self.fail()
        self.depth += (kind in OPENING) - (kind in CLOSING)
        self.last, self.previous = kind, token
        self.kinds[token.start_pos or 0] = kind
        self.index += 1

    def fail(self) -> None:
        """Report a mistake, and leave out the statement that has it."""
        self.return_to_line_end()
        failure = self.failure()
        self.automaton.settle()
        start = self.start()
        self.skip(self.column(start))
        self.failures.append(evolve(failure, start=start, end=self.below().start_pos or 0))
        self.automaton.leave_out()
        self.depth, self.last = 0, ""

    def return_to_line_end(self) -> None:
        """Take an operator's line end for the end of the statement where the line below can only start another."""
        mark = self.mark
        if not mark or self.tokens[self.index].line != self.tokens[mark.index + 1].line:
            return
        if starts_statement(self.tokens, mark.index + 1):
            self.index, self.previous, self.mark = mark.index, mark.previous, None
            self.automaton.states[:], self.automaton.values[:] = mark.states, mark.values

    def start(self) -> int:
        """Give the offset at which the statement starts."""
        count, _ = self.automaton.boundary()
        for value in [*self.automaton.values[count - 1 :], self.tokens[self.index]]:
            offset = value.meta.start_pos if isinstance(value, Tree) and not value.meta.empty else None
            offset = value.start_pos if isinstance(value, Token) else offset
            if offset is not None:
                return offset
        return 0

    def column(self, start: int) -> int:
        """Give the column of the token at an offset, not far before."""
        index = self.index
        while index and (self.tokens[index - 1].start_pos or 0) >= start:
            index -= 1
        return self.tokens[index].column or 1

    def skip(self, left: int) -> None:
        """Go to where a statement at a column ends: a line end, or the bracket that closes what it stands in."""
        depth = self.depth
        while (token := self.tokens[self.index]).type != "$END":
            depth += (token in ("(", "[", "{")) - (token in (")", "]", "}"))
            if depth < 0 or (token.type == "_NL" and depth == 0 and self.ends(left)):
                return
            self.index += self.line_ends() or 1

    def ends(self, left: int) -> bool:
        """Tell whether the line end here ends a statement at a column; what stands further right belongs to it."""
        below, last = self.below(), self.tokens[self.index - 1]
        if below == "}" or below.type == "$END":
            return True
        goes_on = last.type in OPERATORS and not starts_statement(self.tokens, self.index + self.line_ends())
        return may_start(below) and not goes_on and (below.column or 1) <= left

    def line_ends(self) -> int:
        """Count the line ends that stand here."""
        count = 0
        while self.tokens[self.index + count].type == "_NL":
            count += 1
        return count

    def below(self) -> Token:
        """Give what stands here, after line ends."""
        return self.tokens[self.index + self.line_ends()]
