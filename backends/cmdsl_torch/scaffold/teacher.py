"""Teachers: the exact denoiser of the data, or a trained one from a checkpoint of this package or of another."""

import importlib
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn

import model
from checkpoint import Header
from data import fail
from objective import ANALYTIC

Denoiser = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Teacher:
    """A denoiser as it is called, and the network that it is made of, if it is of one."""

    denoise: Denoiser
    network: nn.Module | None = None


def load_teacher(args: Namespace, own: Header, data: Tensor) -> Teacher | None:
    """Give the teacher that the command line asks for, if any; it must denoise the same data, of the same process."""
    if args.teacher_package and args.teacher in (None, ANALYTIC):
        fail("--teacher-package goes with --teacher CHECKPOINT")
    if args.teacher is None:
        return None
    if args.teacher == ANALYTIC:
        return Teacher(model.analytic_denoiser(data))
    with package(args.teacher_package) as modules:
        theirs = modules["model"]
        check_process(theirs, args.teacher_package)
        header, network = modules["checkpoint"].load(args.teacher, "averaged", data.device)
        check_objective(args.teacher, header.objective, theirs.OBJECTIVES, modules["objective"].denoising())
    check_data(args, own, header)
    return Teacher(partial(theirs.denoise, network), network)


@contextmanager
def package(folder: str | None) -> Iterator[dict[str, ModuleType]]:
    """Give the modules of this package, or those of another, which are imported by the same bare names."""
    names = ("model", "checkpoint", "objective")
    if folder is None:
        yield {name: importlib.import_module(name) for name in names}
        return
    missing = [name for name in names if not Path(folder, f"{name}.py").is_file()]
    if missing:
        fail(f"{folder} is no package that was compiled for torch: it has no {', '.join(f'{n}.py' for n in missing)}")
    stems = [path.stem for path in Path(folder).glob("*.py")]
    kept = {stem: sys.modules.pop(stem) for stem in stems if stem in sys.modules}
    sys.path.insert(0, folder)
    try:
        yield {name: importlib.import_module(name) for name in names}
    finally:
        sys.path.remove(folder)
        for stem in stems:
            sys.modules.pop(stem, None)
        sys.modules.update(kept)


def check_process(theirs: ModuleType, folder: str | None) -> None:
    """Refuse a package that makes no denoiser, or one for other noise than this one's."""
    where = folder or "this package"
    if not hasattr(theirs, "denoise"):
        fail(
            f"{where} makes no denoiser of a network: give --teacher-package FOLDER, one that does and trained the "
            f"teacher, or --teacher {ANALYTIC}"
        )
    times = torch.linspace(getattr(model, "EPSILON", 0.0), model.T, 17, dtype=torch.float64)
    for name in ("alpha", "sigma"):
        here, there = (getattr(m, name)(times) for m in (model, theirs))
        if not torch.allclose(here, there, rtol=1e-4, atol=1e-6) or theirs.T < model.T * (1 - 1e-6):
            fail(
                f"{where} is of another process: {name}({model.T:g}) is {there[-1].item():.4g} there, for times up to "
                f"{theirs.T:g}, and {here[-1].item():.4g} here; a teacher has to know the noise that its student sees"
            )


def check_objective(path: str, objective: str, known: tuple[str, ...], denoising: list[str]) -> None:
    """Refuse weights that were trained as anything but a denoiser."""
    if objective in known and objective not in denoising:
        fail(f"{path} was trained with {objective}, not as a denoiser: {' or '.join(denoising)}")


def check_data(args: Namespace, own: Header, header: Header) -> None:
    """Refuse a teacher of other data, or of the same data scaled otherwise."""
    if header.shape != own.shape:
        fail(f"{args.teacher} was trained on data {list(header.shape)}, and {args.data} has {list(own.shape)}")
    if not own.scaling.agrees(header.scaling):
        there, here = (f"(data - {s.shift:.4g})/{s.scale:.4g}" for s in (header.scaling, own.scaling))
        fail(f"{args.teacher} was trained on {there}, and {args.data} would be {here}: give the data it was trained on")


def same_form(network: nn.Module, other: nn.Module) -> bool:
    """Tell whether two networks have the same weights by name and shape."""
    first, second = ({name: t.shape for name, t in net.state_dict().items()} for net in (network, other))
    return first == second
