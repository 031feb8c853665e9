"""Integrals in closed form: exactly for polynomials and exponentials of them, else by sympy within a budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sympy as sp

from cmdsl.symbolic.budget import limited
from cmdsl.symbolic.tidy import exponent, power
from cmdsl.symbolic.zero import vanishes

Gain = Callable[[sp.Expr, sp.Symbol, sp.Expr], sp.Expr]
SECONDS = 10
LARGEST = 80  # operations of an integrand that sympy is given


def antiderivative(h: sp.Expr, t: sp.Symbol) -> tuple[sp.Expr, str] | None:
    """Give an integral from 0 and how it was found, or None where no closed form is known."""
    for found, how in primitives(h, t):
        at_zero = found.subs(t, 0)
        if sound(at_zero):
            return found - at_zero, how
    return None


def gain(e: sp.Expr, s: sp.Symbol, start: sp.Expr) -> sp.Expr:
    """Give e(s) - e(start)."""
    return e - e.subs(s, start)


def definite(h: sp.Expr, s: sp.Symbol, low: sp.Expr, high: sp.Expr, between: Gain = gain) -> sp.Expr | None:
    """Give an integral between two ends, or None where no closed form is known; `between` writes the difference.

    The variable is taken to be positive where the lower end shows that it is.
    """
    known = {"positive": True} if low.is_nonnegative and not high.is_negative else {"real": True}
    v = sp.Dummy(s.name, **known)
    for found, _ in primitives(h.xreplace({s: v}), v):
        if sound(found.subs(v, high)) and sound(found.subs(v, low)):
            return between(found, v, low).subs(v, high)
    return None


def primitives(h: sp.Expr, t: sp.Symbol) -> Iterator[tuple[sp.Expr, str]]:
    """Yield functions whose derivative is this one, proved to be, and how they were found."""
    sealed, constants = seal(h, t)
    for rule, how in RULES.items():
        found = rule(sealed, t)
        found = None if found is None else unseal(found, constants)
        if found is not None and sound(found) and vanishes(sp.diff(found, t) - h):
            yield found, how


def seal(h: sp.Expr, t: sp.Symbol) -> tuple[sp.Expr, dict[sp.Expr, sp.Expr]]:
    """Put symbols for logarithms of constants, which polynomials would take apart; powers become exponentials."""
    powers = {e: sp.exp(u, evaluate=False) for e in h.atoms(sp.Pow) if (u := exponent(e, t)) is not None}
    h = h.xreplace(powers)
    logarithms = sorted((c for c in h.atoms(sp.log) if not c.has(t)), key=sp.default_sort_key)
    constants = {c: sp.Dummy(f"c{i}", real=True) for i, c in enumerate(logarithms)}
    return h.xreplace(constants), {d: c for c, d in constants.items()}


def unseal(e: sp.Expr, constants: dict[sp.Expr, sp.Expr]) -> sp.Expr:
    """Put the logarithms back, and powers in place of their exponentials."""
    return e.replace(sp.exp, lambda u: power(u.xreplace(constants))).xreplace(constants) if constants else e


def sound(e: sp.Expr) -> bool:
    """Tell whether a result is a closed real expression."""
    return not e.has(sp.I, sp.Integral, sp.Piecewise, sp.nan, sp.zoo, sp.oo) and e.is_real is not False


def of_polynomial(h: sp.Expr, t: sp.Symbol) -> sp.Expr | None:
    """Integrate a polynomial."""
    if not h.is_polynomial(t):
        return None
    coefficients = sp.Poly(h, t).all_coeffs()
    degree = len(coefficients)
    return nest([c / (degree - i) for i, c in enumerate(coefficients)] + [sp.S.Zero], t)


def nest(coefficients: list[sp.Expr], t: sp.Symbol) -> sp.Expr:
    """Give a polynomial, highest coefficient first, in Horner's form with its rational content in front."""
    content = sp.gcd_list([c.primitive()[0] for c in coefficients if c != 0] or [sp.S.One])
    first = next((c for c in reversed(coefficients) if c != 0), sp.S.One)
    content = -content if first.could_extract_minus_sign() else content
    result = sp.S.Zero
    for c in coefficients:
        result = result * t + c / content
    return content * result


def of_exponentials(h: sp.Expr, t: sp.Symbol) -> sp.Expr | None:
    """Integrate sums of p(t) exp(u(t)), p and u polynomials, where the integrals are of that kind too."""
    groups: dict[sp.Expr, sp.Expr] = {}
    expanded = sp.expand(h, power_exp=False, power_base=False, log=False)
    for term in sp.Add.make_args(expanded):
        u, factor = split(term, t)
        if not (u.is_polynomial(t) and factor.is_polynomial(t)):
            return None
        groups[u] = groups.get(u, sp.S.Zero) + factor
    parts = [of_group(sp.Poly(p, t), sp.Poly(u, t), t) for u, p in groups.items()]
    return None if None in parts else sp.Add(*parts)


def split(term: sp.Expr, t: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    """Split a term into the exponent of its exponentials and its other factors."""
    exponents = {f: exponent(f, t) for f in sp.Mul.make_args(term)}
    u = sp.Add(*(e for e in exponents.values() if e is not None))
    return sp.expand(u, log=False), sp.Mul(*(f for f, e in exponents.items() if e is None))


def of_group(p: sp.Poly, u: sp.Poly, t: sp.Symbol) -> sp.Expr | None:
    """Find the polynomial q with (q exp(u))' = p exp(u), highest coefficient first."""
    if u.degree() <= 0:
        return of_polynomial(p.as_expr(), t) * sp.exp(u.as_expr())
    slope, q = u.diff(t), sp.Poly(0, t)
    while not p.is_zero:
        n = p.degree() - slope.degree()
        if n < 0:
            return None
        step = sp.Poly(sp.cancel(p.LC() / slope.LC()) * t**n, t)
        q, p = q + step, simplified(p - step.diff(t) - step * slope)
    return q.as_expr() * sp.exp(u.as_expr())


def simplified(p: sp.Poly) -> sp.Poly:
    """Cancel the coefficients of a polynomial, so that those that vanish are gone."""
    return p.from_list([sp.cancel(c) for c in p.all_coeffs()], *p.gens)


def by_sympy(h: sp.Expr, t: sp.Symbol) -> sp.Expr | None:
    """Integrate by sympy, in a child process under a deadline."""
    if sp.count_ops(h) > LARGEST:
        return None
    found = limited(lambda: sp.integrate(h, t), h.free_symbols, SECONDS)
    return None if found is None else real_logarithms(found, t)


def real_logarithms(e: sp.Expr, t: sp.Symbol) -> sp.Expr:
    """Write log(t - 1) as log(1 - t) where the argument is negative at 0: they differ by a constant."""
    negative = {log: sp.log(-log.args[0]) for log in e.atoms(sp.log) if log.args[0].subs(t, 0).is_negative}
    return e.xreplace(negative)


RULES = {of_polynomial: "term by term", of_exponentials: "exponentials of polynomials", by_sympy: "sympy"}
