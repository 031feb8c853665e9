"""What a claim is written with has real values: sympy cancels `t/t` before anything is asked of it."""

from __future__ import annotations

import sympy as sp

from cmdsl.symbolic.algebra import Written
from cmdsl.symbolic.claims import Finding, without_value
from cmdsl.symbolic.enclose import ball
from cmdsl.symbolic.model import Status
from cmdsl.symbolic.notation import written
from cmdsl.symbolic.obligations.smoothness import Question, at_points, enclosed, has_value
from cmdsl.symbolic.setting import Setting


def valued(setting: Setting, text: str, sides: Written) -> list[Finding]:
    """Find how far the parts of both sides that may have no value have one; nothing where signs tell it of all.

    That a branch of a condition has none somewhere refutes nothing.
    """
    parts = [part for part in dict.fromkeys(map(setting.expand, sides.parts)) if uncertain(setting, part)]
    if sides.branched and parts:
        claim = f"{written(parts[0])} has a value where it is needed"
        return [Finding(Status.CHECKED, claim, "at the points at which the claim was evaluated")]
    return [finding(setting, text, part) for part in parts]


def uncertain(setting: Setting, part: sp.Expr) -> bool:
    """Tell whether signs leave it open that an expression has a value at all times."""
    return setting.own_facts.obstruction(setting.own_facts.replaced(part)) is not None


def finding(setting: Setting, text: str, part: sp.Expr) -> Finding:
    """Find how far a part has a value at the given params: at the ends, then by signs, enclosure, or at points."""
    t = setting.model.t
    for end in setting.ends:
        if not has_value(part.subs(t, end).subs(setting.values)):
            at = ball(end.subs(setting.values))
            return without_value(setting, text, (t,), (at,), at)
    inner = setting.inner_facts
    if inner.obstruction(inner.replaced(part)) is None:
        how = "by its values at the ends, and by signs between them"
        return Finding(Status.PROVED_HERE, f"{written(part)} is finite", how)
    asked = Question(written(part), part, setting.facts, inner, (t,))
    return enclosed(setting, asked) or at_points(setting, asked)
