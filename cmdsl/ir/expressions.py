"""Expressions of the closed set that every backend prints, with their types; numbers are exact."""

from __future__ import annotations

from enum import Enum
from fractions import Fraction
from typing import TypeAlias

from attrs import frozen


class Type(Enum):
    """What a value is at run time.

    STATIC is a number on the host (printed with `math`), TABLE a float64 vector known before the batch is, LOOP a
    loop's counter (a host integer in torch, traced in JAX), UNIFORM a 0-d array, SAMPLE one number per sample
    `[batch]`, STATE an array `[batch, …]` like the data. The rest are values that are passed, never computed with.
    """

    STATIC = "static"
    TABLE = "table"
    LOOP = "loop"
    UNIFORM = "uniform"
    SAMPLE = "sample"
    STATE = "state"
    SEQUENCE = "sequence"  # a tuple of host numbers
    NETWORK = "network"  # called as (x, c_noise), or with as many scalars as the Program says
    DENOISER = "denoiser"  # called as (x, t)
    LEARNED = "learned"  # trainable functions of scalars by their names; each gives a scalar per sample
    EXTERN = "extern"  # a callable of another module, called as (a, b): a scalar per sample


_UNARY = (
    "neg sqrt exp expm1 log log1p log2 sin cos tan asin acos atan sinh cosh tanh erf abs floor ceil sign "
    "sigmoid softplus square"
)
UNARY = frozenset(_UNARY.split())
BINARY = frozenset(["add", "sub", "mul", "div", "pow", "min", "max"])
COMPARISONS = frozenset(["==", "!=", "<", "<=", ">", ">="])
LOGIC = frozenset(["and", "or", "not"])
REDUCTIONS = frozenset(["sqnorm", "dot", "mean"])  # over all axes but the batch's: STATE (, STATE) -> SAMPLE
DISTRIBUTIONS = frozenset(
    ["normal_like", "normal", "uniform", "lognormal", "logitnormal", "integers", "bernoulli", "index"]
)


@frozen(cache_hash=True)
class Num:
    """An exact number, of type STATIC."""

    value: Fraction
    type: Type = Type.STATIC


@frozen(cache_hash=True)
class Const:
    """`pi` or `inf`, of type STATIC."""

    name: str
    type: Type = Type.STATIC


@frozen(cache_hash=True)
class Var:
    """A parameter, a local, a constant of the module such as `SIGMA_DATA` (STATIC), or an imported name (EXTERN)."""

    name: str
    type: Type


@frozen(cache_hash=True)
class Op:
    """An operation of UNARY or BINARY; operands of lower rank broadcast, SAMPLE with STATE only through Spread."""

    name: str
    args: tuple[Expr, ...]
    type: Type


@frozen(cache_hash=True)
class Compare:
    """A comparison; `type` is the rank of the truth value."""

    op: str
    left: Expr
    right: Expr
    type: Type


@frozen(cache_hash=True)
class Logic:
    """`and`, `or`, `not` of truth values."""

    op: str
    args: tuple[Expr, ...]
    type: Type


@frozen(cache_hash=True)
class Select:
    """`if condition then … else …`: on the host where the condition is STATIC (or a LOOP there), else a select."""

    condition: Expr
    then: Expr
    otherwise: Expr
    type: Type


@frozen(cache_hash=True)
class Spread:
    """A SAMPLE given the rank of the state `like`: `[batch]` to `[batch, 1, …]`."""

    value: Expr
    like: Expr
    type: Type = Type.STATE


@frozen(cache_hash=True)
class Fill:
    """A STATIC or UNIFORM number as a SAMPLE, one for each sample of the array `like`; with that type, as a STATE.

    With type UNIFORM, a STATIC number as an array of one number, in the dtype of the coefficients of `like`.
    """

    value: Expr
    like: Expr
    type: Type = Type.SAMPLE


@frozen(cache_hash=True)
class Reduce:
    """`sqnorm(a)`, `dot(a, b)`, `mean(a)` over all axes but the batch's."""

    name: str
    args: tuple[Expr, ...]
    type: Type = Type.SAMPLE


@frozen(cache_hash=True)
class Dim:
    """How many elements one sample of the state `like` has."""

    like: Expr
    type: Type = Type.STATIC


@frozen(cache_hash=True)
class Length:
    """How many numbers a SEQUENCE has."""

    sequence: Expr
    type: Type = Type.STATIC


@frozen(cache_hash=True)
class Call:
    """A call of a function of the program (by name) or of a callable value."""

    function: str | Expr
    args: tuple[Expr, ...]
    type: Type
    keywords: tuple[tuple[str, Expr], ...] = ()


@frozen(cache_hash=True)
class Entry:
    """The learned function of that name."""

    learned: Expr
    name: str
    type: Type = Type.LEARNED


@frozen(cache_hash=True)
class Lambda:
    """A function as a value."""

    params: tuple[Var, ...]
    body: Expr
    type: Type


@frozen(cache_hash=True)
class StopGrad:
    """A constant to the optimiser."""

    value: Expr
    type: Type


@frozen(cache_hash=True)
class Jvp:
    """The directional derivative of a function at `primals` along `tangents`."""

    function: Lambda
    primals: tuple[Expr, ...]
    tangents: tuple[Expr, ...]
    type: Type


@frozen(cache_hash=True)
class Gather:
    """`table[index]`, counted from 0; LOOP or STATIC indices give a UNIFORM, SAMPLE ones a SAMPLE, TABLE a TABLE."""

    table: Expr
    index: Expr
    type: Type


@frozen(cache_hash=True)
class Nodes:
    """The n times of the function `grid` as a TABLE; with `like` in its dtype (at least float32) and device."""

    n: Expr
    like: Expr | None
    type: Type = Type.TABLE
    grid: str = "grid"


@frozen(cache_hash=True)
class Counting:
    """`start, …, stop` (both included) as a float64 TABLE."""

    start: Expr
    stop: Expr
    type: Type = Type.TABLE


Expr: TypeAlias = (
    Num
    | Const
    | Var
    | Op
    | Compare
    | Logic
    | Select
    | Spread
    | Fill
    | Reduce
    | Dim
    | Length
    | Call
    | Entry
    | Lambda
    | StopGrad
    | Jvp
    | Gather
    | Nodes
    | Counting
)
