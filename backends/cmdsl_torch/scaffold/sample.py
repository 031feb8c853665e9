"""Sample from a checkpoint of train.py: `python sample.py CHECKPOINT --sampler multistep --out samples.png`."""

import argparse
import inspect
import json
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

import model
import network as networks
from data import Scaling, fail


@dataclass(frozen=True)
class Header:
    """What a checkpoint says of itself."""

    spec: str
    objective: str
    step: int
    shape: tuple[int, ...]
    network: str
    options: dict[str, int]
    scaling: Scaling


def save(path: Path, header: Header, **weights: nn.Module) -> None:
    """Write a checkpoint so that PATH always holds a whole one; `weights` are modules under their names."""
    tensors = {
        f"{part}.{name}": t.contiguous() for part, net in weights.items() for name, t in net.state_dict().items()
    }
    partial = path.with_name(path.name + ".partial")
    save_file(tensors, partial, {name: json.dumps(value) for name, value in asdict(header).items()})
    os.replace(partial, path)


def load(path: str, part: str, device: torch.device) -> tuple[Header, nn.Module]:
    """Read a checkpoint's header and the network whose weights stand under PART in it."""
    try:
        with safe_open(path, "pt", str(device)) as file:
            header = read_header(file.metadata() or {})
            names = [name for name in file.keys() if name.startswith(f"{part}.")]  # noqa: SIM118 - no iterable itself
            weights = {name.removeprefix(f"{part}."): file.get_tensor(name) for name in names}
        net = make_network(header.network, header.options, header.shape).to(device)
        net.load_state_dict(weights)
    except (OSError, SafetensorError) as error:
        fail(f"can't read the checkpoint {path}: {error}")
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        fail(f"{path} is no checkpoint that this network.py can take: {error}")
    if header.spec != model.SPEC_SHA256:
        print(f"note: {path} was trained for another version of the spec", file=sys.stderr)
    return header, net.eval().requires_grad_(False)


def read_header(metadata: Mapping[str, str]) -> Header:
    """Read a header from the strings of a safetensors file."""
    values = {name: json.loads(text) for name, text in metadata.items()}
    return Header(**(values | {"shape": tuple(values["shape"]), "scaling": Scaling(**values["scaling"])}))


def make_network(name: str, options: Mapping[str, int], shape: Sequence[int]) -> nn.Module:
    """Build a network of network.py for the noise levels that the spec's `c_noise` takes, or for times."""
    levels = (0.0, model.T)
    if hasattr(model, "c_noise"):
        levels = tuple(sorted(model.c_noise(torch.tensor([model.EPSILON, model.T])).tolist()))
    return networks.build(name, shape, levels, model.NETWORK_SCALARS, **options)


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
    return {name: values[name] for name in inspect.signature(function).parameters if name in values}


def evaluates(function: Callable[..., object]) -> set[str]:
    """Tell how a loss or sampler of model.py uses its network: as `consistency` (f), as `denoise` (D), or both."""
    return {"consistency", "denoise"} & set(inspect.unwrap(function).__code__.co_names)


def samplers_for(objective: str) -> list[str]:
    """List the samplers that use a network the way that OBJECTIVE trains it."""
    loss = getattr(model, f"loss_{objective}", None)
    trained = evaluates(loss) if loss else {"consistency"}
    used = {name: evaluates(getattr(model, f"sample_{name}")) for name in model.SAMPLERS}
    return [name for name in model.SAMPLERS if not trained or not used[name] or trained & used[name]]


def write(path: Path, panels: Mapping[str, Tensor], scaling: Scaling) -> Path:
    """Write panels of data: images as one picture at PATH, anything else as arrays, at PATH with the ending .npz."""
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


def choose_device(name: str) -> torch.device:
    """Give the device of that name; `auto` is a GPU where there is one."""
    try:
        device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name)
        torch.empty(0, device=device)
    except (AssertionError, RuntimeError) as error:
        fail(f"no device {name!r} here: {str(error).splitlines()[0]}")
    return device


def positive(text: str) -> int:
    """Read a whole number above 0."""
    if (value := int(text)) < 1:
        raise ValueError(text)
    return value


def settings(sampler: str, texts: Sequence[str]) -> dict[str, object]:
    """Read `NAME=NUMBER`, or `NAME=NUMBER,NUMBER,...` where the sampler's parameter is a tuple."""
    defaults = {n: p.default for n, p in inspect.signature(getattr(model, f"sample_{sampler}")).parameters.items()}
    known = {name: default for name, default in defaults.items() if default is not inspect.Parameter.empty}
    return dict(setting(text, sampler, known) for text in texts)


def setting(text: str, sampler: str, known: Mapping[str, object]) -> tuple[str, object]:
    """Read one parameter of a sampler, in the type of its default in `known`."""
    name, _, value = text.partition("=")
    if name not in known:
        fail(f"sampler {sampler} has no parameter {name!r}; it has: {', '.join(known) or 'none'}")
    try:
        numbers = tuple(int(word) if word.isdecimal() else float(word) for word in value.split(","))
    except ValueError:
        fail(f"{text!r} is not NAME=NUMBER or NAME=NUMBER,NUMBER,...")
    return name, numbers if isinstance(known[name], tuple) else numbers[0]


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Sample from a checkpoint of train.py.")
    parser.add_argument("checkpoint", help="checkpoint.safetensors, written by train.py")
    parser.add_argument("--sampler", choices=model.SAMPLERS, help="by default the first that suits the checkpoint")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the sampler")
    parser.add_argument("--n", type=positive, default=64, help="how many samples (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="samples.png", help="a .png, or a .npz of arrays (default: %(default)s)")
    parser.add_argument("--weights", choices=["averaged", "network"], default="averaged")
    parser.add_argument("--device", default="auto")
    return parser.parse_args()


def main() -> None:
    """Sample as the command line says."""
    args = arguments()
    header, network = load(args.checkpoint, args.weights, choose_device(args.device))
    sampler = args.sampler or next(iter(samplers_for(header.objective)), None) or fail("the spec has no sampler")
    samples = draw(network, sampler, args.n, header.shape, args.seed, **settings(sampler, args.set))
    try:
        path = write(Path(args.out), {sampler: header.scaling.to_data(samples)}, header.scaling)
    except (OSError, ValueError) as error:
        fail(f"can't write {args.out}: {error}")
    print(f"{args.n} samples by {sampler}: {path}")


if __name__ == "__main__":
    main()
