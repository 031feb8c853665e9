"""What is derived from a spec, and what is proved of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import sympy as sp
from attrs import field, frozen

from cmdsl.diagnostics import Span
from cmdsl.sema.spec import Spec


@frozen
class Domain:
    """Where a param's values lie; ends may name other params."""

    low: sp.Expr
    high: sp.Expr
    low_open: bool
    high_open: bool


@frozen
class Coefficient:
    """A scalar function of times and params, such as `alpha(t)` or `transition_sigma(r, t)`.

    `formula` may apply other coefficients, which stay opaque (`sp.Function("alpha")(t)`) until they are expanded.
    """

    name: str
    parameters: tuple[sp.Symbol, ...]
    formula: sp.Expr
    source: Span | None = None
    public: bool = (
        True  # emitted under its own name; others are inlined where they are used, or emitted as local mathematics
    )


@frozen
class Model:
    """A spec with its mathematics: exact expressions in symbols, params never replaced by their values."""

    spec: Spec
    t: sp.Symbol
    symbols: Mapping[str, sp.Symbol]  # spec params by name, assumed real (positive where their domain says so)
    values: Mapping[sp.Symbol, sp.Rational]
    domains: Mapping[sp.Symbol, Domain]
    epsilon: sp.Expr | None
    T: sp.Expr
    sigma_data: sp.Expr  # 1 where the spec gives none
    rate: sp.Expr  # f in dx = f(t) x dt + g(t) dw
    diffusion: sp.Expr  # g
    variance: sp.Expr  # of the noise at time 0
    coefficients: Mapping[str, Coefficient]
    derived_family: bool  # c_skip, c_out follow from a `derive` principle
    boundary_method: str  # "shift" or "none"
    data_given: bool = True  # the spec gives `sigma_data`
    notes: tuple[str, ...] = ()  # how each integral was found, which functions have no closed form


class Status(Enum):
    """How an obligation ended, from the strongest to the worst."""

    PROVED = "proved"
    PROVED_HERE = "proved here"
    CHECKED = "checked"
    NOT_REACHED = "not reached"
    REFUTED = "refuted"


@frozen
class Verdict:
    """An obligation with its statement, its status and the evidence for it.

    `evidence` names what proved it: the rung and identity, the enclosure, the number of points and the worst; for a
    refuted one the counterexample: params, time, value.
    """

    obligation: str
    statement: str
    status: Status
    evidence: str
    span: Span | None = None
    counterexample: Mapping[str, str] = field(factory=dict)


@frozen
class Certificate:
    """The verdicts on a model, in the order of the language reference."""

    verdicts: tuple[Verdict, ...]

    @property
    def refuted(self) -> tuple[Verdict, ...]:
        """Give the verdicts for which the spec does not compile."""
        return tuple(v for v in self.verdicts if v.status is Status.REFUTED)
