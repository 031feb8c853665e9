"""Try text after text for as long as is told: `python -m tests.fuzz SECONDS [SEED]`; failures go to build/fuzz/."""

from __future__ import annotations

import sys
import tempfile
import time
import traceback
from pathlib import Path
from random import randrange

from hypothesis import given, seed, settings

from tests.fuzz.test_fuzz import CALM
from tests.fuzz.texts import ANYTHING
from tests.fuzz.tried import keep, packages
from tests.order import complaints

FAILURES = Path("build/fuzz")
AT_ONCE = 100


def round_of(start: int) -> tuple[int, int, str]:
    """Try a hundred texts; give how many compiled, and the last text that failed with why, if one did."""
    failed: dict[str, str] = {}
    compiled: list[bool] = []

    @seed(start)
    @settings(max_examples=AT_ONCE, deadline=None, database=None, suppress_health_check=CALM, print_blob=False)
    @given(text=ANYTHING)
    def only_diagnostics_escape(text: str) -> None:
        try:
            found = packages(text)
        except Exception:
            failed["text"] = text
            raise
        keep(found, folder)
        compiled.append(bool(found))

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        try:
            only_diagnostics_escape()
        except Exception:
            return len(compiled), sum(compiled), f"{failed.get('text')}\n\n{traceback.format_exc()}"
        return len(compiled), sum(compiled), complaints(folder)


def main(seconds: float, start: int) -> int:
    """Try texts until the time is over; give 1 if any failed."""
    end, tried, compiled, failures = time.monotonic() + seconds, 0, 0, 0
    while time.monotonic() < end:
        examples, packages_, wrong = round_of(start)
        tried, compiled = tried + examples, compiled + packages_
        if wrong:
            failures += 1
            FAILURES.mkdir(parents=True, exist_ok=True)
            (FAILURES / f"{start}.txt").write_text(wrong, encoding="utf-8")
            print(f"seed {start} fails, see {FAILURES / f'{start}.txt'}:\n{wrong}", flush=True)
        start += 1
    print(f"{tried} texts, {compiled} compiled, {failures} rounds failed; the next seed is {start}")
    return int(failures > 0)


if __name__ == "__main__":
    told = [float(word) for word in sys.argv[1:]]
    sys.exit(main(told[0] if told else 600, int(told[1]) if len(told) > 1 else randrange(10**6)))
