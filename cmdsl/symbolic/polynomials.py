"""Polynomials over the rationals in a fixed number of generators, and their fractions."""

from __future__ import annotations

from typing import Any

import flint
import sympy as sp

CAPACITY = 48

Polynomial = Any  # flint.fmpq_mpoly
Fraction = tuple[Polynomial, Polynomial]

RING = flint.fmpq_mpoly_ctx.get([f"g{i}" for i in range(CAPACITY)], flint.Ordering.lex)
GENERATORS = RING.gens()
ONE = RING.constant(1)
NOTHING = RING.constant(0)


def rational(c: Any) -> sp.Rational:
    """Give a rational of flint as one of sympy."""
    return sp.Rational(int(c.p), int(c.q))


def primes(n: Any, sign: int) -> list[tuple[Polynomial, int]]:
    """Give the prime powers of an integer as constant polynomials; -1 comes first."""
    minus = [(RING.constant(-1), 1)] if n < 0 else []
    return minus + [(RING.constant(p), sign * int(k)) for p, k in abs(n).factor()]
