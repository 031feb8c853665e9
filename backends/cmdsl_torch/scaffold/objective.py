"""The objectives of model.py, each with what it draws and its curriculum, and what they need to be trained."""

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

import torch
from torch import Tensor

import model
from data import fail
from sample import accepted, evaluates, parameters

ANALYTIC = "analytic"  # the teacher that is no checkpoint: the exact denoiser of the data


@dataclass(frozen=True)
class Objective:
    """An objective of model.py, and the schedule of its nodes N and its averaging mu, if it has one."""

    name: str
    loss: Callable[..., Tensor]
    draws: Callable[..., dict[str, Tensor]]
    nodes: Callable[[int, int], int] | None
    decay: Callable[[int, int], float]

    def now(self, k: int, steps: int) -> dict[str, int]:
        """Give what the curriculum says at step K of STEPS, and these two."""
        return {"k": k, "K": steps} | ({"N": self.nodes(k, steps)} if self.nodes else {})

    def per_sample(self, x0: Tensor, generator: torch.Generator, k: int, steps: int, **networks: Any) -> Tensor:
        """Draw what the objective draws and give its loss `[batch]` at step K of STEPS."""
        now = self.now(k, steps)
        draws = self.draws(generator, x0, **accepted(self.draws, now))
        return self.loss(x0=x0, **draws, **accepted(self.loss, networks | now))


def find_objective(name: str) -> Objective:
    """Gather what model.py has for the objective NAME."""
    loss, draws = getattr(model, f"loss_{name}"), getattr(model, f"draw_{name}")
    nodes, decay = getattr(model, f"{name}_N", None), getattr(model, f"{name}_mu", lambda k, steps: 0.0)
    return Objective(name, loss, draws, nodes, decay)


def denoising() -> list[str]:
    """List the objectives that train a denoiser."""
    return [name for name in model.OBJECTIVES if "denoise" in evaluates(getattr(model, f"loss_{name}"))]


def check_needs(objective: Objective, teacher: str | None) -> None:
    """Refuse an objective that needs what this script doesn't have, or a teacher that nothing asks for."""
    takes = "teacher" in parameters(objective.loss)
    if teacher is not None and not takes:
        fail(f"the objective {objective.name} takes no teacher")
    if teacher is None and takes:
        hint = f", such as {' or '.join(denoising())} trains" if denoising() else ""
        wanted = (
            f"--teacher CHECKPOINT, the weights of a denoiser{hint}, or --teacher {ANALYTIC}, the data's own denoiser"
        )
        fail(f"the objective {objective.name} needs {wanted}")


def check_schedule(objective: Objective, steps: int) -> None:
    """Refuse a number of steps in which the objective's curriculum has no place for its stages."""
    try:
        objective.now(0, steps)
    except ArithmeticError:
        fail(f"the curriculum of {objective.name} can't have {steps} step{'s' * (steps > 1)}: give more --steps")


def shown_objectives() -> str:
    """List the objectives, each with the first words that model.py says of its loss."""
    said = {name: " ".join((getattr(model, f"loss_{name}").__doc__ or "").split()) for name in model.OBJECTIVES}
    return "\n".join(f"  {name}: {shorten(text, 100, placeholder=' ...')}" for name, text in said.items()) or "  none"
