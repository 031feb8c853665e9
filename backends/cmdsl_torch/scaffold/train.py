"""Train a network with an objective of model.py: `python train.py --data digits`; `--help` lists what can be set."""

import argparse
import copy
import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

import model
from data import fail, load_data, measure
from network import NETWORKS
from sample import (
    Header,
    accepted,
    choose_device,
    draw,
    evaluates,
    load,
    make_network,
    positive,
    samplers_for,
    save,
    write,
)

REPORT = 25  # steps between two looks at the loss: a look waits for the device


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


@dataclass
class Run:
    """A training run: what changes from step to step, and what it is made of."""

    args: argparse.Namespace
    objective: Objective
    teacher: Callable[[Tensor, Tensor], Tensor] | None
    data: Tensor
    header: Header
    network: nn.Module
    target: nn.Module  # the objective's own average, by the curriculum's mu
    averaged: nn.Module  # the average that samples are drawn with
    learned: nn.Module  # the functions that the objective learns beside the network, if it does
    optimizer: torch.optim.Optimizer
    generator: torch.Generator
    step: int = 0
    saved: int = 0  # the step of the checkpoint, if there is one


def update(run: Run) -> Tensor:
    """Make one step; give the loss and the norm of its gradient, `[2]`."""
    for group in run.optimizer.param_groups:
        group["lr"] = run.args.lr * rate(run.step, run.args)
    mu = run.objective.decay(run.step, run.args.steps)
    networks = {"network": run.network, "network_ema": run.target if mu else run.network}
    others = {"teacher": run.teacher, "learned": run.learned}
    index = torch.randint(len(run.data), (run.args.batch,), generator=run.generator, device=run.data.device)
    loss = run.objective.per_sample(
        run.data[index], run.generator, run.step, run.args.steps, **networks, **others
    ).mean()
    run.optimizer.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_([*run.network.parameters(), *run.learned.parameters()], run.args.clip)
    run.optimizer.step()
    follow(run.target, run.network, mu)
    follow(run.averaged, run.network, min(run.args.ema, (1 + run.step) / (10 + run.step)))
    run.step += 1
    return torch.stack([loss.detach(), norm])


def rate(step: int, args: argparse.Namespace) -> float:
    """Scale the learning rate: a linear rise over `warmup` steps, a fall along a cosine to nothing at the end."""
    fall = (1 + math.cos(math.pi * step / args.steps)) / 2
    return float(min(1.0, (step + 1) / args.warmup) * fall)


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move an average of weights towards the network's: `average = decay*average + (1 - decay)*network`."""
    for old, new in zip(average.parameters(), network.parameters(), strict=True):
        old.lerp_(new, 1 - decay)
    for kept, buffer in zip(average.buffers(), network.buffers(), strict=True):
        kept.copy_(buffer)


def train(run: Run) -> None:
    """Make all steps; save and draw samples every so often, and at the end."""
    seen = torch.zeros(2, device=run.data.device)
    with tqdm(total=run.args.steps, unit="step", smoothing=0.05) as bar:
        while run.step < run.args.steps:
            seen += update(run)
            due = run.step % run.args.every == 0 or run.step == run.args.steps
            if due or run.step % REPORT == 0:
                report(run, seen, bar)
                seen.zero_()
            if due:
                record(run)


def report(run: Run, seen: Tensor, bar: "tqdm[Any]") -> None:
    """Show the mean loss since the last look; stop if the loss or its gradient was not finite."""
    made = run.step - bar.n
    if not bool(seen.isfinite().all()):
        last = f"the weights of step {run.saved} are in {checkpoint(run)}" if run.saved else "nothing was saved yet"
        fail(f"the loss or its gradient is not finite, between steps {bar.n} and {run.step}; {last}")
    shown = {"loss": f"{seen[0].item() / made:.4g}"} | run.objective.now(run.step - 1, run.args.steps)
    bar.set_postfix({name: shown[name] for name in ("loss", "N") if name in shown}, refresh=False)
    bar.update(made)


def record(run: Run) -> None:
    """Save a checkpoint and draw samples beside data, with every sampler that suits the objective."""
    weights = {"network": run.network, "averaged": run.averaged, "learned": run.learned}
    save(checkpoint(run), replace(run.header, step=run.step), **weights)
    run.saved = run.step
    scaling, shape = run.header.scaling, run.header.shape
    panels = {s: draw(run.averaged, s, 64, shape, run.args.seed) for s in samplers_for(run.objective.name)}
    name = "samples" if run.step == run.args.steps else f"samples-{run.step:06}"
    shown = {title: scaling.to_data(x) for title, x in {**panels, "data": run.data[:64]}.items()}
    path = write(Path(run.args.out, f"{name}.png"), shown, scaling)
    tqdm.write(f"step {run.step}: samples ({', '.join(shown)}) in {path}, weights in {checkpoint(run)}")


def checkpoint(run: Run) -> Path:
    """Say where the run keeps its weights."""
    return Path(run.args.out, "checkpoint.safetensors")


def load_teacher(args: argparse.Namespace, device: torch.device) -> tuple[Header, nn.Module] | None:
    """Load the network of the checkpoint `--teacher`, which must have been trained as a denoiser."""
    if args.teacher is None:
        return None
    header, network = load(args.teacher, "averaged", device)
    if header.objective in model.OBJECTIVES and header.objective not in denoising():
        fail(f"{args.teacher} was trained with {header.objective}, not as a denoiser: {' or '.join(denoising())}")
    return header, network


def denoising() -> list[str]:
    """List the objectives that train a denoiser."""
    return [name for name in model.OBJECTIVES if "denoise" in evaluates(getattr(model, f"loss_{name}"))]


def check_needs(objective: Objective, teacher: str | None) -> None:
    """Refuse an objective that needs what this script doesn't have, or a teacher that nothing asks for."""
    takes = inspect.signature(objective.loss).parameters
    if "teacher" in takes and not hasattr(model, "denoise"):
        fail(f"the objective {objective.name} needs a teacher, and the spec has no preconditioning to make one")
    if "teacher" in takes and teacher is None:
        hint = f", such as {' or '.join(denoising())} trains" if denoising() else ""
        fail(f"the objective {objective.name} needs --teacher CHECKPOINT, the weights of a denoiser{hint}")
    if "teacher" not in takes and teacher is not None:
        fail(f"the objective {objective.name} takes no teacher")


def check_schedule(objective: Objective, steps: int) -> None:
    """Refuse a number of steps in which the objective's curriculum has no place for its stages."""
    try:
        objective.now(0, steps)
    except ArithmeticError:
        fail(f"the curriculum of {objective.name} can't have {steps} step{'s' * (steps > 1)}: give more --steps")


def start(args: argparse.Namespace) -> Run:
    """Set a run up: data, networks, optimiser, and one generator for whatever is random."""
    device, objective = choose_device(args.device), find_objective(args.objective)
    check_needs(objective, args.teacher)
    check_schedule(objective, args.steps)
    data = load_data(args.data)
    teacher = load_teacher(args, device)
    scaling, (name, options) = measure(data), choose_network(args.network)
    header = Header(model.SPEC_SHA256, objective.name, 0, tuple(data.shape[1:]), name, options, scaling)
    torch.manual_seed(args.seed)
    network = first_weights(header, teacher).to(device)
    learned = getattr(model, f"learned_{objective.name}", nn.Module)().to(device)
    return Run(
        args=args,
        objective=objective,
        teacher=partial(model.denoise, teacher[1]) if teacher else None,
        data=scaling.to_model(data).to(device),
        header=header,
        network=network,
        target=copy.deepcopy(network).requires_grad_(False),
        averaged=copy.deepcopy(network).requires_grad_(False),
        learned=learned,
        optimizer=torch.optim.Adam(
            [*network.parameters(), *learned.parameters()], lr=args.lr, betas=(0.9, 0.99), fused=True
        ),
        generator=torch.Generator(device).manual_seed(args.seed),
    )


def choose_network(name: str | None) -> tuple[str, dict[str, int]]:
    """Give the network asked for, or the spec's own with its options, or a perceptron."""
    own: tuple[str, dict[str, int]] = model.NETWORK or ("mlp", {})
    return own if name in (None, own[0]) else (str(name), {})


def first_weights(header: Header, teacher: tuple[Header, nn.Module] | None) -> nn.Module:
    """Make the network; it starts from the teacher's weights where there is one of the same form."""
    try:
        network = make_network(header.network, header.options, header.shape)
    except (TypeError, ValueError) as error:
        fail(f"can't make the network {header.network}: {error}")
    form = (header.network, header.options, header.shape)
    if teacher and (teacher[0].network, teacher[0].options, teacher[0].shape) == form:
        network.load_state_dict(teacher[1].state_dict())
    return network


def option(parser: argparse.ArgumentParser, name: str, default: object, text: str, **how: Any) -> None:
    """Add an option whose help says its default, if it has one."""
    parser.add_argument(name, default=default, help=text if default is None else f"{text} (default: {default})", **how)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Train a network with an objective of the spec.")
    own = f"runs/{Path(__file__).resolve().parent.name}"
    add = partial(option, parser)
    add("--data", "digits", "digits, or a .npz of one array, one sample a row")
    add("--objective", model.OBJECTIVES[0], "what to minimise", choices=model.OBJECTIVES)
    add("--teacher", None, "weights of a denoiser, for an objective that distils", metavar="CHECKPOINT")
    add("--network", None, "a network in place of the spec's", choices=NETWORKS)
    add("--out", own, "folder for weights and samples")
    add("--steps", 4000, "how many steps to make", type=positive)
    add("--batch", 256, "samples in one step", type=positive)
    add("--lr", 2e-3, "learning rate at its height", type=float)
    add("--warmup", 100, "steps over which the learning rate rises", type=positive)
    add("--ema", 0.995, "decay of the averaged weights that samples are drawn with", type=float)
    add("--clip", math.inf, "greatest norm of the gradient", type=float)
    add("--every", 1000, "steps between checkpoints with samples", type=positive)
    add("--seed", 0, "seed of the weights, the batches and the noise", type=int)
    add("--device", "auto", "auto is a GPU where there is one")
    return parser.parse_args()


def main() -> None:
    """Train as the command line says."""
    run = start(arguments())
    try:
        Path(run.args.out).mkdir(parents=True, exist_ok=True)
        train(run)
    except OSError as error:
        fail(f"can't write to {run.args.out}: {error}")
    except KeyboardInterrupt:
        fail(f"interrupted at step {run.step}")


if __name__ == "__main__":
    main()
