"""Which of the names that there are may be meant by one that is none."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

MOST = 1000  # names that are compared
PART = 4  # characters that say which name is meant when they are a part of it


def nearest(name: str, names: Iterable[str]) -> str:
    """Give the name that is one of a few slips away, or that this is a part of; nothing where there is none."""
    known = sorted(set(islice(names, MOST)) - {name})
    folded = [n for n in known if n.lower() == name.lower()]
    if folded:
        return folded[0]
    allowed = len(name) // 3
    slips = [(distance(name, n), n) for n in known if abs(len(n) - len(name)) <= allowed]
    close = min(((d, n) for d, n in slips if d <= allowed), default=None)
    if close is not None:
        return close[1]
    return next((n for n in known if len(name) >= PART and name in n), "")


def did_you_mean(name: str, names: Iterable[str], otherwise: str = "") -> str:
    """Ask whether the nearest name is meant; say something else where there is none."""
    near = nearest(name, names)
    return f"did you mean `{near}`?" if near else otherwise


def distance(a: str, b: str) -> int:
    """Count the slips between two names: letters left out, put in, taken for others, or swapped."""
    before, last = [0] * (len(b) + 1), list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            swapped = i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y
            row.append(min(cost, before[j - 2] + 1) if swapped else cost)
        before, last = last, row
    return last[-1]
