"""What was derived and proved, for people: on the terminal and as Markdown; the data of any stage, as text and JSON."""

from cmdsl.report.dump import json_text, text
from cmdsl.report.markdown import derivation
from cmdsl.report.terminal import summary

__all__ = ["derivation", "json_text", "summary", "text"]
