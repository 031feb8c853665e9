"""Evaluate coefficients of the IR in float32 and float64 as frameworks do: constants on the host."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from cmdsl.ir import nodes as ir
from cmdsl.ir.nodes import Type
from cmdsl.symbolic.constants import constants
from cmdsl.symbolic.freeze import freeze
from cmdsl.symbolic.model import Model

ARITHMETIC: Mapping[str, Any] = {
    "neg": lambda a: -a,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
}
RENAMED = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "abs": "absolute"}


class Arrays:
    """The frozen coefficients of a model over arrays of one dtype; constants are doubles until they meet one."""

    def __init__(self, m: Model, dtype: type = np.float32, *, reciprocals: bool = False) -> None:
        self.functions = freeze(m)
        self.values = {c.name: float(c.value) for c in constants(m)}
        self.dtype, self.reciprocals = dtype, reciprocals

    def __call__(self, name: str, *args: Any) -> Any:
        """Evaluate a coefficient."""
        function = self.functions[name]
        given = {p.name: self.dtype(a) for p, a in zip(function.params, args, strict=True)}
        (statement,) = function.body
        assert isinstance(statement, ir.Return)
        return self.dtype(self.evaluate(statement.value, given))

    def evaluate(self, e: ir.Expr, env: Mapping[str, Any]) -> Any:
        """Evaluate an expression."""
        match e:
            case ir.Num(value):
                return float(value)
            case ir.Const("pi"):
                return math.pi
            case ir.Var(name):
                return env[name] if name in env else self.values[name]
            case ir.Op(name, args):
                return self.operate(name, args, [self.evaluate(a, env) for a in args])
            case ir.Call(str() as name, args):
                return self(name, *(self.evaluate(a, env) for a in args))
        raise AssertionError(e)

    def operate(self, name: str, args: tuple[ir.Expr, ...], values: list[Any]) -> Any:
        """Apply an operation; over a host number torch multiplies by the reciprocal of an array."""
        if self.reciprocals and name == "div" and args[0].type is Type.STATIC and args[1].type is not Type.STATIC:
            return self.dtype(values[0]) * (self.dtype(1) / values[1])
        if all(a.type is Type.STATIC for a in args):
            return ARITHMETIC[name](*values) if name in ARITHMETIC else getattr(math, name)(*values)
        values = [self.dtype(v) for v in values]
        return ARITHMETIC[name](*values) if name in ARITHMETIC else getattr(np, RENAMED.get(name, name))(*values)
