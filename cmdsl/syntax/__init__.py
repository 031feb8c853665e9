"""The text of a spec and its syntax tree."""

from cmdsl.syntax.parse import parse

__all__ = ["parse"]
