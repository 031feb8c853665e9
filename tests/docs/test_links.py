"""The pages of docs link to what is there: to headings, files, lines."""

import re
from pathlib import Path

import pytest

from tests.docs.fences import ROOT

PAGES = sorted((ROOT / "docs").glob("*.md"))


def anchors(text: str) -> set[str]:
    """Give where the headings of a page are found; those that are the same are numbered."""
    found: dict[str, int] = {}
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        name = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        found[name] = found.get(name, -1) + 1
    return {f"#{name}{f'-{n}' if n else ''}" for name, most in found.items() for n in range(most + 1)}


def is_there(link: str, page: Path) -> bool:
    """Tell whether a link to a file, or to a line of one, leads somewhere."""
    path, _, line = link.partition("#L")
    file = page.parent / path
    return file.is_file() and (not line or int(line) <= len(file.read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]*)\)", text)
    known = anchors(text)
    assert links
    assert [link for link in links if link not in known and not is_there(link, page)] == []
