"""Names for values that have none in the spec, after what they are."""

from __future__ import annotations

from cmdsl.ir.nodes import (
    Call,
    Compare,
    Counting,
    Dim,
    Entry,
    Expr,
    Fill,
    Gather,
    Jvp,
    Lambda,
    Logic,
    Nodes,
    Num,
    Op,
    Reduce,
    Select,
    Spread,
    Type,
    Var,
)

RESULTS = {
    "add": "total",
    "sub": "gap",
    "mul": "product",
    "div": "ratio",
    "pow": "power",
    "square": "power",
    "neg": "opposite",
    "sqrt": "root",
    "exp": "growth",
    "expm1": "growth",
    "log": "logarithm",
    "log1p": "logarithm",
    "log2": "logarithm",
    "min": "lower",
    "max": "upper",
}


def describe(e: Expr) -> str:
    """Give a name for the value of an expression: `r_minus_t`, `sigma_t`, `times`."""
    match e:
        case Spread(value):
            return describe(value)
        case Fill(Var(name)) if name.isupper():
            return name.lower()
        case Fill():
            return "t"
        case Var(name):
            return name.lower() if name.isupper() else name
        case Call(str() as function, args):
            return "_".join([function, *_arguments(args)])
        case Call(Var(type=Type.NETWORK | Type.DENOISER)):
            return "output"
        case Call(Entry(name=name)) | Call(Var(name)):
            return f"{name}_value"
        case Op("sub" | "add" as name, (Var(a), Var(b))):
            return f"{a}_{'minus' if name == 'sub' else 'plus'}_{b}".lower()
        case Op(name, args):
            return RESULTS.get(name, f"{name}_value")
        case Reduce(name):
            return {"sqnorm": "squared_norm", "mean": "average"}.get(name, "product")
        case Nodes():
            return "times"
        case Counting():
            return "i"
        case Gather():
            return "node"
        case Select(otherwise=Num()) | Select(then=Num()):
            return "safe"
        case Compare() | Logic():
            return "holds"
        case Dim():
            return "dim"
        case Jvp():
            return "derivative"
        case Lambda():
            return "function"
    return "value"


def _arguments(args: tuple[Expr, ...]) -> list[str]:
    """Give the names among a call's arguments, where they are few."""
    found = [a.name.lower() for a in args if isinstance(a, Var)]
    return found if len(found) == len(args) <= 2 else []
