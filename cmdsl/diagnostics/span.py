"""Places in a source text."""

from attrs import frozen


@frozen
class Span:
    """A range of a source text; lines and columns count from 1, the end is exclusive."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"

    def to(self, last: "Span") -> "Span":
        """Give the range from the start of this span to the end of another."""
        return Span(self.path, self.line, self.column, last.end_line, last.end_column)
