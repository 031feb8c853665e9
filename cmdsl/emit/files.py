"""Write a package to disk: whole files at once, and never over what a user has changed."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path, PurePosixPath

from cmdsl.diagnostics import SpecError, error

MANIFEST = ".cmdsl.json"


def write(
    directory: Path,
    files: Mapping[str, str],
    scaffold: Mapping[str, str],
    *,
    rewrite_scaffold: bool = False,
    force: bool = False,
) -> tuple[Path, ...]:
    """Write the files of a package; scaffolds that exist are left alone unless `rewrite_scaffold`.

    Everything is checked before anything is written. Raises SpecError for a directory that can't be written to, and for
    files that were edited since they were written here, unless `force`. Gives the paths written.
    """
    try:
        known = _manifest(directory)
        kept = {path for path in scaffold if (directory / path).exists() and not rewrite_scaffold}
        texts = {path: text for path, text in {**scaffold, **files}.items() if path not in kept}
        _check(directory, texts, known, force)
        hashes = {path: _hash(text.encode()) for path, text in texts.items()}
        # whatever cuts this short, each file is then one that is known
        _record(directory, known["files"], known["pending"] | hashes)
        for path, text in texts.items():
            replace(directory / path, text)
        _record(directory, known["files"] | hashes, {})
    except OSError as cause:
        raise _unusable(directory, cause) from cause
    return tuple(directory / path for path in texts)


def _manifest(directory: Path) -> dict[str, dict[str, str]]:
    """Give the hashes of the files that were written, and of those that were about to be; none from a spoilt record."""
    try:
        record = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        record = {}
    parts = {part: record.get(part) if isinstance(record, dict) else None for part in ("files", "pending")}
    return {part: dict(found) if isinstance(found, dict) else {} for part, found in parts.items()}


def _record(directory: Path, files: Mapping[str, str], pending: Mapping[str, str]) -> None:
    """Write down what is written, and what is about to be."""
    parts = {"files": dict(sorted(files.items())), "pending": dict(sorted(pending.items()))}
    record = {part: found for part, found in parts.items() if found}
    replace(directory / MANIFEST, json.dumps(record, indent=2) + "\n")


def _check(directory: Path, texts: Mapping[str, str], known: Mapping[str, Mapping[str, str]], force: bool) -> None:
    for path in texts:
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            raise error("CM406", f"a backend asked for a file outside of its package: {path}")
    own = {path: {_hash(text.encode()), *(found.get(path) for found in known.values())} for path, text in texts.items()}
    edited = [] if force else [path for path in texts if _edited(directory / path, own[path])]
    if edited:
        raise SpecError(tuple(d for path in edited for d in _overwrites(directory / path).diagnostics))


def _edited(path: Path, own: set[str | None]) -> bool:
    """Tell whether a file holds what neither this compiler wrote there nor is about to."""
    return path.exists() and _hash(path.read_bytes()) not in own


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()


def replace(path: Path, text: str) -> None:
    """Put a text in place of a file in one step, so that no half of it is ever seen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(temporary).chmod(path.stat().st_mode if path.exists() else 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _overwrites(path: Path) -> SpecError:
    return error(
        "CM405",
        f"{path} has been edited since it was compiled",
        notes=("compiling again would lose the changes",),
        help="move the changes elsewhere or give another directory with -o; --force overwrites them",
    )


def _unusable(directory: Path, cause: OSError) -> SpecError:
    reason = cause.strerror or str(cause)
    return error(
        "CM404", f"can't write to {cause.filename or directory}: {reason}", help="give another directory with -o"
    )
