"""The names that a package promises, which definitions of a spec do not take."""

from __future__ import annotations

from cmdsl.diagnostics import Label, error
from cmdsl.lower.functions import IMPLICIT, OWN
from cmdsl.sema.spec import Spec
from cmdsl.syntax import ast


def promised(spec: Spec) -> frozenset[str]:
    """Give the names under which a package offers its grid, and what belongs to objectives, samplers, solvers."""
    modules = (*spec.library, spec.module)
    definitions = [d for m in modules for d in m.statements if isinstance(d, ast.Definition)]
    found: dict[str, ast.Use] = {}
    offered = [(f"{part}_{use.called}", use) for use in spec.objectives for part in ("loss", "draw", "learned")]
    offered += [(f"{use.called}_{part}", use) for use in spec.objectives for part in ("N", "mu", "grid")]
    offered += [(f"{part}_{use.called}", use) for use in spec.samplers for part in ("sample", "draw_sample")]
    for name, use in offered:
        if name in found and (use.kind, use.called) != (found[name].kind, found[name].called):
            first = (Label(found[name].span, "the other"),)
            what = f"two functions of the package would be called `{name}`"
            raise error("CM112", what, use.span, secondary=first, help="rename one of them")
        found[name] = use
    return frozenset(
        [
            "grid",
            *IMPLICIT,
            *OWN,
            "x0",
            "x",
            "z",
            *found,
            *(f"{d.name}_step" for d in definitions if d.kind == "solver"),
        ]
    )
