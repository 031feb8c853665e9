"""What was derived and proved, for people: on the terminal and as Markdown."""

from cmdsl.report.markdown import derivation
from cmdsl.report.terminal import summary

__all__ = ["derivation", "summary"]
