"""Data as the model wants it: of mean 0 and the deviation that the spec declares, and back again for pictures."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor

import model

SIGMA_DATA: float = model.PARAMS.get("sigma_data", 1.0)


@dataclass(frozen=True)
class Scaling:
    """How data becomes what the model is for, mean 0 and deviation `sigma_data`, and back."""

    mean: float
    deviation: float
    low: float
    high: float

    def to_model(self, data: Tensor) -> Tensor:
        """Standardise data to mean 0 and the spec's `sigma_data` (1 if it has none)."""
        return (data - self.mean) / self.deviation * SIGMA_DATA

    def to_data(self, x: Tensor) -> Tensor:
        """Undo `to_model`."""
        return x / SIGMA_DATA * self.deviation + self.mean

    def to_unit(self, data: Tensor) -> Tensor:
        """Bring data to [0, 1] for a picture, black at the data's least value, white at its greatest."""
        return ((data - self.low) / (self.high - self.low)).clamp(0, 1)


def load_data(name: str) -> Tensor:
    """Load samples `[count, ...]`: scikit-learn's 8x8 digits in [-1, 1], or the first array of a `.npz`."""
    if name == "digits":
        from sklearn.datasets import load_digits

        return torch.tensor(load_digits().images / 8 - 1, dtype=torch.float32)[:, None]
    if not name.endswith(".npz"):
        fail(f"no data {name!r}: give digits, or a .npz file of one array, one sample a row")
    try:
        with np.load(name, allow_pickle=False) as file:
            return from_array(file[file.files[0]])
    except (OSError, ValueError, IndexError) as error:
        fail(f"can't read {name}: {error}")


def from_array(array: "np.ndarray[Any, Any]") -> Tensor:
    """Bring bytes to [-1, 1] and images with their channels last to channels first."""
    data = torch.from_numpy(array).float()
    data = data / 127.5 - 1 if array.dtype == np.uint8 else data
    return data.movedim(-1, 1) if data.ndim == 4 and data.shape[1] not in (1, 3) and data.shape[3] in (1, 3) else data


def measure(data: Tensor) -> Scaling:
    """Measure data, and refuse what can't be standardised."""
    if data.ndim < 2 or not bool(data.isfinite().all()) or not bool(data.std() > 0):
        fail("the data must be samples `[count, ...]` of finite numbers that are not all the same")
    return Scaling(data.mean().item(), data.std().item(), data.min().item(), data.max().item())


def fail(message: str) -> NoReturn:
    """End the script with a message for the person who ran it."""
    raise SystemExit(f"{Path(sys.argv[0]).name}: {message}")
