"""Run `python -m cmdsl`."""

import sys

from cmdsl.cli import start

sys.exit(start())
