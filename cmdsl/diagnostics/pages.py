"""The page of a code: inside an installed package, or in the checkout that the package is run from."""

from __future__ import annotations

import re
from pathlib import Path

from cmdsl.diagnostics.catalog import TITLES
from cmdsl.diagnostics.suggest import nearest

INSTALLED = Path(__file__).parent / "pages"
CHECKOUT = Path(__file__).parents[2] / "docs" / "errors"
BOLD, RESET = "\x1b[1m", "\x1b[0m"


def page(code: str) -> str | None:
    """Give the page of a code as it is written; None where there is none."""
    places = [folder / f"{code}.md" for folder in (INSTALLED, CHECKOUT)]
    found = next((place for place in places if code in TITLES and place.is_file()), None)
    return found.read_text(encoding="utf-8") if found else None


def for_terminal(text: str, colour: bool = False) -> str:
    """Lay a page out for a terminal: specs and what they get indented, headings bold."""
    lines, inside = [], False
    for line in text.rstrip("\n").split("\n"):
        if line.startswith("```"):
            inside = not inside
        elif inside:
            lines.append(f"    {line}".rstrip())
        elif line.startswith("#"):
            heading = line.lstrip("# ")
            lines.append(f"{BOLD}{heading}{RESET}" if colour else heading)
        else:
            lines.append(line)
    return "\n".join(lines)


def code_of(text: str) -> str:
    """Read a code: `CM203`, `cm203` or `203`."""
    digits = re.fullmatch(r"(?i:cm)?(\d{3})", text.strip())
    return f"CM{digits[1]}" if digits else text.strip()


def code_meant(text: str) -> str:
    """Give the code that may be meant, or nothing."""
    return nearest(text.upper(), TITLES)


def listing() -> str:
    """List all codes with what they say."""
    return "\n".join(f"{code}  {title}" for code, title in TITLES.items())
