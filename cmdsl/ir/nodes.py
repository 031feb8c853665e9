"""The closed set of typed nodes that every backend prints; numbers are exact, nothing here knows sympy."""

from __future__ import annotations

from enum import Enum
from fractions import Fraction
from typing import TypeAlias

from attrs import field, frozen

from cmdsl.ir.expressions import (
    BINARY as BINARY,
    COMPARISONS as COMPARISONS,
    DISTRIBUTIONS as DISTRIBUTIONS,
    LOGIC as LOGIC,
    REDUCTIONS as REDUCTIONS,
    UNARY as UNARY,
    Call as Call,
    Compare as Compare,
    Const as Const,
    Counting as Counting,
    Dim as Dim,
    Entry as Entry,
    Expr as Expr,
    Fill as Fill,
    Gather as Gather,
    Jvp as Jvp,
    Lambda as Lambda,
    Length as Length,
    Logic as Logic,
    Nodes as Nodes,
    Num as Num,
    Op as Op,
    Reduce as Reduce,
    Select as Select,
    Spread as Spread,
    StopGrad as StopGrad,
    Type as Type,
    Var as Var,
)

VERSION = 2


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
