"""What a spec uses is what is made of the library while it is compiled."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cmdsl.driver import compilation
from cmdsl.sema import instantiate
from cmdsl.sema.resolve import resolve
from cmdsl.sema.uses import used
from cmdsl.syntax import parse

ROOT = Path(__file__).parents[2]
WRITTEN = ROOT / "tests" / "cli" / "written"
SPECS = [*sorted((ROOT / "specs").glob("*.cm")), *sorted(WRITTEN.glob("*.cm"))]
QUICK = ("ve_edm", "aliases", "clashing", "proposals")
HEAD = "model m\ntime t in [0, 1]\npath { alpha = 1 - t  sigma = t }\n"


def recorded(bind: Callable[..., Any], made: set[tuple[str, str]]) -> Callable[..., Any]:
    """Note what is made."""

    def noting(defined: Any, *rest: Any) -> Any:
        made.add((defined.definition.kind, defined.definition.name))
        return bind(defined, *rest)

    return noting


@pytest.mark.parametrize("path", [p if p.stem in QUICK else pytest.param(p, marks=pytest.mark.slow) for p in SPECS])
def test_what_is_used_is_what_is_made(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: set[tuple[str, str]] = set()
    monkeypatch.setattr(instantiate, "bind", recorded(instantiate.bind, made))
    compiled = compilation(path, {})
    assert compiled.program
    assert {(d.kind, d.name) for d in used(compiled.spec)} == made - {("precondition", "here")}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("sampler ode(solver = euler)\n", ["ode", "euler"]),
        ("define solver mine = ddim\nsampler ode(solver = mine)\n", ["ode", "mine", "ddim"]),
        ("define weight l2 { w(t) = 1 }\nobjective denoising(weight = l2)\n", ["denoising", "lognormal_noise", "l2"]),
        ("define solver one = two\ndefine solver two = one\nsampler ode(solver = one)\n", ["ode", "one", "two"]),
        ("define metric unused = l2\n", []),
        ("define objective o { t ~ lognormal_noise(0, 1)\n minimize t }\nobjective o\n", ["o", "lognormal_noise"]),
        ("define objective o(weight = l2) { minimize weight(1) }\nobjective o(weight = uniform)\n", ["o", "uniform"]),
    ],
)
def test_definitions_are_met_in_order_and_through_each_other(text: str, names: list[str]) -> None:
    assert [d.name for d in used(resolve(parse("m.cm", HEAD + text)))] == names
