"""Nodes that are given by their noise level, time_at(level(i, N)): they increase where the level does."""

from __future__ import annotations

import sympy as sp
from attrs import evolve

from cmdsl.symbolic.claims import SIGNS, Finding, enclosure
from cmdsl.symbolic.model import Status
from cmdsl.symbolic.obligations.process import inverse
from cmdsl.symbolic.opaque import call
from cmdsl.symbolic.setting import Setting

i, N = (sp.Symbol(n, positive=True) for n in "iN")


def rises(setting: Setting, node: sp.Expr) -> bool:
    """Tell whether the derivative in i is positive for 1 < i < N, and the node finite."""
    offset = 1 + sp.Symbol("after first", positive=True)
    last = offset + sp.Symbol("before last", positive=True)
    facts = evolve(setting.inner_facts, replacements={**setting.inner_facts.replacements, i: offset, N: last})
    if node.has(sp.floor, sp.ceiling, sp.Piecewise):
        return False
    return facts.sign(facts.replaced(sp.diff(node, i))) == "+" and facts.obstruction(facts.replaced(node)) is None


def is_level(node: sp.Expr) -> bool:
    """Tell whether a node is written as the time of a noise level."""
    return bool(node.func == sp.Function("time_at"))


def end_by_level(setting: Setting, node: sp.Expr, time: sp.Expr) -> Finding | None:
    """Prove that a node is at a time, where it is written as what has that time's noise level."""
    there = call("time_at", call("sigma", time) / call("alpha", time))
    return inverse(setting) if node == there else None


def rising_by_level(setting: Setting, node: sp.Expr) -> list[Finding]:
    """Prove that a node rises because its noise level does, or give nothing."""
    if not is_level(node) or not rises(setting, node.args[0].xreplace(levels(setting))):
        return []
    growth = noise_grows(setting)
    return [growth, inverse(setting)] if growth is not None else []


def noise_grows(setting: Setting) -> Finding | None:
    """Prove that sigma/alpha increases, since the derivative of its square is (diffusion/alpha)^2."""
    claim, squared = "diffusion^2 > 0", setting.expand(setting.model.diffusion**2)
    if setting.inner_facts.sign(setting.inner_facts.replaced(squared)) == "+":
        return Finding(Status.PROVED, claim, SIGNS)
    return enclosure(setting, claim, squared, lambda v: v > 0)


def levels(setting: Setting) -> dict[sp.Expr, sp.Expr]:
    """Give what stands for alpha and sigma at the ends: any numbers, with more noise at the second."""
    first, last = setting.model.epsilon, setting.model.T
    noisy = setting.facts.sign(setting.facts.replaced(setting.formula("sigma", first))) == "+"
    level = sp.Symbol("first level", **({"positive": True} if noisy else {"nonnegative": True}))
    scales = [sp.Symbol(f"alpha at {end}", positive=True) for end in ("epsilon", "T")]
    return {
        call("alpha", first): scales[0],
        call("sigma", first): scales[0] * level,
        call("alpha", last): scales[1],
        call("sigma", last): scales[1] * (level + sp.Symbol("over first level", positive=True)),
    }
