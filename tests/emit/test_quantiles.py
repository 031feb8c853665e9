"""Quantiles of draws, against distribution functions that are written down."""

import mpmath
import pytest

from cmdsl.emit.quantiles import counts, normal, quantile
from cmdsl.ir.build import num, op
from cmdsl.ir.nodes import Draw, Function, Param, Program, ReturnDraws, Role, Type, Var

mp = mpmath.mp.clone()
mp.dps = 60
SHARES = [mp.mpf(10) ** -20, mp.mpf("0.02"), mp.mpf("0.5"), mp.mpf("0.8"), 1 - mp.mpf(10) ** -20]


def values(distribution: str, *args: object) -> list[object]:
    draw = Draw("u", distribution, (num(0),), Type.SAMPLE)
    found: list[object] = quantile(mp, draw, list(args), SHARES)
    return found


def test_a_normal_has_its_share_below() -> None:
    for share in SHARES:
        assert mp.almosteq(mp.ncdf((normal(mp, share, 2, 3) - 2) / 3), share, 1e-40)


@pytest.mark.parametrize(
    ("distribution", "inverse"), [("lognormal", mp.log), ("logitnormal", lambda v: mp.log(v / (1 - v)))]
)
def test_functions_of_a_normal(distribution: str, inverse: object) -> None:
    assert callable(inverse)
    for share, value in zip(SHARES, values(distribution, -1, 2), strict=True):
        assert mp.almosteq(inverse(value), normal(mp, share, -1, 2), 1e-30)


def test_discrete_draws() -> None:
    assert values("integers", 1, 10) == [1, 1, 6, 9, 10]
    assert values("bernoulli", mp.mpf("0.3")) == [0, 0, 0, 1, 1]
    assert values("index", [0, 1, 2, 1]) == [2, 2, 3, 4, 4]
    assert values("uniform", 2, 4)[2:4] == [3, mp.mpf("3.6")]


@pytest.mark.parametrize(("skip", "nodes"), [(1, 8), (7, 8), (8, 16), (20, 32)])
def test_there_are_as_many_nodes_as_a_draw_needs(skip: int, nodes: int) -> None:
    n = Draw("n", "integers", (num(1), op("add", Var("N", Type.STATIC), num(-skip))), Type.SAMPLE)
    params = (Param("x0", Type.STATE), Param("N", Type.STATIC, keyword=True))
    draw = Function("draw_o", params, (n, ReturnDraws(("n",))), Type.SAMPLE, Role.DRAW)
    program = Program("m", "", "m.cm", "", "0", (), (draw,), (), (), (), None, None)
    assert counts(program, draw) == {"N": nodes}
