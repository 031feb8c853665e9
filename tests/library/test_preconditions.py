"""The table of EDM, typed in, is what its principle gives: a theorem, for the process of every spec."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from cmdsl.sema import resolve
from cmdsl.symbolic.derive import derive
from cmdsl.symbolic.model import Model
from cmdsl.symbolic.opaque import expand
from cmdsl.symbolic.zero import vanishes
from cmdsl.syntax import ast, parse

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.cm"))
ALONE = ast.Model | ast.Param | ast.Time | ast.Sde | ast.Path | ast.Equation | ast.FunctionDefinition | ast.Boundary
USED = "model m\ntime t in [0, 1]\nsde { drift = 0  diffusion = 1 }\nboundary {boundary}\nprecondition {family}\n"


def with_family(path: Path, family: str) -> Model:
    """Derive a spec's process with another preconditioning, and the boundary at a time if it has none."""
    module = parse(path.name, path.read_text(encoding="utf-8"))
    kept = [s for s in module.statements if isinstance(s, ALONE)]
    text = USED.replace("{boundary}", "1/100").replace("{family}", family)
    added = parse(path.name, text).statements[-2:]
    bounded = any(isinstance(s, ast.Boundary) for s in kept)
    return derive(resolve(evolve(module, statements=(*kept, *added[bounded:]))))


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_the_table_is_what_the_principle_gives(path: Path) -> None:
    principle, table = (with_family(path, family) for family in ("edm(1/3)", "karras(1/3)"))
    for name, coefficient in principle.coefficients.items():
        difference = expand(principle, coefficient.formula) - expand(table, table.coefficients[name].formula)
        assert vanishes(difference), name


def test_another_table_is_not() -> None:
    principle, other = (with_family(SPECS[0], family) for family in ("edm(1/3)", "vp"))
    one, two = (expand(m, m.coefficients["c_skip"].formula) for m in (principle, other))
    assert not vanishes(one - two)
