"""Checkpoints: safetensors files that say in their header what they are, and the networks that they hold."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

import model
import network as networks
from data import Scaling, fail, reason


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
    try:
        save_file(tensors, partial, {name: json.dumps(value) for name, value in asdict(header).items()})
    except SafetensorError as error:
        raise OSError(reason(error)) from error
    with partial.open("rb+") as file:
        os.fsync(file.fileno())  # else a loss of power may leave the new name on an empty file
    os.replace(partial, path)


def load(path: str, part: str, device: torch.device) -> tuple[Header, nn.Module]:
    """Read a checkpoint's header and the network whose weights stand under PART in it."""
    try:
        with safe_open(path, "pt", str(device)) as file:
            header = read_header(path, file.metadata() or {})
            names = [name for name in file.keys() if name.startswith(f"{part}.")]  # noqa: SIM118 - no iterable itself
            weights = {name.removeprefix(f"{part}."): file.get_tensor(name) for name in names}
        net = make_network(header.network, header.options, header.shape).to(device)
        net.load_state_dict(weights)
    except (OSError, SafetensorError) as error:
        fail(f"can't read the checkpoint {path}: {reason(error)}")
    except (RuntimeError, TypeError, ValueError) as error:
        fail(f"{path} is no checkpoint that this network.py can take: {reason(error)}")
    if header.spec != model.SPEC_SHA256:
        print(f"note: {path} was trained for another version of the spec", file=sys.stderr)
    return header, net.eval().requires_grad_(False)


def read_header(path: str, metadata: Mapping[str, str]) -> Header:
    """Read a header from the strings of a safetensors file."""
    missing = [name for name in Header.__dataclass_fields__ if name not in metadata]
    if missing:
        fail(f"{path} was not written by this train.py: its header lacks {', '.join(missing)}")
    values = {name: json.loads(metadata[name]) for name in Header.__dataclass_fields__}
    return Header(**(values | {"shape": tuple(values["shape"]), "scaling": Scaling(**values["scaling"])}))


def make_network(name: str, options: Mapping[str, int], shape: Sequence[int]) -> nn.Module:
    """Build a network of network.py for the noise levels of the spec."""
    return networks.build(name, shape, noise_levels(), model.NETWORK_SCALARS, **options)


def noise_levels() -> tuple[float, float]:
    """Give the least and the greatest value that the spec's noise levels take, or else its times."""
    level = getattr(model, "c_noise", getattr(model, "denoiser_c_noise", None))
    if level is None:
        return 0.0, model.T
    first = getattr(model, "EPSILON", model.T / 1000)  # at time 0 a level may be infinite
    levels = level(torch.linspace(first, model.T, 1001, dtype=torch.float64))
    return levels.min().item(), levels.max().item()
