"""What a principle determines for any process: its coefficients in alpha(t) and sigma(t)."""

from __future__ import annotations

from cmdsl.diagnostics import SpecError
from cmdsl.sema.catalogue import Entry
from cmdsl.sema.resolve import resolve
from cmdsl.symbolic.derive import derive
from cmdsl.symbolic.notation import written
from cmdsl.symbolic.precondition import NAMES
from cmdsl.syntax import parse

SPEC = """model general
{params}
time t in [0, 1]
path {{ alpha = 1 - t/2  sigma = t }}
boundary 0
precondition {use}
{definition}
"""


def general(entry: Entry) -> tuple[str, ...]:
    """Give what a definition's principles determine; nothing where that is not known without the spec it is for."""
    if not entry.principled:
        return ()
    needed = [p.name for p in entry.parameters if p.default is None]
    params = "\n".join(f"param {name} = 1 in (0, inf)" for name in needed)
    use = f"{entry.name}({', '.join(needed)})" if needed else entry.name
    try:
        model = derive(resolve(parse(entry.path, SPEC.format(params=params, use=use, definition=entry.code))))
    except SpecError:
        return ()
    formulas = {n: model.coefficients[f"denoiser_{n}"].formula for n in NAMES}
    return tuple(f"{n}(t){' ' * (7 - len(n))} = {written(formula)}" for n, formula in formulas.items())
