"""Reference evaluation of a Program at fifty digits: the oracle of every backend, written to be obviously right.

STATIC, LOOP and UNIFORM are numbers, TABLE and SAMPLE lists of numbers, STATE a list of flat lists; networks,
denoisers and callables of other modules are functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, TypeAlias, assert_never

import mpmath
from attrs import evolve, field, frozen

from cmdsl.ir.arithmetic import COMPARISON, LOGICAL, real
from cmdsl.ir.nodes import (
    Call,
    Compare,
    Const,
    Counting,
    Dim,
    Draw,
    Entry,
    Expr,
    Fill,
    Function,
    Gather,
    Jvp,
    Lambda,
    Length,
    Let,
    Logic,
    Loop,
    Nodes,
    Num,
    Op,
    Program,
    Reduce,
    Return,
    ReturnDraws,
    Select,
    Spread,
    Stmt,
    StopGrad,
    Type,
    Var,
)

DIGITS = 50
Value: TypeAlias = Any  # a number of the context, a list, a list of lists, a truth value, a callable
Environment: TypeAlias = Mapping[str, Value]


def _undrawn(draw: Draw, args: list[Value]) -> Value:
    raise ValueError("draws are arguments of the reference evaluation, not results of it")


def _itself(value: Value) -> Value:
    return value


@frozen
class Machine:
    """A Program with the arithmetic it is evaluated in and the values of its constants.

    `drawn` gives the value of a draw from its evaluated arguments; `stopped` is told whatever the optimiser takes for
    constant, in the order of evaluation, and gives what stands for it; `stored` gives what becomes of each number
    that is computed, `turned` of each item of a loop.
    """

    program: Program
    mp: Any = field(factory=mpmath.mp.clone)
    constants: Environment = field(factory=dict)
    drawn: Callable[[Draw, list[Value]], Value] = _undrawn
    stopped: Callable[[Value], Value] = _itself
    stored: Callable[[Value], Value] = _itself
    turned: Callable[[Value], Value] = _itself


def machine(
    program: Program,
    digits: int = DIGITS,
    constants: Mapping[str, Any] | None = None,
    externals: Mapping[str, Callable[..., Value]] | None = None,
) -> Machine:
    """Prepare the evaluation of a Program; `constants` (by emitted name) replace values, others follow.

    `externals` are what stands for the callables of other modules.
    """
    mp = mpmath.mp.clone()
    mp.dps = digits + 10
    given = {name: _number(mp, value) for name, value in (constants or {}).items()}
    m = Machine(program, mp, externals or {})
    for c in program.constants:
        follows = c.expression is not None and bool(given)
        value = evaluate(m, c.expression, m.constants) if follows and c.expression else _number(mp, c.value)
        m = evolve(m, constants={**m.constants, c.name: given.get(c.name, value)})
    return m


def interpret(m: Machine, name: str, /, *args: Value, **keywords: Value) -> Value:
    """Call the function of that name; arguments are int, float, Fraction or mpf, lists of them, or callables."""
    function = m.program.function(name)
    if function is None:
        raise KeyError(name)
    given = dict(zip((p.name for p in function.params), args, strict=False)) | keywords
    env = {p.name: _value(m.mp, given.get(p.name, p.default)) for p in function.params}
    result = _run(m, function.body, dict(m.constants) | env)
    return _shaped(function, env, result)


def _number(mp: Any, value: Any) -> Any:
    if isinstance(value, Fraction):
        return mp.mpf(value.numerator) / value.denominator
    return mp.mpf(value)


def _value(mp: Any, value: Value) -> Value:
    if value is None or callable(value) or isinstance(value, Mapping):
        return value
    if isinstance(value, list | tuple):
        return type(value)(_value(mp, item) for item in value)
    return _number(mp, value)


def _shaped(function: Function, env: Environment, result: Value) -> Value:
    """Repeat a lone number where the function's result is one per sample or per element."""
    if function.result not in (Type.SAMPLE, Type.STATE) or isinstance(result, list | tuple | dict):
        return result
    like = next(env[p.name] for p in function.params if p.type is function.result)
    return lift(lambda _: result, like)


def lift(operation: Callable[..., Value], *values: Value) -> Value:
    """Apply an operation of numbers element by element; a lone number goes with every element."""
    lengths = {len(v) for v in values if isinstance(v, list)}
    if not lengths:
        return operation(*values)
    (length,) = lengths
    return [lift(operation, *(v[i] if isinstance(v, list) else v for v in values)) for i in range(length)]


def _run(m: Machine, body: tuple[Stmt, ...], env: dict[str, Value]) -> Value:
    """Run statements in `env`, which they bind names in; give the value of the return, or None."""
    for s in body:
        match s:
            case Let():
                env.update(_bound(m, s, env))
            case Loop():
                _loop(m, s, env)
            case Return():
                return evaluate(m, s.value, env)
            case Draw():
                env[s.name] = m.drawn(s, [evaluate(m, a, env) for a in s.args])
            case ReturnDraws():
                return {name: env[name] for name in s.names}
            case _:
                assert_never(s)
    return None


def _bound(m: Machine, s: Let, env: Environment) -> dict[str, Value]:
    """Give what a Let binds: its name, and what the function that it differentiates gives at the point itself."""
    kept = m.stopped if s.frozen else _itself
    found = {s.name: kept(evaluate(m, s.value, env))}
    if s.primal is not None and isinstance(s.value, Jvp):
        point = (evaluate(m, p, env) for p in s.value.primals)
        found[s.primal] = kept(evaluate(m, s.value.function, env)(*point))
    return found


def _loop(m: Machine, loop: Loop, env: dict[str, Value]) -> None:
    for turn, item in enumerate(_turns(m, loop, env)):
        env[loop.variable] = m.turned(item)
        env.update({name: env[array.name][turn] for name, array in loop.zipped})
        _run(m, loop.body, env)


def _turns(m: Machine, loop: Loop, env: Environment) -> Iterable[Value]:
    if loop.items is not None:
        return list(evaluate(m, loop.items, env))
    assert loop.start is not None
    assert loop.stop is not None
    start, stop = (int(evaluate(m, e, env)) for e in (loop.start, loop.stop))
    turns = range(start, stop - 1, -1) if loop.down else range(start, stop + 1)
    return map(m.mp.mpf, turns)


def evaluate(m: Machine, e: Expr, env: Environment) -> Value:
    """Give the value of an expression where `env` gives those of its variables."""
    match e:
        case Num():
            return _number(m.mp, e.value)
        case Const():
            return {"pi": +m.mp.pi, "inf": m.mp.inf}[e.name]
        case Var():
            return env[e.name]
        case Op() | Compare() | Logic():
            return _operation(m, e, env)
        case Select():
            return _select(m, e, env)
        case Spread():
            return _spread(evaluate(m, e.value, env), evaluate(m, e.like, env))
        case Fill():
            value, like = evaluate(m, e.value, env), evaluate(m, e.like, env)
            if e.type is Type.UNIFORM:
                return value
            of_samples = e.type is Type.SAMPLE and isinstance(like, list)  # a function of a time also takes one alone
            return [value for _ in like] if of_samples else lift(lambda _: value, like)
        case Reduce():
            return lift(m.stored, _reduce(m, e, env))
        case Dim():
            return m.mp.mpf(len(evaluate(m, e.like, env)[0]))
        case Length():
            return m.mp.mpf(len(evaluate(m, e.sequence, env)))
        case Call():
            return _call(m, e, env)
        case Entry():
            return evaluate(m, e.learned, env)[e.name]
        case Lambda():
            return lambda *args: evaluate(
                m, e.body, dict(env) | dict(zip((p.name for p in e.params), args, strict=True))
            )
        case StopGrad():
            return m.stopped(evaluate(m, e.value, env))
        case Jvp():
            return _jvp(m, e, env)
        case Gather():
            table = evaluate(m, e.table, env)
            return lift(lambda i: table[int(i)], evaluate(m, e.index, env))
        case Nodes():
            return interpret(m, e.grid, evaluate(m, e.n, env))
        case Counting():
            start, stop = (int(evaluate(m, end, env)) for end in (e.start, e.stop))
            return [m.mp.mpf(i) for i in range(start, stop + 1)]
    assert_never(e)


def _spread(value: Value, like: list[Any]) -> list[Any]:
    values = value if isinstance(value, list) else [value] * len(like)
    return [[v] * len(row) for v, row in zip(values, like, strict=True)]


def _operation(m: Machine, e: Op | Compare | Logic, env: Environment) -> Value:
    if isinstance(e, Compare):
        return lift(COMPARISON[e.op], evaluate(m, e.left, env), evaluate(m, e.right, env))
    args = (evaluate(m, a, env) for a in e.args)
    if isinstance(e, Logic):
        return lift(LOGICAL[e.op], *args)
    return lift(lambda *numbers: m.stored(real(m.mp, e.name, numbers)), *args)


def _select(m: Machine, e: Select, env: Environment) -> Value:
    condition = evaluate(m, e.condition, env)
    if not isinstance(condition, list):
        return evaluate(m, e.then if condition else e.otherwise, env)
    then, otherwise = evaluate(m, e.then, env), evaluate(m, e.otherwise, env)
    return lift(lambda c, a, b: a if c else b, _aligned(condition, then, otherwise), then, otherwise)


def _aligned(condition: list[Any], *branches: Value) -> list[Any]:
    """Give a truth value per sample the rank of states, where a branch is one."""
    state = next((b for b in branches if isinstance(b, list) and isinstance(b[0], list)), None)
    if state is None or isinstance(condition[0], list):
        return condition
    return [[c] * len(row) for c, row in zip(condition, state, strict=True)]


def _reduce(m: Machine, e: Reduce, env: Environment) -> list[Any]:
    a, *rest = (evaluate(m, arg, env) for arg in e.args)
    match e.name:
        case "sqnorm":
            return [m.mp.fsum(v * v for v in row) for row in a]
        case "dot":
            return [m.mp.fsum(v * w for v, w in zip(*rows, strict=True)) for rows in zip(a, rest[0], strict=True)]
        case "mean":
            return [m.mp.fsum(row) / len(row) for row in a]
    raise KeyError(e.name)


def _call(m: Machine, e: Call, env: Environment) -> Value:
    args = [evaluate(m, a, env) for a in e.args]
    keywords = {name: evaluate(m, value, env) for name, value in e.keywords}
    if isinstance(e.function, str):
        return interpret(m, e.function, *args, **keywords)
    return evaluate(m, e.function, env)(*args, **keywords)


def _jvp(m: Machine, e: Jvp, env: Environment) -> Value:
    """Differentiate along the tangents by a central difference at thrice the digits, so exact in those asked for."""
    digits = m.mp.dps
    with m.mp.workdps(3 * digits):
        function = evaluate(m, e.function, env)
        primals = [evaluate(m, p, env) for p in e.primals]
        tangents = [evaluate(m, d, env) for d in e.tangents]
        h = m.mp.mpf(10) ** -digits
        ahead, behind = (
            function(*(lift(lambda p, d, s=s: p + s * d, p, d) for p, d in zip(primals, tangents, strict=True)))
            for s in (h, -h)
        )
        return lift(lambda a, b: (a - b) / (2 * h), ahead, behind)
