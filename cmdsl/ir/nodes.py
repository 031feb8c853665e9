"""The closed set of typed nodes that every backend prints; numbers are exact, nothing here knows sympy."""

from __future__ import annotations

from enum import Enum
from fractions import Fraction
from typing import TypeAlias

from attrs import field, frozen

VERSION = 2


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
    """A STATIC or UNIFORM number as a SAMPLE, one for each sample of the array `like`; with that type, as a STATE."""

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


@frozen(cache_hash=True)
class Let:
    """`name = value`. `frozen` says that the value is never differentiated: torch computes it under `no_grad`.

    Where the value is a Jvp, `primal` names what its function gives at the point itself.
    """

    name: str
    value: Expr
    frozen: bool = False
    primal: str | None = None


@frozen(cache_hash=True)
class Draw:
    """`name ~ distribution(args)`: one number per sample, or for `normal_like` a state like `args[0]`.

    `index` has one argument, a TABLE of weights, and gives 1 … len: SAMPLE integers. `integers` has both ends included.
    """

    name: str
    distribution: str
    args: tuple[Expr, ...]
    type: Type


@frozen(cache_hash=True)
class Loop:
    """A loop that carries `carried` from one turn to the next.

    Either over the integers `start, start ± 1, … stop` (both included), or over a SEQUENCE `items`. `zipped` are pairs
    of (name in the body, array with a leading axis): draws made beforehand, one for each turn.
    """

    variable: str
    start: Expr | None
    stop: Expr | None
    down: bool
    items: Expr | None
    zipped: tuple[tuple[str, Var], ...]
    carried: tuple[Var, ...]
    body: tuple[Stmt, ...]


@frozen(cache_hash=True)
class Return:
    """`return value`."""

    value: Expr


@frozen(cache_hash=True)
class ReturnDraws:
    """Return the named draws as a mapping from their names."""

    names: tuple[str, ...]


Stmt: TypeAlias = Let | Draw | Loop | Return | ReturnDraws


@frozen
class Param:
    """A parameter of an emitted function; `default` is a number or a tuple of numbers."""

    name: str
    type: Type
    keyword: bool = False
    default: Fraction | tuple[Fraction, ...] | None = None


class Role(Enum):
    """Where a function stands in the emitted module, in this order."""

    PROCESS = "process"
    KERNEL = "kernel"
    PRECONDITION = "precondition"
    NETWORK = "network"
    GRID = "grid"
    CURRICULUM = "curriculum"
    DEFINITION = "definition"  # metrics, weights, functions of the spec
    SOLVER = "solver"
    LOSS = "loss"
    DRAW = "draw"
    SAMPLER = "sampler"


@frozen
class Function:
    """An emitted function. `formula` is its mathematics in one line, `source` where in the spec or library it is."""

    name: str
    params: tuple[Param, ...]
    body: tuple[Stmt, ...]
    result: Type
    role: Role
    formula: str = ""
    source: str = ""
    host: bool = False  # computes with host numbers only, in float64
    integer: bool = False  # a host function whose result is an integer


@frozen
class Constant:
    """A number of the spec as a module constant: `SIGMA_DATA = 0.5`."""

    name: str
    spec_name: str
    value: Fraction
    expression: Expr | None = None  # printed in place of the value where it is one of the other constants
    is_param: bool = True


@frozen
class Objective:
    """The functions of one objective, by name."""

    name: str
    loss: str
    draw: str
    N: str | None
    mu: str | None
    learned: tuple[
        tuple[str, int], ...
    ] = ()  # the learned functions that its loss calls, with their numbers of scalars


@frozen
class Sampler:
    """The functions of one sampler, by name."""

    name: str
    sample: str
    draw: str


@frozen
class External:
    """A callable of another module: `from module import attribute`, under a name of the spec."""

    name: str
    module: str
    attribute: str


@frozen
class Program:
    """A whole spec, lowered: what a backend prints."""

    name: str
    title: str  # the first comment of the spec
    spec_path: str
    spec_sha256: str
    version: str
    constants: tuple[Constant, ...]
    functions: tuple[Function, ...]
    objectives: tuple[Objective, ...]
    samplers: tuple[Sampler, ...]
    solvers: tuple[tuple[str, int], ...]  # emitted solver and the order it claims
    data_shape: tuple[int, ...] | None
    network: tuple[str, tuple[tuple[str, Fraction], ...]] | None
    scalars: int = 1  # how many scalars the network takes beside the state
    externals: tuple[External, ...] = ()
    ir_version: int = field(default=VERSION)

    def function(self, name: str) -> Function | None:
        """Give the function of that name, if the program has it."""
        return next((f for f in self.functions if f.name == name), None)
