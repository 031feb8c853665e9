"""Metrics in Python, as a researcher has them, for the specs that name them; and the same in exact arithmetic."""

from __future__ import annotations

from typing import Any


def distance(a: Any, b: Any) -> Any:
    """Give the mean squared difference of each sample: `[batch]`."""
    return ((a - b) ** 2).reshape(len(a), -1).mean(1)


class Metrics:
    """Metrics that belong to an object."""

    @staticmethod
    def quartic(a: Any, b: Any) -> Any:
        """Give the sum of the fourth powers of the differences of each sample: `[batch]`."""
        return ((a - b) ** 4).reshape(len(a), -1).sum(1)


def rows(a: Any, b: Any) -> Any:
    """Pair the elements of each sample."""
    return [list(zip(*pair, strict=True)) for pair in zip(a, b, strict=True)]


EXACT = {
    "distance": lambda a, b: [sum((v - w) ** 2 for v, w in row) / len(row) for row in rows(a, b)],
    "Metrics.quartic": lambda a, b: [sum((v - w) ** 4 for v, w in row) for row in rows(a, b)],
}
