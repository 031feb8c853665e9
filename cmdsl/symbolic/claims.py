"""Claims on a model, and how far each is proved: by a normal form, by enclosures, at many points, or refuted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sympy as sp
from attrs import field, frozen

from cmdsl.symbolic.enclose import Ball, NotEnclosed, Tape, ball, plural, tape, text, uncovered
from cmdsl.symbolic.model import Status, Verdict
from cmdsl.symbolic.notation import decimal
from cmdsl.symbolic.setting import Setting, Values
from cmdsl.symbolic.zero import vanishes

POINTS = 4000
UNDECIDED = 1e-10  # a value known no better tells nothing
WORK = 1_000_000  # operations in ball arithmetic that one claim is worth: some seconds
ELSEWHERE = "; it holds at the given parameters, and an assert speaks of all in their ranges"
SIGNS = "by the signs of all parts"
ORDER = tuple(Status)


@frozen
class Finding:
    """How one claim ended, with the evidence; a part of a verdict."""

    status: Status
    claim: str
    how: str
    counterexample: Mapping[str, str] = field(factory=dict)

    @property
    def rank(self) -> int:
        """Give the place in the order from the strongest status to the worst."""
        return ORDER.index(self.status)


def worst(findings: Sequence[Finding]) -> Status:
    """Give the weakest status: a chain of claims is as strong as that."""
    return max(findings, key=lambda f: f.rank).status


def together(findings: Sequence[Finding]) -> str:
    """Give the evidence of the weakest claims, those with the same evidence in one line."""
    status = worst(findings)
    groups: dict[str, list[str]] = {}
    for f in findings:
        if f.status is status:
            groups.setdefault(f.how, []).append(f.claim)
    return "; ".join(f"{', '.join(dict.fromkeys(claims))}: {how}" for how, claims in groups.items())


def verdict(setting: Setting, obligation: str, statement: str, findings: Mapping[str, Finding]) -> Verdict:
    """Give the verdict on a statement made of claims on coefficients, headed by the source of the worst one."""
    status = worst(list(findings.values()))
    name, found = next((n, f) for n, f in findings.items() if f.status is status)
    coefficient = setting.model.coefficients.get(name)
    span = coefficient.source if coefficient else None
    return Verdict(obligation, statement, status, together(list(findings.values())), span, found.counterexample)


def identity(
    setting: Setting,
    claim: str,
    residual: sp.Expr,
    variables: tuple[sp.Symbol, ...] = (),
    *,
    everywhere: bool = False,
    facts: Callable[[sp.Expr], sp.Expr] | None = None,
) -> Finding:
    """Find how far `residual = 0` holds, for all times (`variables`, earlier ones first; none for a constant).

    `everywhere` refutes what fails at other admissible params; else that only bars the claim from being proved for all.
    """
    if residual == 0:
        return Finding(Status.PROVED, claim, "cancels as written")
    offsets = facts or setting.facts.replaced
    here, *others = [failing(setting, residual, v, variables) for v in (setting.values, *setting.elsewhere)]
    away = next((o for o in others if o), None)
    if here or (away and everywhere):
        return refuted(claim, here or away or {}, "0", "" if here else ELSEWHERE)
    if away is None and (vanishes(residual) or vanishes(offsets(residual))):
        return Finding(Status.PROVED, claim, "normal form 0")
    if vanishes(residual.subs(setting.values)):
        return Finding(
            Status.PROVED_HERE,
            claim,
            f"normal form 0 at the given parameters{f' (not at {where(away)})' if away else ''}",
        )
    return sampled(setting, claim, residual, variables, lambda v: not v.contains(0), "0")


def refuted(claim: str, point: Mapping[str, str], wanted: str, remark: str = "") -> Finding:
    """Give the finding for a claim that a point disproves."""
    found = {**point, "wanted": wanted}
    by = f"{'off by' if wanted == '0' else 'the difference is'} {float(found['found']):.6g}"
    return Finding(Status.REFUTED, f"{claim} does not hold", by + remark, found)


def where(point: Mapping[str, str]) -> str:
    """Write a point as a person would type it in."""
    return ", ".join(f"{k} = {v}" for k, v in point.items() if k not in ("found", "wanted"))


@frozen
class Run:
    """An expression compiled at given params."""

    tape: Tape
    params: tuple[Ball, ...]

    def __call__(self, *times: Ball) -> Ball:
        """Evaluate at these times."""
        return self.tape(*self.params, *times)

    @property
    def turns(self) -> int:
        """Give how often it can be evaluated within the budget."""
        return WORK // len(self.tape.steps)


def compiled(expr: sp.Expr, variables: Sequence[sp.Symbol], values: Values) -> Run | None:
    """Compile an expression at given params; None where ball arithmetic can't evaluate it."""
    try:
        return Run(tape(expr, (*values, *variables)), tuple(ball(v) for v in values.values()))
    except NotEnclosed:
        return None


def failing(setting: Setting, residual: sp.Expr, values: Values, variables: tuple[sp.Symbol, ...]) -> dict[str, str]:
    """Give a point where the residual is certainly not 0, or nothing."""
    run = compiled(residual, variables, values)
    if run is None:
        return {}
    for point in setting.probes(values, len(variables)) if variables else [()]:
        value = run(*point)
        if value.is_finite() and not value.contains(0):
            return place(values, variables, point, value)
    return {}


def place(values: Values, variables: Sequence[sp.Symbol], point: Sequence[Ball], value: Ball) -> dict[str, str]:
    """Write a point and the value there."""
    params = {s.name: decimal(v) for s, v in values.items()}
    return {**params, **{s.name: text(t) for s, t in zip(variables, point, strict=True)}, "found": text(value, 16)}


def sampled(
    setting: Setting,
    claim: str,
    expr: sp.Expr,
    variables: tuple[sp.Symbol, ...],
    fails: Callable[[Ball], bool],
    wanted: str,
) -> Finding:
    """Check a claim at many points, at fifty digits, at the given parameters."""
    run = compiled(expr, variables, setting.values)
    if run is None:
        return Finding(Status.NOT_REACHED, claim, "no proof found, and no evaluation in ball arithmetic")
    if run.turns < POINTS:
        return Finding(Status.NOT_REACHED, claim, f"no proof found, and too long to be evaluated at {POINTS} points")
    largest, count = 0.0, 0
    for point in setting.points(setting.values, POINTS, len(variables)) if variables else [()]:
        value = run(*point)
        if not value.is_finite():
            if unreal(setting, run, point):
                return without_value(setting, claim, variables, point, value)
            continue
        if fails(value):
            return refuted(claim, place(setting.values, variables, point, value), wanted)
        if value.rad() > UNDECIDED:
            where_not = where(place(setting.values, variables, point, value))
            return Finding(Status.NOT_REACHED, claim, f"no proof found, and undecided at {where_not}")
        largest, count = max(largest, float(abs(value).upper())), count + 1
    if not count:
        return Finding(Status.NOT_REACHED, claim, "no proof found, and no value at any of the points")
    size = f", off by at most {largest:.1e}" if wanted == "0" else ""
    return Finding(Status.CHECKED, claim, f"{count} points at 50 digits{size}")


def unreal(setting: Setting, run: Run, point: Sequence[Ball]) -> bool:
    """Tell whether an expression has no real value around a point: at an isolated one rounding may have done it."""
    step = (setting.high(setting.values) - setting.low(setting.values)) * 1e-9
    return all(run(*(x + d for x in point)).is_nan() for d in (step * 0, step, -step))


def without_value(
    setting: Setting, claim: str, variables: Sequence[sp.Symbol], point: Sequence[Ball], value: Ball
) -> Finding:
    """Give the finding for a claim on what has no real value at a point."""
    found = {**place(setting.values, variables, point, value), "found": "none", "wanted": "a real number"}
    return Finding(Status.REFUTED, f"{claim} speaks of what has no real value", f"at {where(found)}", found)


def positivity(
    setting: Setting, claim: str, expr: sp.Expr, *, strict: bool, everywhere: bool = False, sign: str | None = None
) -> Finding:
    """Find how far `expr > 0` (or `>= 0`) holds for all times; `sign` where the rules have told it."""
    t = setting.model.t
    if sign == "+" or (not strict and sign in ("0", "0+")):
        return Finding(Status.PROVED, claim, SIGNS)
    relation = "> 0" if strict else ">= 0"

    def fails(v: Ball) -> bool:
        return bool(v <= 0 if strict else v < 0)

    for values, remark in ((setting.values, ""), *((v, ELSEWHERE) for v in setting.elsewhere if everywhere)):
        run = compiled(expr, (t,), values)
        bad = next(((p, v) for p in setting.probes(values) if run and fails(v := run(*p))), None)
        if bad is not None:
            return refuted(claim, place(values, (t,), *bad), relation, remark)
    enclosed = enclosure(setting, claim, expr, lambda v: v > 0 if strict else v >= 0)
    return enclosed or sampled(setting, claim, expr, (t,), fails, relation)


def enclosure(setting: Setting, claim: str, expr: sp.Expr, holds: Callable[[Ball], bool]) -> Finding | None:
    """Prove a claim on the values over all of [epsilon, T] at the given parameters, or give None."""
    run = compiled(expr, (setting.model.t,), setting.values)
    if run is None:
        return None
    open_piece, pieces = uncovered(run, [(setting.low(setting.values), setting.high(setting.values))], holds, run.turns)
    if open_piece is not None:
        return None
    return Finding(Status.PROVED_HERE, claim, f"enclosed over all times in {plural(pieces)}")
