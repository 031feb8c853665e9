"""What `cmdsl check` printed for a spec, kept by content: an unchanged spec is not derived again.

An entry is a JSON file of texts. Its key hashes the spec, the overrides, this compiler's own files and the versions of
the libraries that compute; files that the spec imports are hashed inside the entry. A damaged entry is no entry.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from attrs import asdict, frozen

LIBRARIES = ("sympy", "python-flint", "mpmath", "lark")
LARGEST = 1_000_000


@frozen
class Report:
    """A report and its warnings as they are printed: in each format, and with colour."""

    report: str
    coloured_report: str
    warnings: dict[str, str]
    coloured_warnings: str


def folder() -> Path | None:
    """Give the folder of the cache; none where `CMDSL_CACHE` is `off`."""
    chosen = os.environ.get("CMDSL_CACHE", "")
    if chosen == "off":
        return None
    return Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cmdsl"


def recall(spec: Path, overrides: Mapping[str, str]) -> Report | None:
    """Give what was printed for this spec, unless anything that it depends on has changed."""
    place = entry(spec, overrides)
    try:
        found = json.loads(place.read_text(encoding="utf-8")) if place else None
        if not isinstance(found, dict) or any(fingerprint(Path(p)) != h for p, h in found["imports"].items()):
            return None
        return Report(**found["report"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def remember(spec: Path, overrides: Mapping[str, str], imports: Iterable[Path], report: Report) -> None:
    """Keep what was printed; a cache that can't be written is left alone."""
    place = entry(spec, overrides)
    if place is None:
        return
    content = {"imports": {str(p.resolve()): fingerprint(p) for p in imports}, "report": asdict(report)}
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=place.parent, delete=False) as file:
            json.dump(content, file)
        os.replace(file.name, place)
    except OSError:
        return


def entry(spec: Path, overrides: Mapping[str, str]) -> Path | None:
    """Give the file that holds, or would hold, the entry of a spec."""
    where, text = folder(), fingerprint(spec)
    if where is None or text is None:
        return None
    parts = [str(spec), text, *(f"{n}={v}" for n, v in sorted(overrides.items())), *compiler()]
    return where / f"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()}.json"


def fingerprint(path: Path) -> str | None:
    """Hash a source file's bytes; None where it can't be read, or only once, or is no source."""
    try:
        is_source = path.is_file() and path.stat().st_size <= LARGEST
        return hashlib.sha256(path.read_bytes()).hexdigest() if is_source else None
    except (OSError, ValueError):
        return None


def compiler() -> list[str]:
    """Name the state of this compiler: its files by size and time, and the versions of what computes."""
    root = Path(__file__).parent
    files = sorted(p for p in root.rglob("*") if p.suffix in (".py", ".cm", ".lark"))
    stats = [(p.relative_to(root).as_posix(), p.stat()) for p in files]
    return [
        sys.version,
        *(version(library) for library in LIBRARIES),
        *(f"{name} {s.st_size} {s.st_mtime_ns}" for name, s in stats),
    ]
