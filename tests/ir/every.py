"""A Program that uses every node and every operation at every rank, for what the VE spec has no need of."""

from fractions import Fraction

from cmdsl.ir.build import num, op
from cmdsl.ir.nodes import (
    BINARY,
    UNARY,
    Call,
    Compare,
    Const,
    Constant,
    Counting,
    Entry,
    Expr,
    Fill,
    Function,
    Gather,
    Jvp,
    Lambda,
    Let,
    Logic,
    Loop,
    Nodes,
    Num,
    Op,
    Param,
    Program,
    Reduce,
    Return,
    Role,
    Select,
    Spread,
    StopGrad,
    Type,
    Var,
)

S, X, H, U = Type.SAMPLE, Type.STATE, Type.STATIC, Type.UNIFORM
D = Role.DEFINITION
t, r, m = (Var(name, S) for name in ("t", "r", "m"))
x, y = Var("x", X), Var("y", X)
k, K, N = Var("k", U), Var("K", H), Var("N", H)
network, learned = Var("network", Type.NETWORK), Var("learned", Type.LEARNED)
HALF = Fraction(1, 2)


def define(name: str, params: tuple[Var, ...], value: Expr, result: Type = S, role: Role = D) -> Function:
    return Function(name, tuple(Param(p.name, p.type) for p in params), (Return(value),), result, role)


def inside(name: str, v: Expr) -> Expr:
    """Give v, which is between 0 and 1, as an argument that the operation is defined at."""
    return op("div", v, num(2)) if name in ("asin", "acos") else v


def operations() -> list[Function]:
    """Give each operation of scalars, of states, of a table and of host numbers."""
    found = []
    i = op("div", Counting(num(1), N), op("add", N, num(1)))
    for name in sorted(UNARY):
        found += [
            define(f"{name}_sample", (t,), op(name, inside(name, t))),
            define(
                f"{name}_state", (x,), op(name, inside(name, op("div", num(1), op("add", num(1), op("square", x))))), X
            ),
            define(f"{name}_table", (N,), op(name, inside(name, i)), Type.TABLE),
            define(f"{name}_static", (N,), op(name, inside(name, op("div", num(1), N))), H),
        ]
    for name in sorted(BINARY):
        found += [
            define(f"{name}_sample", (t, r), op(name, t, r)),
            define(f"{name}_left", (t,), op(name, t, num(HALF))),
            define(f"{name}_right", (t,), op(name, num(HALF), t)),
            define(f"{name}_table", (N,), op(name, i, num(HALF)), Type.TABLE),
            define(f"{name}_static", (N,), op(name, num(HALF), N), H),
        ]
    return found


def conditions() -> list[Function]:
    later = Compare(">", t, r, S)
    both = Logic("and", (later, Logic("not", (Compare("==", m, num(1), S),), S)), S)
    early = Logic("or", (Compare("<=", k, num(3), U), Compare("!=", k, K, U)), U)
    sinc = Select(Compare("==", t, num(0), S), num(1), op("div", op("sin", t), t), S)
    root = Select(Compare(">", t, num(HALF), S), op("sqrt", op("sub", t, num(HALF))), num(0), S)
    return [
        define("later", (t, r), Select(later, t, op("mul", num(2), r), S)),
        define("both", (t, r, m), Select(both, t, r, S)),
        define("chosen", (x, t, r), Select(later, x, op("neg", x), X), X),
        define("flags", (t, r), Select(later, num(1), num(0), S)),
        define("warm", (t, k, K), op("mul", t, Select(early, op("div", k, K), num(1), U))),
        define("host", (t, N), op("mul", t, Select(Compare(">=", N, num(4), H), num(2), num(3), H))),
        define("sinc", (t,), sinc),
        define("clipped_root", (t,), root),
        define("norm", (x,), op("sqrt", Reduce("sqnorm", (x,)))),
        define("turning", (t,), op("mul", Const("pi"), t)),
    ]


def derivatives() -> list[Function]:
    g = Lambda((x, t), Call("applied", (network, x, t), X), X)
    along = Jvp(g, (x, t), (y, num(1)), X)
    quiet = op("sub", Call("applied", (network, x, t), X), StopGrad(Call("applied", (network, x, t), X), X))
    twice = Lambda((x, t), op("add", op("mul", Spread(t, x), Call(network, (x, t), X)), x), X)
    return [
        define(
            "applied", (network, x, t), Call(network, (op("mul", Spread(op("cos", t), x), x), t), X), X, Role.NETWORK
        ),
        define("tangent", (network, x, y, t), along, X, Role.NETWORK),
        define(
            "own_tangent",
            (network, x, y, t, r),
            Jvp(twice, (x, t), (op("mul", Spread(t, x), y), r), X),
            X,
            Role.NETWORK,
        ),
        define("zero_step", (network, x, t), quiet, X, Role.NETWORK),
        define(
            "weighted", (learned, x, t), op("mul", op("exp", Call(Entry(learned, "u"), (t,), S)), Reduce("dot", (x, x)))
        ),
    ]


def loops() -> list[Function]:
    """Give a sampler that carries three values of different ranks, and looks back at the turn before."""
    n = Var("n", Type.LOOP)
    h, d = Var("h", U), Var("e", X)
    now = Gather(Nodes(N, x), op("sub", n, num(1)), U)
    first = Compare("==", n, N, Type.LOOP)
    body = (
        Let("t", Fill(now, x)),
        Let("d", op("mul", Spread(op("cos", t), x), x)),
        Let(
            "y",
            Select(
                first,
                Var("d", X),
                op("add", Var("d", X), op("div", op("sub", Var("d", X), d), op("add", h, num(1)))),
                X,
            ),
        ),
        Let("x", op("sub", x, op("div", y, num(5)))),
        Let("e", Var("d", X)),
        Let("h", now),
    )
    loop = Loop("n", N, num(2), True, None, (), (x, d, h), body)
    up = Loop("i", num(1), N, False, None, (), (x,), (Let("x", op("add", x, Spread(Fill(Var("i", Type.LOOP), x), x))),))
    params = (Param("x", X), Param("N", H))
    start = (Let("e", x), Let("h", num(1)))
    return [
        Function("looking_back", params, (*start, loop, Return(op("add", x, d))), X, Role.SAMPLER),
        Function("counting_up", params, (up, Return(x)), X, Role.SAMPLER),
    ]


def grid() -> Function:
    share = op("div", op("sub", Counting(num(1), N), num(1)), op("sub", N, num(1)))
    return define("grid", (N,), op("add", num("0.01"), op("mul", share, num("0.99"))), Type.TABLE, Role.GRID)


def every_program() -> Program:
    """Give the Program."""
    constants = (
        Constant("EPSILON", "epsilon", Fraction(1, 100)),
        Constant("T", "T", Fraction(1)),
        Constant("THIRD", "third", Fraction(1, 3)),
        Constant("TWICE", "twice", Fraction(2), Op("mul", (Num(Fraction(2)), Var("T", H)), H), is_param=False),
    )
    scaled = define("scaled", (t,), op("mul", Var("THIRD", H), op("sub", t, Var("EPSILON", H))))
    functions = (*operations(), *conditions(), *derivatives(), *loops(), grid(), scaled)
    return Program("every", "", "every.cm", "f" * 64, "0.1.0", constants, functions, (), (), (), None, None)
