"""What the properties of an emitted module need of JAX."""

from __future__ import annotations

from cmdsl.emit.module import Import
from cmdsl.emit.tests import Adapters

TEXT = '''
jax.config.update("jax_enable_x64", True)
FLOAT32, FLOAT64 = jnp.float32, jnp.float64
tanh = jnp.tanh


def array(values, dtype):
    """Give nested lists as an array."""
    return jnp.asarray(values, dtype)


def listed(x):
    """Give an array as nested lists."""
    return np.asarray(x).tolist()


def drawn(name, x, **counts):
    """Make the draws of a function of the model."""
    return getattr(model, name)(jax.random.key(0), x, **counts)


def learned(objective):
    """Give the functions that an objective learns, as they are at first."""
    start = getattr(model, f"learned_{objective}", None)
    return model.apply_learned(start()) if start else {}


def differentiated(function, weight, dtype):
    """Give the values of a function of a number, and the derivative of their sum."""
    variable = jnp.asarray(weight, dtype)
    return function(variable), jax.grad(lambda w: function(w).sum())(variable).item()
'''

ADAPTERS = Adapters((Import("jax"), Import("jax.numpy", alias="jnp"), Import("numpy", alias="np")), TEXT)
