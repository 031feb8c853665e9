"""Compile consistency models, declared as mathematics, to PyTorch and JAX."""

__version__ = "0.1.0"
