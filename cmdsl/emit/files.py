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
        hashes = _manifest(directory)
        kept = {path for path in scaffold if (directory / path).exists() and not rewrite_scaffold}
        texts = {path: text for path, text in {**scaffold, **files}.items() if path not in kept}
        _check(directory, texts, hashes, force)
        for path, text in texts.items():
            _replace(directory / path, text)
        recorded = hashes | {path: _hash(text.encode()) for path, text in texts.items()}
        _replace(directory / MANIFEST, json.dumps({"files": dict(sorted(recorded.items()))}, indent=2) + "\n")
    except OSError as cause:
        raise _unusable(directory, cause) from cause
    return tuple(directory / path for path in texts)


def _manifest(directory: Path) -> dict[str, str]:
    """Give the hashes of the files as they were last written; none where the record is missing or spoilt."""
    try:
        record = json.loads((directory / MANIFEST).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    files = record.get("files") if isinstance(record, dict) else None
    return {str(path): str(value) for path, value in files.items()} if isinstance(files, dict) else {}


def _check(directory: Path, texts: Mapping[str, str], hashes: Mapping[str, str], force: bool) -> None:
    for path in texts:
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            raise error("CM406", f"a backend asked for a file outside of its package: {path}")
    edited = [] if force else [p for p, text in texts.items() if _edited(directory / p, text, hashes.get(p))]
    if edited:
        raise SpecError(tuple(d for path in edited for d in _overwrites(directory / path).diagnostics))


def _edited(path: Path, text: str, written: str | None) -> bool:
    """Tell whether a file holds what neither this compiler wrote there nor is about to."""
    if not path.exists():
        return False
    found = _hash(path.read_bytes())
    return found != written and found != _hash(text.encode())


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()


def _replace(path: Path, text: str) -> None:
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
