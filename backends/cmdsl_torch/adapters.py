"""What the properties of an emitted module need of PyTorch."""

from __future__ import annotations

from cmdsl.emit.module import Import
from cmdsl.emit.properties import Property
from cmdsl.emit.tests import Adapters

TEXT = '''
FLOAT32, FLOAT64 = torch.float32, torch.float64
tanh = torch.tanh


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

MODULE = '''
def test_module_is_the_consistency_function():
    """ConsistencyModel(network)(x, t) is f(x, t)."""
    x, t = data(FLOAT64), array([time_at_fraction(fraction) for fraction in (0.25, 0.5, 0.75, 1.0)], FLOAT64)
    module = model.ConsistencyModel(small_network(0.3))
    assert listed(module(x, t)) == listed(model.consistency(small_network(0.3), x, t))
'''

ADAPTERS = Adapters((Import("torch"),), TEXT, (Property(lambda p: p.function("consistency") is not None, MODULE),))
