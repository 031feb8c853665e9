"""Elementary functions by exponentials, logarithms, sines and cosines."""

from __future__ import annotations

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p, log2


def rewritten(e: sp.Expr) -> sp.Expr | None:
    """Give an elementary function by exponentials, logarithms, sines and cosines, where that is exact."""
    if isinstance(e, expm1):
        return sp.exp(e.args[0]) - 1
    if isinstance(e, log1p):
        return sp.log(1 + e.args[0])
    if isinstance(e, log2):
        return sp.log(e.args[0]) / sp.log(2)
    if isinstance(e, sp.sinh | sp.cosh | sp.tanh):
        return e.rewrite(sp.exp)
    if isinstance(e, sp.asinh | sp.acosh | sp.atanh):
        return e.rewrite(sp.log)
    if isinstance(e, sp.cot | sp.sec | sp.csc):
        return e.rewrite(sp.cos) if isinstance(e, sp.sec) else e.rewrite(sp.sin)
    return None
