"""Run `python -m cmdsl`."""

import sys

from cmdsl.cli import main

sys.exit(main())
