"""The nodes of every grid increase strictly from epsilon to T."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import sympy as sp

from cmdsl.sema.blame import blaming
from cmdsl.sema.instantiate import instantiate
from cmdsl.sema.scope import spec_scope
from cmdsl.sema.values import Env, Instance
from cmdsl.symbolic.algebra import scalar
from cmdsl.symbolic.claims import SIGNS, Finding, compiled, place, together, worst
from cmdsl.symbolic.enclose import Ball, ball
from cmdsl.symbolic.model import Status, Verdict
from cmdsl.symbolic.obligations.levels import N, end_by_level, i, is_level, rises, rising_by_level
from cmdsl.symbolic.scope import evaluator, ground
from cmdsl.symbolic.setting import Setting
from cmdsl.symbolic.zero import vanishes
from cmdsl.syntax import ast

STATEMENT = "node increases strictly from epsilon to T, for every N >= 2"
SIZES = (2, 3, 4, 5, 6, 8, 11, 18, 21, 41, 64, 81, 151, 161, 641, 1281)
STEPS = 200
SURE = (Status.PROVED, Status.PROVED_HERE)

k, K = (sp.Symbol(n, positive=True) for n in "kK")


def grids(setting: Setting) -> tuple[Verdict, ...]:
    """Prove the grid of the spec and those of its objectives."""
    if setting.model.epsilon is None:
        return ()
    env = spec_scope(setting.model.spec, {**ground(setting.model), "k": k, "K": K, "N": N})
    checked = {(u.reference, u.body): (u, c) for u, c in used(setting)}
    verdicts = [setting.wrong.attempt(partial(checked_grid, setting, u, c, env)) for u, c in checked.values()]
    return tuple(v for v in verdicts if v is not None)


def checked_grid(setting: Setting, use: ast.Use, curriculum: ast.Use | None, env: Env) -> Verdict:
    """Prove one grid; of what is wrong in the library, say what led there."""
    return blaming(lambda u: grid(setting, u, curriculum, env), use)


def used(setting: Setting) -> Iterator[tuple[ast.Use, ast.Use | None]]:
    """Yield each grid with the curriculum that chooses its size."""
    spec = setting.model.spec
    for objective in (None, *spec.objectives):
        own = {u.kind: u for u in (objective.body if objective else ()) if isinstance(u, ast.Use)}
        found = own.get("grid", spec.grid)
        if found is not None and found.reference is not None:
            yield found, own.get("curriculum", spec.curriculum)


def grid(setting: Setting, use: ast.Use, curriculum: ast.Use | None, env: Env) -> Verdict:
    """Prove one grid."""
    instance = instance_of(use, env)
    at = use.reference.span if use.reference is not None else use.span
    node = scalar(evaluator().apply(instance, (i, N), at), at)
    findings = [
        end(setting, "node(1, N) = epsilon", node.subs(i, 1), setting.model.epsilon),
        end(setting, "node(N, N) = T", node.subs(i, N), setting.model.T),
        *rising(setting, node),
    ]
    asked = sizes(setting, curriculum, env)
    if asked and curriculum is not None and worst(findings) is not Status.REFUTED:
        at = curriculum.reference.span if curriculum.reference is not None else curriculum.span
    findings += asked
    status = worst(findings)
    point = next(f.counterexample for f in findings if f.status is status)
    return Verdict("grid", f"{instance.name}: {STATEMENT}", status, together(findings), at, point)


def instance_of(use: ast.Use, env: Env) -> Instance:
    """Give the definition that is used, with its arguments bound."""
    assert use.reference is not None
    return instantiate(use.kind, use.reference, env, use.body)


def end(setting: Setting, claim: str, node: sp.Expr, time: sp.Expr) -> Finding:
    """Prove that a grid ends where it should."""
    residual = setting.expand(node) - time
    if vanishes(setting.inner_facts.replaced(residual)):
        return Finding(Status.PROVED, claim, "cancels as written" if residual == 0 else "normal form 0")
    run = compiled(residual, (N,), setting.values)
    if run is None:
        return Finding(Status.NOT_REACHED, claim, "no proof found, and no evaluation in ball arithmetic")
    values = [(n, run(ball(sp.Integer(n)))) for n in SIZES]
    bad = next(((n, v) for n, v in values if not v.contains(0)), None)
    by_level = end_by_level(setting, node, time) if bad is None else None
    if by_level is not None and by_level.status is Status.PROVED:
        return by_level
    if bad is None:
        return Finding(Status.CHECKED, claim, f"at {len(SIZES)} sizes up to {SIZES[-1]}, at 50 digits")
    point = {**place(setting.values, (), (), bad[1]), "N": str(bad[0]), "wanted": "0"}
    return Finding(Status.REFUTED, f"{claim} fails", f"off by {point['found']} at N = {bad[0]}", point)


def rising(setting: Setting, node: sp.Expr) -> list[Finding]:
    """Prove that nodes rise, in time or in the noise level that they are given by; else compare neighbouring ones."""
    by_level = rising_by_level(setting, node)
    if by_level and worst(by_level) in SURE:
        return by_level
    expanded = setting.expand(node)
    if not is_level(node) and rises(setting, expanded):
        return [Finding(Status.PROVED, "d node/d i > 0", SIGNS)]
    return [compared(setting, expanded)]


def compared(setting: Setting, node: sp.Expr) -> Finding:
    """Compare neighbouring nodes of grids of many sizes."""
    claim = "node(i, N) < node(i + 1, N)"
    run = compiled(node, (i, N), setting.values)
    if run is None:
        return Finding(Status.NOT_REACHED, claim, "no proof found, and no evaluation in ball arithmetic")
    for n in SIZES:
        nodes = [run(ball(sp.Integer(j)), ball(sp.Integer(n))) for j in range(1, n + 1)]
        bad = next((j for j in range(1, n) if not nodes[j - 1] < nodes[j]), None)
        if bad is not None:
            return falls(setting, n, bad, nodes[bad] - nodes[bad - 1])
    return Finding(Status.CHECKED, claim, f"all nodes at {len(SIZES)} sizes up to {SIZES[-1]}, at 50 digits")


def falls(setting: Setting, n: int, j: int, rise: Ball) -> Finding:
    """Give the finding for a step that does not rise."""
    point = {**place(setting.values, (), (), rise), "N": str(n), "i": str(j), "wanted": "> 0"}
    return Finding(
        Status.REFUTED, "the grid does not increase", f"at N = {n} the step from node {j} is {point['found']}", point
    )


def sizes(setting: Setting, curriculum: ast.Use | None, env: Env) -> list[Finding]:
    """Refute a curriculum that asks for fewer than two nodes, or for no whole number, at one of many steps."""
    if curriculum is None or curriculum.reference is None:
        return []
    function = instance_of(curriculum, env).env.bindings.get("N")
    if function is None:
        return []
    size = scalar(evaluator().apply(function, (k,), curriculum.span), curriculum.span)
    run = compiled(size, (k, K), setting.values)
    total = 100 * STEPS
    for step in range(STEPS) if run else ():
        value = run(ball(sp.Integer(100 * step)), ball(sp.Integer(total))) if run else None
        if value is not None and (value < 2 or not value.contains_integer()):
            step_taken = {"k": str(100 * step), "K": str(total), "wanted": "2, 3, ..."}
            point = place(setting.values, (), (), value) | step_taken
            claim = (
                f"the curriculum asks for {point['found']} node{'s' * (value != 1)} at k = {100 * step} of K = {total}"
            )
            return [Finding(Status.REFUTED, claim, "a grid has two nodes or more, a whole number", point)]
    return []
