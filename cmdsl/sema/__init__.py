"""What a spec means: its statements sorted, its names bound, its definitions instantiated."""

from cmdsl.sema.resolve import resolve
from cmdsl.sema.spec import Spec

__all__ = ["Spec", "resolve"]
