"""The command as tests run it, and a small spec to run it on."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).resolve().parents[2]
SPECS = sorted((ROOT / "specs").glob("*.cm"))

VE = """# A small spec.
model small
param sigma_data = 0.5 in (0, inf)
param epsilon = 0.002 in (0, T)
param T = 80 in (0, inf)
time t in [0, T]
sde { drift = 0  diffusion = sqrt(2*t) }
boundary epsilon
precondition edm(sigma_data)
grid karras
curriculum fixed(18)
objective consistency_training
sampler onestep
"""


@frozen
class Done:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


def shell(*words: str | Path, cwd: Path, env: dict[str, str], timeout: float = 120) -> Done:
    """Run Python on these words in a process of its own."""
    command = [sys.executable, *(str(word) for word in words)]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=timeout)
    return Done(done.returncode, done.stdout, done.stderr)
