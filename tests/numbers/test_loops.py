"""What a sampler's loop computes with its counter and with numbers that it binds again, in single precision too."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.numbers import packages
from tests.numbers.frameworks import Framework

SPEC = """model loops
param sigma_data = 1/2
time t in [0, 2]
path {
    alpha = 1 - t/4
    sigma = t
}
boundary 0
precondition {
    c_skip  = 1
    c_out   = -t
    c_in    = 1
    c_noise = t
}
grid uniform
define sampler counted(N = 4) {
    x ~ prior
    for n from N downto 1 { x = x*n/N + sin(n) }
    return x
}
define sampler carried(N = 4) {
    x ~ prior
    before = N
    factor = 1
    for n from N downto 1 {
        factor = factor*min(n/2, 2)
        x = factor*x + node(before, N)
        before = n
    }
    return x
}
define sampler nested(N = 3) {
    x ~ prior
    total = 0
    for n from 1 to N {
        for m from 1 to N { total = total + m/n }
        x = x + total
    }
    return x
}
sampler counted
sampler carried
sampler nested
"""
START = 3.0  # 2*1.5: the prior has deviation sigma(T) = 2


def counted() -> float:
    x = START
    for n in (4, 3, 2, 1):
        x = x * n / 4 + np.sin(n)
    return x


def carried() -> float:
    x, before, factor = START, 4, 1.0
    for n in (4, 3, 2, 1):
        factor *= min(n / 2, 2)
        x = factor * x + 2 * (before - 1) / 3
        before = n
    return x


def nested() -> float:
    x, total = START, 0.0
    for n in (1, 2, 3):
        for m in (1, 2, 3):
            total += m / n
        x += total
    return x


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("sampler", "wanted"), [("counted", counted), ("carried", carried), ("nested", nested)])
def test_numbers_in_loops(sampler: str, wanted: Callable[[], float], dtype: str, framework: Framework) -> None:
    m = packages.module(SPEC, framework.name)
    found = getattr(m, f"sample_{sampler}")(None, framework.array(np.full((2, 3), 1.5, dtype)))
    assert framework.numpy(found).dtype.name == dtype
    np.testing.assert_allclose(framework.numpy(found), wanted(), rtol=1e-6 if dtype == "float32" else 1e-14)
