"""Samplers of half-precision noise: the state is single, and the network is given one dtype at every step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.numbers import packages
from tests.numbers.frameworks import Framework
from tests.numbers.objectives import sample, sample_inputs

SPECS = Path(__file__).parents[2] / "specs"


@pytest.mark.parametrize("name", ["lcm", "rectified_flow", "shortcut"])
def test_the_network_is_given_one_dtype(name: str, framework: Framework) -> None:
    """Their c_in is 1, so that nothing else would widen what the network is given first."""
    m = packages.module((SPECS / f"{name}.cm").read_text(encoding="utf-8"), framework.name)
    seen: set[str] = set()

    def network(x: Any, *scalars: Any) -> Any:
        seen.update(str(v.dtype).removeprefix("torch.") for v in (x, *scalars))
        return 0.1 * x

    single = framework.array(np.ones((2, 1, 8, 8), "float32"))
    like = single.bfloat16() if framework.name == "torch" else single.astype("bfloat16")
    for sampler in m.SAMPLERS:
        noises = sample_inputs(m, sampler, framework.source(1), like)
        assert str(noises["z"].dtype).endswith("bfloat16")
        found = sample(m, sampler, network, noises)
        assert str(found.dtype).endswith("float32")
    assert seen == {"float32"}
