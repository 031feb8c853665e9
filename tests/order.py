"""What ruff says of generated files: they are as it would write them."""

import subprocess
import sys
from pathlib import Path

LINT = ["check", "--select", "B,C4,E,F,I,RUF,SIM,UP,W", "--ignore", "RUF001,RUF002"]


def complaints(folder: Path) -> str:
    """Give what ruff says of the packages in a folder."""
    said = ""
    for words in (["format", "--check"], LINT):
        command = [
            sys.executable,
            "-m",
            "ruff",
            *words,
            "--isolated",
            "--no-cache",
            "--line-length",
            "120",
            str(folder),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
        said += (done.stdout + done.stderr) * (done.returncode != 0)
    return said
