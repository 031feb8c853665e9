"""Fixtures of the tests of numbers: a framework, and what a shipped spec compiles to in it."""

from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
import torch

from tests.numbers import packages
from tests.numbers.frameworks import FRAMEWORKS, Framework


@pytest.fixture(params=packages.BACKENDS)
def framework(request: pytest.FixtureRequest) -> Framework:
    """Give each framework in turn."""
    return FRAMEWORKS[request.param]


@pytest.fixture
def shipped(framework: Framework) -> Callable[[str], ModuleType]:
    """Give the module that a shipped spec, with every solver, compiles to in the framework."""
    return lambda name: packages.module(packages.spec_text(name), framework.name)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Keep torch to one thread: arrays here are tiny, and several processes run at once."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
