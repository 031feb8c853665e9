"""Sample from a checkpoint of train.py: `python sample.py CHECKPOINT --sampler multistep --out samples.png`."""

import argparse
import inspect
import itertools
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor, nn

import model
from checkpoint import load
from data import Scaling, fail, reason


@torch.no_grad()
def draw(network: nn.Module, sampler: str, count: int, shape: Sequence[int], seed: int, **parameters: object) -> Tensor:
    """Draw COUNT samples `[count, *shape]` on the network's device, standardised as the model sees them."""
    device = next(network.parameters()).device
    generator = torch.Generator(device).manual_seed(seed)
    draws, run = getattr(model, f"draw_sample_{sampler}"), getattr(model, f"sample_{sampler}")
    noise = draws(generator, torch.empty(count, *shape, device=device), **accepted(draws, parameters))
    samples: Tensor = run(network, noise.pop("z"), **noise, **accepted(run, parameters))
    return samples


def accepted(function: Callable[..., object], values: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the values that FUNCTION has parameters for."""
    return {name: values[name] for name in parameters(function) if name in values}


@cache
def parameters(function: Callable[..., object]) -> Mapping[str, inspect.Parameter]:
    """Give the parameters of a function of model.py by name; kept, since they are asked for at each step."""
    return inspect.signature(function).parameters


def evaluates(function: Callable[..., object]) -> set[str]:
    """Tell how a loss or sampler of model.py uses its network: as `consistency` (f), as `denoise` (D), or both.

    What gives a network the input that f gives it trains or samples f.
    """
    used = called(function)
    return {"consistency", "denoise"} & (used | ({"consistency"} if "c_in" in used else set()))


def called(function: Callable[..., object]) -> set[str]:
    """Give the names of the module that a function of model.py uses."""
    return names(inspect.unwrap(function).__code__)


def names(code: CodeType) -> set[str]:
    """Give the names that a piece of code uses, those of the functions within it too."""
    inner = (names(part) for part in code.co_consts if isinstance(part, CodeType))
    return set(code.co_names).union(*inner)


def samplers_for(objective: str) -> list[str]:
    """List the samplers that use a network the way that OBJECTIVE trains it."""
    loss = getattr(model, f"loss_{objective}", None)
    trained = evaluates(loss) if loss else {"consistency"}
    used = {name: evaluates(getattr(model, f"sample_{name}")) for name in model.SAMPLERS}
    return [name for name in model.SAMPLERS if not trained or not used[name] or trained & used[name]]


def write(path: Path, panels: Mapping[str, Tensor], scaling: Scaling) -> Path:
    """Write panels of data: images as one picture at PATH, anything else as arrays, at PATH with the ending .npz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if all(is_image(panel.shape[1:]) for panel in panels.values()) and path.suffix != ".npz":
        picture({title: scaling.to_unit(panel) for title, panel in panels.items()}).save(path)
        return path
    path = path.with_suffix(".npz")
    arrays: dict[str, Any] = {title: panel.cpu().numpy() for title, panel in panels.items()}
    np.savez(path, **arrays)
    return path


def is_image(shape: Sequence[int]) -> bool:
    """Tell whether samples are grey or coloured images `[channels, height, width]`."""
    return len(shape) == 3 and shape[0] in (1, 3)


def picture(panels: Mapping[str, Tensor], gap: int = 12) -> Image.Image:
    """Lay panels of images in [0, 1] side by side, each a square of tiles below its title."""
    sheets = {title: sheet(images) for title, images in panels.items()}
    width = sum(image.width for image in sheets.values()) + gap * (len(sheets) - 1)
    canvas = Image.new("RGB", (width, 16 + max(image.height for image in sheets.values())), "white")
    left = 0
    for title, image in sheets.items():
        ImageDraw.Draw(canvas).text((left, 1), title, "black")
        canvas.paste(image, (left, 16))
        left += image.width + gap
    return canvas


def sheet(images: Tensor, tile: int = 48) -> Image.Image:
    """Lay images `[n, channels, height, width]` in a square, small ones enlarged smoothly until they are readable."""
    columns, zoom = math.ceil(math.sqrt(len(images))), max(1, tile // images.shape[-1])
    large = nn.functional.interpolate(images, scale_factor=zoom, mode="bicubic").clamp(0, 1)
    tiles = nn.functional.pad(large, (0, 4, 0, 4), value=1).expand(-1, 3, -1, -1)
    blank = tiles.new_ones(-len(images) % columns, *tiles.shape[1:])
    rows = torch.cat([tiles, blank]).unflatten(0, (-1, columns)).permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)
    return Image.fromarray((rows * 255).round().to(torch.uint8).cpu().numpy())


def broken(samples: Tensor) -> int:
    """Count the samples that have a number that is not finite."""
    return int((~samples.unsqueeze(1).flatten(1).isfinite().all(1)).sum())


def choose_device(name: str) -> torch.device:
    """Give the device of that name; `auto` is a GPU where there is one."""
    try:
        device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name)
        torch.zeros((), device=device).item()
    except (AssertionError, RuntimeError) as error:
        fail(f"no device {name!r} here: {str(error).splitlines()[0]}")
    return device


def number(what: str, allowed: Callable[[Any], bool], kind: type[float] = float) -> Callable[[str], Any]:
    """Make a reader of numbers of a kind, WHAT is allowed in words."""

    def read(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not allowed(value):
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
        return value

    return read


COUNT = number("a whole number of at least 1", lambda n: n >= 1, int)
SEED = number("a whole number from 0 to 2^63 - 1", lambda n: 0 <= n < 2**63, int)


def settings(sampler: str, texts: Sequence[str]) -> dict[str, object]:
    """Read `NAME=NUMBER`, or `NAME=NUMBER,NUMBER,...` where the sampler's parameter is a list of times."""
    return dict(setting(sampler, text) for text in texts)


def setting(sampler: str, text: str) -> tuple[str, object]:
    """Read one parameter of a sampler, in the type of its default."""
    (name, _, value), known = text.partition("="), tunable(sampler)
    if name not in known:
        fail(f"sampler {sampler} has no parameter {name!r}; it has: {', '.join(known) or 'none'}")
    try:
        return name, reader(sampler, known[name])(value)
    except argparse.ArgumentTypeError as error:
        fail(f"can't set {name} of sampler {sampler}: {error}")


def tunable(sampler: str) -> dict[str, inspect.Parameter]:
    """Give the parameters of a sampler that have defaults."""
    given = parameters(getattr(model, f"sample_{sampler}"))
    return {name: p for name, p in given.items() if p.default is not inspect.Parameter.empty}


def reader(sampler: str, parameter: inspect.Parameter) -> Callable[[str], Any]:
    """Give what reads a parameter of a sampler: a list, of times where its default is one; a count or a number."""
    if isinstance(parameter.default, tuple):
        return times if are_times(parameter.default) else numbers
    if parameter.annotation is not int:
        return number("one finite number", math.isfinite)
    least = 2 if "grid" in called(getattr(model, f"sample_{sampler}")) else 1
    return number(f"a whole number of at least {least}", lambda n: n >= least, int)


def numbers(text: str) -> tuple[float, ...]:
    """Read a list of numbers."""
    try:
        return tuple(map(float, text.split(",")))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not NUMBER,NUMBER,...") from None


def times(text: str) -> tuple[float, ...]:
    """Read the times at which a sampler looks, on its way from noise to data."""
    if not are_times(read := numbers(text)):
        start = getattr(model, "EPSILON", 0.0)
        wanted = f"decreasing times, each above {start:g} and at most {model.T:g}"
        raise argparse.ArgumentTypeError(f"{text!r} is not NUMBER,NUMBER,... of {wanted}")
    return read


def are_times(values: Sequence[float]) -> bool:
    """Tell whether numbers decrease from a time of the process to one after its boundary."""
    inside = all(getattr(model, "EPSILON", 0.0) < t <= model.T for t in values)
    return inside and all(t > s for t, s in itertools.pairwise(values))


def shown_samplers() -> str:
    """List the samplers with their parameters and defaults, as `--set` takes them."""
    lines = (" ".join([f"  {name}", *map(shown, tunable(name).values())]) for name in model.SAMPLERS)
    return "\n".join(lines) or "  none"


def shown(parameter: inspect.Parameter) -> str:
    """Show a parameter with its default as `--set` takes it."""
    given = parameter.default if isinstance(parameter.default, tuple) else (parameter.default,)
    return f"{parameter.name}={','.join(f'{number:g}' for number in given)}"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Sample from a checkpoint of train.py.",
        epilog=f"samplers, with the parameters that --set takes and their defaults:\n{shown_samplers()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("checkpoint", metavar="CHECKPOINT", help="checkpoint.safetensors, written by train.py")
    add("--sampler", choices=model.SAMPLERS or None, help="by default the first that suits the checkpoint's objective")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the sampler; can be repeated")
    add("--n", type=COUNT, default=64, metavar="N", help="how many samples (default: %(default)s)")
    add("--seed", type=SEED, default=0, help="seed of the noise (default: %(default)s)")
    add("--out", default="samples.png", metavar="PATH", help="a .png, or a .npz of an array (default: %(default)s)")
    add(
        "--weights",
        choices=["averaged", "network"],
        default="averaged",
        help="the average of the weights over training, or the last ones (default: %(default)s)",
    )
    add("--device", default="auto", help="such as cpu or cuda:1 (default: a GPU where there is one)")
    return parser.parse_args()


def choose_sampler(name: str | None, objective: str) -> str:
    """Give the sampler asked for, or the first that suits the objective that the weights were trained with."""
    suitable = samplers_for(objective)
    if not model.SAMPLERS:
        fail("the spec has no sampler; add one, such as `sampler onestep`, and compile it again")
    if name is None and not suitable:
        fail(f"no sampler suits weights trained with {objective}; choose one by --sampler: {', '.join(model.SAMPLERS)}")
    if name is not None and name not in suitable:
        print(f"note: {name} doesn't use a network the way that {objective} trains it", file=sys.stderr)
    return name or suitable[0]


def main() -> None:
    """Sample as the command line says."""
    args = arguments()
    header, network = load(args.checkpoint, args.weights, choose_device(args.device))
    sampler = choose_sampler(args.sampler, header.objective)
    given = settings(sampler, args.set)
    try:
        samples = draw(network, sampler, args.n, header.shape, args.seed, **given)
    except (ArithmeticError, ValueError) as error:  # a number for which the sampler's formulas have no value
        fail(f"can't draw by {sampler} with {' '.join(args.set) or 'its own parameters'}: {reason(error)}")
    if bad := broken(samples):
        fail(f"{bad} of {args.n} samples by {sampler} are not finite, so nothing was written")
    try:
        path = write(Path(args.out), {sampler: header.scaling.to_data(samples)}, header.scaling)
    except (OSError, ValueError) as error:
        fail(f"can't write {args.out}: {reason(error)}")
    print(f"{args.n} samples by {sampler}: {path}")


if __name__ == "__main__":
    main()
