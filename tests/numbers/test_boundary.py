"""The boundary condition, bit for bit, for any parameters of the shipped specs."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

from tests.numbers import packages
from tests.numbers.frameworks import FRAMEWORKS, Framework, network
from tests.numbers.loading import with_constants
from tests.numbers.objectives import SHAPE

CASES = pytest.mark.parametrize("backend", packages.BACKENDS)
DTYPES = ("float32", "float64")
SETTINGS = settings(max_examples=20, deadline=None, derandomize=True)


def positive(low: float, high: float) -> st.SearchStrategy[float]:
    """Give floats of every order of magnitude between two, round ones and those without a short decimal alike."""
    logarithms = st.floats(np.log(low), np.log(high)).map(np.exp).map(float)
    return logarithms.filter(lambda v: low <= v <= high) | st.sampled_from([low, high, (low * high) ** 0.5])


def assert_boundary(name: str, backend: str, values: dict[str, float]) -> None:
    """Check a spec with those constants, in both precisions."""
    source = packages.compiled(packages.spec_text(name)).models[backend]
    m, framework = with_constants(source, values), FRAMEWORKS[backend]
    for dtype in DTYPES:
        epsilon = framework.array(np.full(3, m.EPSILON, dtype))
        c_skip, c_out = framework.numpy(m.c_skip(epsilon)), framework.numpy(m.c_out(epsilon))
        assert c_skip.tolist() == [1.0] * 3, (dtype, c_skip)
        assert c_out.tolist() == [0.0] * 3, (dtype, c_out)
        assert c_skip.dtype == c_out.dtype == dtype
        assert_identity(m, framework, epsilon, dtype)


def assert_identity(m: ModuleType, framework: Framework, epsilon: Any, dtype: str) -> None:
    """Check that f(x, epsilon) is x, whatever the network."""
    x = 1e3 * np.random.default_rng(1).normal(size=(3, *SHAPE)).astype(dtype)
    found = m.consistency(network(framework, 1, SHAPE, dtype), framework.array(x), epsilon)
    np.testing.assert_array_equal(framework.numpy(found), x, strict=True)


@CASES
@given(deviation=positive(1e-2, 1e2), epsilon=positive(1e-5, 0.5), last=positive(1, 1e3))
@SETTINGS
def test_variance_exploding(backend: str, deviation: float, epsilon: float, last: float) -> None:
    assert_boundary("ve_edm", backend, {"SIGMA_DATA": deviation, "EPSILON": epsilon, "T": last})


@CASES
@given(
    deviation=positive(1e-2, 1e2),
    epsilon=positive(1e-5, 0.5),
    beta_min=positive(1e-3, 10),
    ratio=positive(1 + 1e-9, 1e3),
)
@SETTINGS
def test_variance_preserving(backend: str, deviation: float, epsilon: float, beta_min: float, ratio: float) -> None:
    assume(beta_min * ratio < 100)
    values = {"SIGMA_DATA": deviation, "EPSILON": epsilon, "BETA_MIN": beta_min, "BETA_MAX": beta_min * ratio}
    assert_boundary("vp_linear", backend, values)


@CASES
@given(deviation=positive(1e-2, 1e2), last=positive(1, 1.57))
@SETTINGS
def test_trigflow(backend: str, deviation: float, last: float) -> None:
    assert_boundary("trigflow", backend, {"SIGMA_DATA": deviation, "T": last})


@CASES
@pytest.mark.parametrize("name", packages.NAMES)
def test_as_shipped(name: str, backend: str) -> None:
    assert_boundary(name, backend, {})
