"""The reference evaluation against numbers that are known otherwise."""

from typing import Any

import mpmath
import pytest

from cmdsl.ir.build import num, op
from cmdsl.ir.interpret import interpret, machine
from cmdsl.ir.nodes import Call, Fill, Function, Jvp, Lambda, Param, Program, Return, Role, Type, Var
from tests.ir.every import every_program
from tests.ir.ve import ve_program

VE = ve_program()
S, X = Type.SAMPLE, Type.STATE


def alone(*functions: Function) -> Program:
    return Program("alone", "", "", "", "", (), functions, (), (), (), None, None)


def scalar(value: Any, *params: str) -> Function:
    return Function("f", tuple(Param(p, S) for p in params), (Return(value),), S, Role.DEFINITION)


def test_fifty_digits() -> None:
    root = scalar(op("sqrt", Var("t", S)), "t")
    with mpmath.workdps(70):
        assert abs(interpret(machine(alone(root)), "f", [2])[0] - mpmath.sqrt(2)) < mpmath.mpf(10) ** -55


def test_the_precision_of_others_is_left_alone() -> None:
    before = mpmath.mp.dps
    interpret(machine(VE), "c_skip", [0.5])
    assert mpmath.mp.dps == before


def test_the_boundary() -> None:
    m = machine(VE)
    epsilon = m.constants["EPSILON"]
    assert interpret(m, "c_skip", [epsilon]) == [1]
    assert interpret(m, "c_out", [epsilon]) == [0]


def test_the_grid_of_karras() -> None:
    times = [float(v) for v in interpret(machine(VE), "grid", 18)]
    assert times[8] == pytest.approx(1.9233398370400518, rel=1e-14)
    assert times[-2] == pytest.approx(57.58598472124816, rel=1e-14)
    assert (times[0], times[-1]) == (0.002, 80)


@pytest.mark.parametrize(("k", "nodes"), [(0, 11), (999, 11), (1000, 21), (3999, 81), (4000, 161), (10**6, 161)])
def test_the_curriculum_of_ict(k: int, nodes: int) -> None:
    """Five stages of a fifth of the steps each: N doubles at the turn of each, up to s1."""
    assert interpret(machine(VE), "ict_N", k, 5000) == nodes


def test_constants_can_be_replaced_and_others_follow() -> None:
    m = machine(every_program(), constants={"T": 3})
    assert (m.constants["T"], m.constants["TWICE"]) == (3, 6)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("div", (1, 0), "inf"),
        ("div", (-1, 0), "-inf"),
        ("div", (0, 0), "nan"),
        ("sqrt", (-1,), "nan"),
        ("log", (-1,), "nan"),
        ("log", (0,), "-inf"),
        ("asin", (2,), "nan"),
        ("pow", (-1, 0.5), "nan"),
    ],
)
def test_arithmetic_is_real(name: str, arguments: tuple[float, ...], expected: str) -> None:
    params = ("t", "r")[: len(arguments)]
    f = scalar(op(name, *(Var(p, S) for p in params)), *params)
    (value,) = interpret(machine(alone(f)), "f", *([a] for a in arguments))
    assert repr(float(value)) == expected


def test_a_derivative_is_exact_in_every_digit_asked_for() -> None:
    x, t = Var("x", X), Var("t", S)
    cube = Lambda((x, t), op("mul", op("sin", x), op("pow", x, num(2))), X)
    f = Function("f", (Param("x", X), Param("t", S)), (Return(Jvp(cube, (x, t), (x, num(1)), X)),), X, Role.NETWORK)
    ((value,),) = interpret(machine(alone(f)), "f", [[2]], [1])
    with mpmath.workdps(60):
        assert abs(value - 2 * (4 * mpmath.cos(2) + 4 * mpmath.sin(2))) < mpmath.mpf(10) ** -49


def test_a_number_is_repeated_as_the_function_promises() -> None:
    one = scalar(num(1), "t")
    filled = Function("g", (Param("x", X),), (Return(Fill(num(0), Var("x", X), X)),), X, Role.PROCESS)
    m = machine(alone(one, filled))
    assert interpret(m, "f", [1, 2, 3]) == [1, 1, 1]
    assert interpret(m, "g", [[1, 2], [3, 4]]) == [[0, 0], [0, 0]]


def test_a_constant_of_times_is_a_number_at_one_time() -> None:
    filled = scalar(Fill(num(3), Var("t", S), S), "t")
    m = machine(alone(filled))
    assert interpret(m, "f", [1, 2]) == [3, 3]
    assert interpret(m, "f", 1) == 3


def test_draws_are_refused() -> None:
    with pytest.raises(ValueError, match="draws are arguments"):
        interpret(machine(VE), "draw_ict", [[1]], N=5)


def test_a_missing_function_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        interpret(machine(VE), "nothing")


def test_a_call_passes_keywords() -> None:
    f = scalar(op("sub", Var("t", S), Var("r", S)), "t", "r")
    call = Call("f", (Var("t", S),), S, (("r", op("mul", num(2), Var("t", S))),))
    g = Function("g", (Param("t", S),), (Return(call),), S, Role.DEFINITION)
    assert interpret(machine(alone(f, g)), "g", [3]) == [-3]
