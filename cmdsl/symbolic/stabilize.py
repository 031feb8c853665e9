"""The same coefficients in forms that keep their digits; every form is shown to be equal before it replaces another."""

from __future__ import annotations

from collections.abc import Mapping

import flint
import sympy as sp
from attrs import define, evolve, field
from sympy.codegen.cfunctions import expm1

from cmdsl.symbolic.arrange import arrange
from cmdsl.symbolic.differences import difference, ratio
from cmdsl.symbolic.enclose import BITS, NotEnclosed, ball, tape
from cmdsl.symbolic.kernels import has_root
from cmdsl.symbolic.model import Coefficient, Model
from cmdsl.symbolic.opaque import applied_to, call, expand, expand_in, opaque
from cmdsl.symbolic.process import stationary
from cmdsl.symbolic.tidy import exponent, tidy
from cmdsl.symbolic.zero import vanishes

SHORT = 3  # operations of a coefficient that is written out where it is used
INLINED = ("alpha", "sigma", "restart_alpha", "restart_sigma", "transition_alpha")
ORDER = ("alpha", "sigma", "restart_alpha", "restart_sigma", "transition_alpha", "transition_sigma")
POINTS = 12
AGREEMENT = 1e-35


def stabilize(model: Model) -> Model:
    """Give the model with coefficients in forms for floating point."""
    found = dict(Stabilizer(model).coefficients())
    return evolve(model, coefficients={n: found[n] for n in model.coefficients})


@define(eq=False)
class Stabilizer:
    """A model while its coefficients are rewritten; those that are done are used by the rest."""

    model: Model
    done: dict[str, Coefficient] = field(factory=dict)

    def coefficients(self) -> Mapping[str, Coefficient]:
        """Rewrite every coefficient, what others are made of first."""
        names = [n for n in ORDER if n in self.model.coefficients]
        for name in (*names, *(n for n in self.model.coefficients if n not in names)):
            old = self.model.coefficients[name]
            new = evolve(old, formula=self.formula(old))
            self.done[name] = new if self.agree(old, new) else old
        return self.done

    def formula(self, old: Coefficient) -> sp.Expr:
        """Give a coefficient's formula for floating point."""
        t = self.model.t
        if old.name == "restart_alpha":
            return ratio(self.closed("alpha"), t, self.start())
        if old.name == "restart_sigma":
            return self.restarted("restart_alpha", t, self.start())[0]
        if old.name == "transition_alpha":
            return self.transition(old)
        if old.name == "transition_sigma":
            return sp.sqrt(self.restarted("transition_alpha", *reversed(old.parameters))[1])
        if old.name == "time_at" and isinstance(old.formula, sp.Add):
            return self.from_first(old)
        return arrange(self.shortened(old), old.parameters)

    def start(self) -> sp.Expr:
        """Give the boundary time."""
        assert self.model.epsilon is not None
        return self.model.epsilon

    def closed(self, name: str) -> sp.Expr:
        """Give a coefficient of the process in time and params."""
        return expand(self.model, self.model.coefficients[name].formula)

    def shortened(self, old: Coefficient) -> sp.Expr:
        """Give a formula with short coefficients written out."""
        short = {
            n: c for n, c in self.done.items() if n in INLINED and sp.count_ops(c.formula) <= SHORT and n != old.name
        }
        formula = old.formula
        while applied := opaque(short, formula):
            formula = formula.xreplace({a: applied_to(short[a.func.__name__], a.args) for a in applied})
        for t in old.parameters:
            formula = by_parts(formula, t)
        return formula.replace(reciprocal_logarithm, lambda e: -sp.log(1 / e.args[0]))

    def from_first(self, old: Coefficient) -> sp.Expr:
        """Give the time of a noise level as what it is above that of the first level, which is 0."""
        (level,) = old.parameters
        first = (self.closed("sigma") / self.closed("alpha")).subs(self.model.t, 0)
        return difference(old.formula, level, first) or old.formula

    def transition(self, old: Coefficient) -> sp.Expr:
        """Give alpha(t)/alpha(r), by the difference of exponents where alpha is exponential."""
        r, t = old.parameters
        alpha = self.closed("alpha")
        exponential = exponent(alpha, self.model.t) is not None or not alpha.has(self.model.t)
        return ratio(alpha, t, r) if exponential else self.shortened(old)

    def restarted(self, name: str, t: sp.Symbol, start: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
        """Give s = sigma(t) - a sigma(start) and tau^2 = sigma(t)^2 - a^2 sigma(start)^2, one by the other.

        `a` is the coefficient of that name: alpha(t)/alpha(start).
        """
        a = call(name, t) if name == "restart_alpha" else call(name, start, t)
        own = (call(name, t) if name == "restart_alpha" else a, call("sigma", t), self.sigma_at(start))
        a, sigma, before = (self.written(e) for e in own)
        whole = sigma + a * before
        shift = self.shift(t, start)
        if shift is not None:
            return shift, self.cleaned(shift * whole)
        noise = self.noise(a, t, start)
        if noise is None:
            return sigma - a * before, sigma**2 - a**2 * before**2
        return noise / whole, noise

    def cleaned(self, e: sp.Expr) -> sp.Expr:
        """Give a product with its factors in order."""
        return sp.powsimp(e)

    def written(self, e: sp.Expr) -> sp.Expr:
        """Write short coefficients out in a part of a formula."""
        return self.shortened(Coefficient("", (), e))

    def sigma_at(self, start: sp.Expr) -> sp.Expr:
        """Give sigma at the start: in params at the boundary, opaque at another time."""
        if start == self.model.epsilon:
            return self.done["sigma"].formula.subs(self.model.t, start)
        return call("sigma", start)

    def shift(self, t: sp.Symbol, start: sp.Expr) -> sp.Expr | None:
        """Give s without a cancelling difference, where no root stands in the way.

        It is the difference of sigma and sigma(start) (1 - a), or alpha(t) times the difference of sigma/alpha.
        """
        now, sigma, alpha = self.model.t, self.closed("sigma"), self.closed("alpha")
        if has_root(sigma, now):
            return None
        u = exponent(alpha, now)
        if u is None and alpha.has(now):
            change = difference(tidy(sigma / alpha, now), now, start)
            return None if change is None else tidy(alpha * change, now).subs(now, t)
        change, fall = difference(sigma, now, start), difference(u or sp.S.Zero, now, start)
        if change is None or fall is None:
            return None
        before = 0 if fall == 0 else -self.written(self.sigma_at(start)) * expm1(fall.subs(now, t))
        return change.subs(now, t) + before

    def noise(self, a: sp.Expr, t: sp.Symbol, start: sp.Expr) -> sp.Expr | None:
        """Give tau^2: K (1 - a^2) for a constant K = g^2/(-2f), else alpha^2 times that of (sigma/alpha)^2."""
        model, alpha = self.model, self.closed("alpha")
        constant = None if model.rate == 0 else stationary(model.rate, model.diffusion**2, model.t)
        if constant is not None:
            u = exponent(alpha, model.t)
            change = difference(alpha if u is None else 2 * u, model.t, start)
            if change is None:
                return None
            at = change.subs(model.t, t)
            return -constant * expm1(at) if u is not None else -constant * at / alpha.subs(model.t, start) * (1 + a)
        squared = tidy(self.closed("sigma") ** 2 / alpha**2, model.t)
        change = difference(squared, model.t, start)
        return None if change is None else tidy(alpha**2 * change, model.t).subs(model.t, t)

    def agree(self, old: Coefficient, new: Coefficient) -> bool:
        """Tell whether two formulas are equal: by their normal forms, else at points to fifty digits."""
        if old.formula == new.formula:
            return True
        before = expand(self.model, old.formula)
        after = expand_in({**self.model.coefficients, **self.done}, new.formula)
        return before == after or vanishes(before - after) or self.sampled(before - after, old)

    def sampled(self, residual: sp.Expr, c: Coefficient) -> bool:
        """Tell whether a residual vanishes at points inside the time interval."""
        last = self.model.T.subs(self.model.values)
        shares = [[i + j * POINTS // 2 + 1 for j in range(len(c.parameters))] for i in range(POINTS)]
        points = [[last * sp.Rational(n, 2 * POINTS + 3) for n in row] for row in shares]
        try:
            with flint.ctx.workprec(BITS):
                run = tape(residual.subs(self.model.values), c.parameters)
                return all(abs(run(*(ball(p) for p in point))) < AGREEMENT for point in points)
        except NotEnclosed:
            return False


def by_parts(e: sp.Expr, t: sp.Symbol) -> sp.Expr:
    """Shorten the sums of sines and cosines in a formula."""
    if not e.has(sp.sin, sp.cos, sp.tan) or not e.has(t):
        return e
    inner = e.func(*(by_parts(a, t) for a in e.args)) if e.args else e
    return tidy(inner, t) if isinstance(inner, sp.Add | sp.Mul) and len(e.atoms(sp.Symbol) & {t}) else inner


def reciprocal_logarithm(e: sp.Basic) -> bool:
    """Recognise log(1/t)."""
    return isinstance(e, sp.log) and isinstance(e.args[0], sp.Pow) and isinstance(1 / e.args[0], sp.Symbol)
