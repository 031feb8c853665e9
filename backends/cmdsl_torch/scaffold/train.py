"""Train a network with an objective of model.py: `python train.py --data digits`; `--help` lists what can be set."""

import argparse
import copy
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn
from tqdm import tqdm

import model
from checkpoint import Header, make_network, save
from data import described, fail, load_data, measure, reason
from network import NETWORKS
from objective import ANALYTIC, Objective, check_needs, check_schedule, find_objective, shown_objectives
from sample import (
    COUNT,
    SEED,
    broken,
    choose_device,
    draw,
    number,
    samplers_for,
    write,
)
from teacher import Teacher, load_teacher, same_form

REPORT = 25  # steps between two looks at the loss: a look waits for the device


@dataclass
class Run:
    """A training run: what changes from step to step, and what it is made of."""

    args: argparse.Namespace
    objective: Objective
    teacher: Callable[[Tensor, Tensor], Tensor] | None
    data: Tensor
    header: Header
    network: nn.Module
    target: nn.Module  # the objective's own average, by the curriculum's mu; a copy where that is 0
    averaged: nn.Module  # the average that samples are drawn with
    learned: nn.Module  # the functions that the objective learns beside the network, if it does
    trained: list[nn.Parameter]  # what the optimiser changes
    optimizer: torch.optim.Optimizer
    generator: torch.Generator
    step: int = 0
    saved: int = 0  # the step of the checkpoint, if there is one

    @cached_property
    def weights(self) -> tuple[list[Tensor], ...]:
        """List the weights of the network and its averages; once, since it takes a module long to find them."""
        return tuple(list(part.parameters()) for part in (self.network, self.target, self.averaged))


def update(run: Run) -> Tensor:
    """Make one step; give the loss and the norm of its gradient, `[2]`."""
    for group in run.optimizer.param_groups:
        group["lr"] = run.args.lr * rate(run.step, run.args)
    mu = run.objective.decay(run.step, run.args.steps)
    networks = {"network": run.network, "network_ema": run.target}
    others = {"teacher": run.teacher, "learned": run.learned}
    index = torch.randint(len(run.data), (run.args.batch,), generator=run.generator, device=run.data.device)
    loss = run.objective.per_sample(
        run.data[index], run.generator, run.step, run.args.steps, **networks, **others
    ).mean()
    run.optimizer.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(run.trained, run.args.clip)
    run.optimizer.step()
    network, target, averaged = run.weights
    follow(target, network, mu)
    follow(averaged, network, min(run.args.ema, (1 + run.step) / (10 + run.step)))
    run.step += 1
    return torch.stack([loss.detach(), norm])


def rate(step: int, args: argparse.Namespace) -> float:
    """Scale the learning rate: a linear rise over `warmup` steps, a fall along a cosine to nothing at the end."""
    fall = (1 + math.cos(math.pi * step / args.steps)) / 2
    return float(min(1.0, (step + 1) / args.warmup) * fall)


def follow(average: list[Tensor], weights: list[Tensor], decay: float) -> None:
    """Move an average of weights towards them: `average = decay*average + (1 - decay)*weights`."""
    get_ema_multi_avg_fn(decay)(average, weights, 0)


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
    """Show the means since the last look; stop if the loss or its gradient was not finite."""
    made = run.step - bar.n
    loss, slope = (seen / made).tolist()
    if not math.isfinite(loss + slope):
        fail(f"the loss or its gradient is not finite, between steps {bar.n} and {run.step}; {kept(run)}")
    nodes = run.objective.now(run.step - 1, run.args.steps).get("N")
    rest = {} if nodes is None else {"N": nodes}
    lr = run.optimizer.param_groups[0]["lr"]
    bar.set_postfix({"loss": f"{loss:.4g}", "gradient": f"{slope:.3g}", "lr": f"{lr:.2g}", **rest}, refresh=False)
    bar.update(made)


def kept(run: Run) -> str:
    """Say which weights there are when a run ends early."""
    return f"the weights of step {run.saved} are in {checkpoint(run)}" if run.saved else "nothing was saved yet"


def record(run: Run) -> None:
    """Save a checkpoint and draw samples beside data, with every sampler that suits the objective."""
    for old, new in zip(run.averaged.buffers(), run.network.buffers(), strict=True):
        old.copy_(new)
    weights = {"network": run.network, "averaged": run.averaged, "learned": run.learned}
    save(checkpoint(run), replace(run.header, step=run.step), **weights)
    run.saved = run.step
    name = "samples" if run.step == run.args.steps else f"samples-{run.step:06}"
    panels = samples(run) | {"data": run.header.scaling.to_data(run.data[:64])}
    path = write(Path(run.args.out, f"{name}.png"), panels, run.header.scaling)
    tqdm.write(f"step {run.step}: samples ({', '.join(panels)}) in {path}, weights in {checkpoint(run)}")


def samples(run: Run) -> dict[str, Tensor]:
    """Draw samples by each sampler that suits the objective; its name says how many are not finite, if any."""
    drawn = {s: draw(run.averaged, s, 64, run.header.shape, run.args.seed) for s in samplers_for(run.objective.name)}
    titles = {s: f"{s}, {bad} not finite" if (bad := broken(x)) else s for s, x in drawn.items()}
    return {titles[s]: run.header.scaling.to_data(x) for s, x in drawn.items()}


def checkpoint(run: Run) -> Path:
    """Say where the run keeps its weights."""
    return Path(run.args.out, "checkpoint.safetensors")


def start(args: argparse.Namespace) -> Run:
    """Set a run up: data, networks, optimiser, and one generator for whatever is random."""
    if not model.OBJECTIVES:
        fail("the spec has no objective, so nothing can be trained; add one, such as `objective denoising`")
    device, objective = choose_device(args.device), find_objective(args.objective)
    check_needs(objective, args.teacher)
    check_schedule(objective, args.steps)
    data = load_data(args.data)
    scaling, (name, options) = measure(data, args.data), choose_network(args.network)
    header = Header(model.SPEC_SHA256, objective.name, 0, tuple(data.shape[1:]), name, options, scaling)
    print(described(data, args.data, scaling), file=sys.stderr)
    standardised = scaling.to_model(data).to(device)
    teacher = load_teacher(args, header, standardised)
    torch.manual_seed(args.seed)
    network = first_weights(header, teacher).to(device)
    learned = getattr(model, f"learned_{objective.name}", nn.Module)().to(device)
    trained = [*network.parameters(), *learned.parameters()]
    return Run(
        args=args,
        objective=objective,
        teacher=teacher.denoise if teacher else None,
        data=standardised,
        header=header,
        network=network,
        target=copy.deepcopy(network).requires_grad_(False),
        averaged=copy.deepcopy(network).requires_grad_(False).eval(),
        learned=learned,
        trained=trained,
        optimizer=torch.optim.Adam(trained, lr=args.lr, betas=(0.9, 0.99), fused=True),
        generator=torch.Generator(device).manual_seed(args.seed),
    )


def choose_network(name: str | None) -> tuple[str, dict[str, int]]:
    """Give the network asked for, or the spec's own with its options, or a perceptron."""
    own: tuple[str, dict[str, int]] = model.NETWORK or ("mlp", {})
    return own if name in (None, own[0]) else (str(name), {})


def first_weights(header: Header, teacher: Teacher | None) -> nn.Module:
    """Make the network; it starts from the teacher's weights where there is one of the same form."""
    try:
        network = make_network(header.network, header.options, header.shape)
    except (TypeError, ValueError) as error:
        fail(f"can't make the network {header.network}: {error}")
    if teacher and teacher.network and same_form(network, teacher.network):
        network.load_state_dict(teacher.network.state_dict())
    return network


def option(parser: argparse.ArgumentParser, name: str, default: object, text: str, **how: Any) -> None:
    """Add an option whose help says its default, if it has one."""
    parser.add_argument(name, default=default, help=text if default is None else f"{text} (default: {default})", **how)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Train a network with an objective of the spec; write weights, and samples beside data.",
        epilog=f"objectives, the first by default:\n{shown_objectives()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = partial(option, parser)
    add("--data", "digits", "digits, or a .npz of one array, one sample a row")
    add("--objective", next(iter(model.OBJECTIVES), None), "what to minimise", choices=model.OBJECTIVES or None)
    add(
        "--teacher",
        None,
        f"for an objective that distils: weights of a denoiser, or {ANALYTIC}, that of the data",
        metavar="CHECKPOINT",
    )
    add("--teacher-package", None, "the folder of the package that trained the teacher, if not this", metavar="FOLDER")
    add("--network", None, "a network of network.py in place of the spec's", choices=NETWORKS)
    add("--out", f"runs/{Path(__file__).resolve().parent.name}", "folder for weights and samples")
    add("--steps", 4000, "how many steps to make", type=COUNT)
    add("--batch", 256, "samples in one step, drawn with replacement", type=COUNT)
    add("--lr", 2e-3, "learning rate at its height", type=number("a number of at least 0", lambda x: 0 <= x < math.inf))
    add("--warmup", 100, "steps over which the learning rate rises; then it falls to 0 along a cosine", type=COUNT)
    decay = number("a number of at least 0 and below 1", lambda x: 0 <= x < 1)
    add("--ema", 0.995, "decay of the averaged weights that samples are drawn with", type=decay)
    norm = number("a number above 0, or inf", lambda x: x > 0)
    add("--clip", math.inf, "greatest norm of the gradient; longer ones are shortened to it", type=norm)
    add("--every", 1000, "steps between checkpoints with samples", type=COUNT)
    add("--seed", 0, "seed of the weights, the batches and the noise", type=SEED)
    add("--device", "auto", "such as cpu or cuda:1; auto is a GPU where there is one")
    return parser.parse_args()


def main() -> None:
    """Train as the command line says."""
    run = start(arguments())
    try:
        Path(run.args.out).mkdir(parents=True, exist_ok=True)
        train(run)
    except OSError as error:
        fail(f"can't write to {run.args.out}: {reason(error)}")
    except KeyboardInterrupt:
        fail(f"interrupted at step {run.step}; {kept(run)}")


if __name__ == "__main__":
    main()
