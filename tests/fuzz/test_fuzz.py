"""Whatever a text is, nothing but diagnostics comes of it; what compiles is Python as ruff would have it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz.texts import ANYTHING
from tests.fuzz.tried import keep, packages
from tests.order import complaints

CALM = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large, HealthCheck.large_base_example]


def tried(folder: Path, examples: int, fixed: bool) -> int:
    """Try this many texts, and write what compiles; give how many did."""
    compiled: list[bool] = []

    @settings(max_examples=examples, deadline=None, derandomize=fixed, database=None, suppress_health_check=CALM)
    @given(text=ANYTHING)
    def only_diagnostics_escape(text: str) -> None:
        found = packages(text)
        keep(found, folder)
        compiled.append(bool(found))

    only_diagnostics_escape()
    return sum(compiled)


def test_only_diagnostics_escape(tmp_path: Path) -> None:
    assert tried(tmp_path, 200, fixed=True) > 10
    assert not complaints(tmp_path)


@pytest.mark.slow
def test_only_diagnostics_escape_from_many_texts(tmp_path: Path) -> None:
    assert tried(tmp_path, 2000, fixed=False) > 100
    assert not complaints(tmp_path)
