"""Data as the model wants it: of mean 0 and the deviation that the spec declares, and back again for pictures."""

import math
import sys
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor

import model

SIGMA_DATA: float | None = getattr(model, "SIGMA_DATA", None)  # where the spec says nothing, data stay as they are
EXPECTED = "expected one array of finite real numbers, one sample a row, as `numpy.savez(path, samples)` writes it"
UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class Scaling:
    """How data becomes what the model is for, `(data - shift)/scale`, and back; the data's least and greatest value."""

    shift: float
    scale: float
    low: float
    high: float

    def to_model(self, data: Tensor) -> Tensor:
        """Scale data to what the model sees."""
        return (data - self.shift) / self.scale

    def to_data(self, x: Tensor) -> Tensor:
        """Undo `to_model`."""
        return x * self.scale + self.shift

    def to_unit(self, data: Tensor) -> Tensor:
        """Bring data to [0, 1] for a picture, black at the data's least value, white at its greatest."""
        return ((data - self.low) / (self.high - self.low)).clamp(0, 1)

    def agrees(self, other: "Scaling") -> bool:
        """Tell whether another scaling brings data to the same place, up to a thousandth."""
        near = abs(self.shift - other.shift) <= 1e-3 * self.scale
        return near and math.isclose(self.scale, other.scale, rel_tol=1e-3)


def load_data(name: str) -> Tensor:
    """Load samples `[count, ...]`: scikit-learn's 8x8 digits in [-1, 1], or the array of a `.npz`."""
    if name == "digits":
        from sklearn.datasets import load_digits

        return torch.tensor(load_digits().images / 8 - 1, dtype=torch.float32)[:, None]
    if not name.endswith(".npz"):
        fail(f"no data {name!r}: give digits, or a .npz file of one array, one sample a row")
    array = read_npz(name)
    if array.dtype.kind not in "buif":
        fail(f"{name} holds {array.dtype} and no real numbers: {EXPECTED}")
    if array.ndim == 0 or array.size == 0:
        fail(f"{name} holds an array of shape {list(array.shape)}, so no samples: {EXPECTED}")
    data = from_array(array)
    if not bool(data.isfinite().all()):
        fail(f"{name} holds numbers that are not finite: {EXPECTED}")
    return data


def read_npz(path: str) -> "np.ndarray[Any, Any]":
    """Read the array of a `.npz`."""
    if not Path(path).is_file():
        fail(f"can't read {path}: there is no such file")
    if not zipfile.is_zipfile(path):
        fail(f"can't read {path}, which is no .npz file or not a whole one: {EXPECTED}")
    try:
        with np.load(path, allow_pickle=False) as file:
            if len(file.files) != 1:
                fail(f"{path} holds {len(file.files)} arrays ({', '.join(file.files)}): {EXPECTED}")
            array: np.ndarray[Any, Any] = file[file.files[0]]
            return array
    except UNREADABLE as error:
        fail(f"can't read {path} ({reason(error)}): {EXPECTED}")


def from_array(array: "np.ndarray[Any, Any]") -> Tensor:
    """Bring bytes to [-1, 1] and images with their channels last to channels first."""
    with np.errstate(over="ignore"):  # what becomes infinite is refused as such
        data = torch.from_numpy(array.astype(np.float32))
    data = data / 127.5 - 1 if array.dtype == np.uint8 else data
    return data.movedim(-1, 1) if data.ndim == 4 and data.shape[1] not in (1, 3) and data.shape[3] in (1, 3) else data


def measure(data: Tensor, name: str) -> Scaling:
    """Measure data, and refuse what can't be standardised."""
    low, high = data.min().item(), data.max().item()
    if not low < high:
        fail(f"the numbers of {name} are all {low:g}, so there is nothing to learn")
    if SIGMA_DATA is None:
        return Scaling(0.0, 1.0, low, high)
    return Scaling(data.mean().item(), data.std().item() / SIGMA_DATA, low, high)


def described(data: Tensor, name: str, scaling: Scaling) -> str:
    """Say what the data are and what becomes of them."""
    shape, declared = list(data.shape[1:]), model.DATA_SHAPE
    other = "" if declared in (None, tuple(shape)) else f" (the spec speaks of {list(declared)})"
    done = "left as they are: the spec has no sigma_data"
    if SIGMA_DATA is not None:
        done = f"brought to mean 0 and deviation {SIGMA_DATA:g}, the spec's sigma_data"
    return f"{name}: {len(data)} samples {shape}{other} from {scaling.low:g} to {scaling.high:g}, {done}"


def reason(error: BaseException) -> str:
    """Give what an error says in one line."""
    return " ".join(str(error).split())[:300] or type(error).__name__


def fail(message: str) -> NoReturn:
    """End the script with a message for the person who ran it."""
    raise SystemExit(f"{Path(sys.argv[0]).name}: {message}")
