"""Decide exactly whether an expression vanishes identically.

An expression is read as a fraction of polynomials over the rationals in generators: symbols, opaque functions,
logarithms, an exponential (or a sine and a cosine) for every monomial that stands in exponents (or angles), a root for
every irreducible radicand. Generators obey monic relations (`r^2 = P`, `s^2 = 1 - c^2`), so that a numerator that
reduces to 0 is 0 wherever the expression is defined. The converse needs more relations than are known here: no answer
is not a refutation.
"""

from __future__ import annotations

from math import comb

import flint
import sympy as sp
from attrs import define, field
from sympy.core.function import AppliedUndef

from cmdsl.symbolic.elementary import rewritten
from cmdsl.symbolic.polynomials import CAPACITY, GENERATORS, NOTHING, ONE, RING, Fraction, Polynomial, primes, rational

HIGHEST = 60
READINGS = 5
MOST_TERMS = 5000


class TooHard(Exception):
    """Raised where the normal form would need too many generators, terms or powers, or does not exist."""


def vanishes(expr: sp.Expr) -> bool:
    """Tell whether the expression is identically zero by its normal form; False says nothing."""
    if expr.has(sp.nan, sp.zoo, sp.oo, -sp.oo, sp.I):
        return False
    try:
        return bool(read(expr)[0] == NOTHING)
    except (TooHard, ZeroDivisionError):
        return False


def read(expr: sp.Expr) -> Fraction:
    """Read an expression again until the units of all its exponents and angles are known."""
    reader = Reader()
    for _ in range(READINGS):
        found = reader.read(expr)
        if not reader.found:
            return found
        reader = Reader({**reader.units, **reader.found}, reader.indices)
    raise TooHard


@define
class Reader:
    """Reads expressions as fractions, in the units of exponents and angles that earlier readings found."""

    units: dict[object, sp.Rational] = field(factory=dict)
    indices: dict[object, int] = field(factory=dict)  # those of earlier readings name the same generators
    found: dict[object, sp.Rational] = field(factory=dict)
    defined: set[int] = field(factory=set)
    relations: dict[int, Polynomial] = field(factory=dict)  # of generators: what reduces to 0
    positive: set[int] = field(factory=set)
    logarithms: dict[int, Fraction] = field(factory=dict)  # of generators: exponentials and roots
    arguments: dict[int, Fraction] = field(factory=dict)  # of generators that are logarithms
    tangents: dict[int, Fraction] = field(factory=dict)  # of generators that are arc tangents
    cache: dict[sp.Expr, Fraction] = field(factory=dict)

    def read(self, expr: sp.Expr) -> Fraction:
        """Give the expression as a reduced fraction."""
        if expr not in self.cache:
            self.cache[expr] = self.fraction(expr)
        return self.cache[expr]

    def fraction(self, e: sp.Expr) -> Fraction:
        """Read one node."""
        if isinstance(e, sp.Rational):
            return RING.constant(flint.fmpq(int(e.p), int(e.q))), ONE
        if isinstance(e, sp.Symbol) or e is sp.pi:
            return self.generator(e, bool(e.is_nonnegative)), ONE
        if isinstance(e, sp.Add):
            return self.total([self.read(a) for a in e.args])
        if isinstance(e, sp.Mul):
            return self.product([self.read(a) for a in e.args])
        if isinstance(e, sp.exp) or e is sp.E:
            return self.exponential(e.args[0] if e.args else sp.S.One)
        if isinstance(e, sp.Pow):
            return self.power(*e.as_base_exp()) if not isinstance(e.base, sp.exp) else self.power(e.base, e.exp)
        return self.function(e)

    def function(self, e: sp.Expr) -> Fraction:
        """Read an elementary function, or anything else as a generator of its own."""
        if isinstance(e, sp.log):
            return self.logarithm(self.read(e.args[0]))
        if isinstance(e, sp.sin | sp.cos | sp.tan):
            cos, sin = self.angle(e.args[0])
            return {sp.sin: sin, sp.cos: cos}.get(e.func) or self.quotient(sin, cos)
        other = rewritten(e)
        if other is not None:
            return self.read(other)
        if isinstance(e, sp.atan):
            return self.arc(self.read(e.args[0]))
        key = (e.func, *(self.key(a) for a in e.args)) if isinstance(e, AppliedUndef) else e
        return self.generator(key, bool(e.is_nonnegative)), ONE

    def key(self, e: sp.Expr) -> tuple[str, str]:
        """Give what identifies an argument: the text of its fraction."""
        numerator, denominator = self.read(e)
        return str(numerator), str(denominator)

    def generator(self, key: object, positive: bool, power: int = 0, value: Polynomial = None) -> Polynomial:
        """Give the generator of that key; with a relation `generator^power = value` where one is given."""
        # Later generators come earlier in the lexicographic order: relations rewrite them by older ones.
        index = self.indices.setdefault(key, CAPACITY - 1 - len(self.indices))
        if index < 0:
            raise TooHard
        if index not in self.defined:
            self.defined.add(index)
            self.positive |= {index} if positive else set()
            self.relations |= {index: GENERATORS[index] ** power - value} if power else {}
        return GENERATORS[index]

    def reduce(self, polynomial: Polynomial) -> Polynomial:
        """Rewrite by the relations, the newest generator first."""
        if len(polynomial) > MOST_TERMS:
            raise TooHard
        for index in sorted(self.relations):
            polynomial = polynomial % self.relations[index]
        return polynomial

    def ratio(self, numerator: Polynomial, denominator: Polynomial) -> Fraction:
        """Reduce a fraction."""
        numerator, denominator = self.reduce(numerator), self.reduce(denominator)
        if denominator == NOTHING:
            raise ZeroDivisionError
        if numerator == NOTHING:
            return NOTHING, ONE
        common = numerator.gcd(denominator)
        lead = (denominator / common).leading_coefficient()
        return numerator / common / lead, denominator / common / lead

    def total(self, terms: list[Fraction]) -> Fraction:
        """Add fractions."""
        result: Fraction = (NOTHING, ONE)
        for n, d in terms:
            result = (result[0] + n, d) if d == result[1] else self.ratio(result[0] * d + n * result[1], result[1] * d)
        return self.ratio(*result)

    def product(self, factors: list[Fraction]) -> Fraction:
        """Multiply fractions."""
        result: Fraction = (ONE, ONE)
        for n, d in factors:
            result = self.ratio(result[0] * n, result[1] * d)
        return result

    def quotient(self, a: Fraction, b: Fraction) -> Fraction:
        """Divide fractions."""
        return self.ratio(a[0] * b[1], a[1] * b[0])

    def raised(self, f: Fraction, n: int) -> Fraction:
        """Raise a fraction to an integer power."""
        if abs(n) > HIGHEST or any(comb(len(p) + abs(n) - 1, abs(n)) > MOST_TERMS for p in f):
            raise TooHard
        return self.ratio(f[0] ** n, f[1] ** n) if n >= 0 else self.ratio(f[1] ** -n, f[0] ** -n)

    def power(self, base: sp.Expr, exponent: sp.Expr) -> Fraction:
        """Read a power; a symbolic exponent is an exponential."""
        if isinstance(exponent, sp.Integer):
            return self.raised(self.read(base), int(exponent))
        if isinstance(exponent, sp.Rational):
            return self.raised(self.root(self.read(base), int(exponent.q)), int(exponent.p))
        return self.exponential(sp.Mul(exponent, sp.log(base)))

    def known_positive(self, p: Polynomial) -> bool:
        """Tell whether every term of a polynomial is known to be at least 0."""
        return all(
            c > 0 and all(n % 2 == 0 or i in self.positive for i, n in enumerate(m)) for m, c in p.to_dict().items()
        )

    def split(self, f: Fraction) -> tuple[list[tuple[Polynomial, int]], Fraction]:
        """Split a fraction into powers of nonnegative irreducible factors, and the rest, whose sign is unknown."""
        known, rest = [], [ONE, ONE]
        for side, sign in ((0, 1), (1, -1)):
            content, factors = f[side].factor()
            for factor, n in (*primes(content.numer(), 1), *primes(content.denom(), -1), *factors):
                if self.known_positive(factor):
                    known.append((factor, sign * int(n)))
                elif self.known_positive(-factor) and n % 2 == 0:
                    known.append((-factor, sign * int(n)))
                else:
                    rest[side] = rest[side] * factor ** int(n)
        return known, (rest[0], rest[1])

    def root(self, f: Fraction, degree: int) -> Fraction:
        """Take a root: of every nonnegative factor by itself, and of one rest of unknown sign."""
        known, rest = self.split(f)
        roots = [self.raised((self.root_of(p, degree), ONE), n) for p, n in known]
        if rest == (ONE, ONE):
            return self.product(roots)
        # D (N/D)^(1/n), whose n-th power is N D^(n-1) whatever the signs of N and D.
        value = rest[0] * rest[1] ** (degree - 1)
        scaled = self.generator(("root", degree, str(rest)), rest[1] == ONE, degree, value)
        return self.product([*roots, (scaled, rest[1])])

    def root_of(self, p: Polynomial, degree: int) -> Polynomial:
        """Give the generator for the root of a nonnegative irreducible polynomial."""
        generator = self.generator(("root", degree, str(p)), True, degree, p)
        self.logarithms.setdefault(self.index(generator), self.over(self.log_of(p), degree))
        return generator

    def index(self, generator: Polynomial) -> int:
        """Give the index of a generator."""
        return int(next(i for i, g in enumerate(GENERATORS) if g == generator))

    def over(self, f: Fraction, n: int) -> Fraction:
        """Divide a fraction by an integer."""
        return f[0] / n, f[1]

    def logarithm(self, f: Fraction) -> Fraction:
        """Read a logarithm: of a product, the sum."""
        known, rest = self.split(f)
        terms = [self.product([self.log_of(p), (RING.constant(n), ONE)]) for p, n in known]
        if rest == (ONE, ONE):
            return self.total(terms)
        generator = self.generator(("log", str(rest)), False)
        self.arguments[self.index(generator)] = rest
        return self.total([*terms, (generator, ONE)])

    def log_of(self, p: Polynomial) -> Fraction:
        """Give the logarithm of a nonnegative irreducible polynomial."""
        if p in GENERATORS and self.index(p) in self.logarithms:
            return self.logarithms[self.index(p)]
        generator = self.generator(("log", str(p)), False)
        self.arguments[self.index(generator)] = (p, ONE)
        return generator, ONE

    def monomials(self, e: sp.Expr) -> list[tuple[Fraction, sp.Rational]]:
        """Split an exponent or angle into monomials and their rational coefficients."""
        numerator, denominator = self.read(e)
        return [((RING.from_dict({m: 1}), denominator), rational(c)) for m, c in numerator.to_dict().items()]

    def multiple(self, kind: str, monomial: Fraction, coefficient: sp.Rational) -> tuple[sp.Rational, int]:
        """Give the unit in which a monomial is counted, and how many there are."""
        key = (kind, str(monomial))
        unit = self.units.get(key)
        if unit is None:
            self.found[key] = sp.gcd(self.found.get(key, sp.S.Zero), coefficient)
            return sp.S.One, int(coefficient) if coefficient.q == 1 and abs(coefficient) <= HIGHEST else 1
        if (coefficient / unit).q != 1 or abs(coefficient / unit) > HIGHEST:
            raise TooHard
        return unit, int(coefficient / unit)

    def exponential(self, e: sp.Expr) -> Fraction:
        """Read an exponential: of a sum, the product."""
        return self.product([self.exponential_of(m, c) for m, c in self.monomials(e)])

    def exponential_of(self, monomial: Fraction, coefficient: sp.Rational) -> Fraction:
        """Read the exponential of a multiple of a monomial; of a logarithm, a power."""
        argument = self.arguments.get(self.index(monomial[0])) if monomial[0] in GENERATORS else None
        if argument is not None and monomial[1] == ONE:
            return self.raised(self.root(argument, int(coefficient.q)), int(coefficient.p))
        unit, count = self.multiple("exp", monomial, coefficient)
        generator = self.generator(("exp", str(monomial)), True)
        self.logarithms.setdefault(self.index(generator), self.product([monomial, self.read(unit)]))
        return self.raised((generator, ONE), count)

    def arc(self, tangent: Fraction) -> Fraction:
        """Read an arc tangent."""
        generator = self.generator(("atan", str(tangent)), False)
        self.tangents[self.index(generator)] = tangent
        return generator, ONE

    def angle(self, e: sp.Expr) -> tuple[Fraction, Fraction]:
        """Give the cosine and sine of an angle, by the addition theorem."""
        cos, sin = (ONE, ONE), (NOTHING, ONE)
        for monomial, coefficient in self.monomials(e):
            count, c, s = self.circle(monomial, coefficient)
            step = s if count > 0 else (-s[0], s[1])
            back = (-step[0], step[1])
            for _ in range(abs(count)):
                cos, sin = (
                    self.total([self.product([cos, c]), self.product([sin, back])]),
                    self.total([self.product([sin, c]), self.product([cos, step])]),
                )
        return cos, sin

    def circle(self, monomial: Fraction, coefficient: sp.Rational) -> tuple[int, Fraction, Fraction]:
        """Give how often a monomial is counted in an angle, its cosine and its sine."""
        tangent = self.tangents.get(self.index(monomial[0])) if monomial[0] in GENERATORS else None
        if tangent is not None and monomial[1] == ONE and coefficient.q == 1 and abs(coefficient) <= HIGHEST:
            secant = self.root(self.total([(ONE, ONE), self.raised(tangent, 2)]), 2)
            return int(coefficient), self.raised(secant, -1), self.quotient(tangent, secant)
        _, count = self.multiple("angle", monomial, coefficient)
        c = self.generator(("cos", str(monomial)), False)
        s = self.generator(("sin", str(monomial)), False, 2, 1 - c**2)
        return count, (c, ONE), (s, ONE)
