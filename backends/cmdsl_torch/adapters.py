"""What the properties of an emitted module need of PyTorch."""

from __future__ import annotations

from cmdsl.emit.module import Import
from cmdsl.emit.tests import Adapters

TEXT = '''
FLOAT32, FLOAT64 = torch.float32, torch.float64
sin = torch.sin


def array(values, dtype):
    """Give nested lists as a tensor."""
    return torch.tensor(values, dtype=dtype)


def listed(x):
    """Give a tensor as nested lists."""
    return x.detach().tolist()


def drawn(name, x, **counts):
    """Make the draws of a function of the model."""
    return getattr(model, name)(torch.Generator().manual_seed(0), x, **counts)


def learned(objective):
    """Give the functions that an objective learns, as they are at first."""
    return getattr(model, f"learned_{objective}", dict)()


def differentiated(function, weight, dtype):
    """Give the values of a function of a number, and the derivative of their sum."""
    variable = torch.tensor(weight, dtype=dtype, requires_grad=True)
    values = function(variable)
    values.sum().backward()
    return values, variable.grad.item()
'''

ADAPTERS = Adapters((Import("torch"),), TEXT)
