"""Bodies of objectives, solvers and samplers, and the prelude, over the frozen coefficients."""

from cmdsl.lower.derived import Derived
from cmdsl.lower.lower import lower

__all__ = ["Derived", "lower"]
